package org.flowrl.rl.grade.code.cell;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/// A program for the kernel's system-call filter (classic BPF, seccomp mode 2), installed on every thread of the
/// process at once. A refused call answers EPERM, so that a program sees an ordinary error and not a crash.
///
/// ```
/// other architecture, or the x32 numbers of x86-64   kill the process
/// newer than the table, and clone3                   ENOSYS (the C library then uses clone, whose flags can be read)
/// SystemCall.REFUSED, and execve where not allowed   EPERM
/// clone without CLONE_THREAD                         EPERM: threads, but no processes
/// tgkill to another process                          EPERM (the JVM signals its own threads)
/// prlimit64 with a new limit                         EPERM
/// all else                                           allowed
/// ```
final class SeccompFilter {
    private static final int LOAD = 0x20;          // BPF_LD | BPF_W | BPF_ABS
    private static final int IF_EQUAL = 0x15;      // BPF_JMP | BPF_JEQ | BPF_K
    private static final int IF_AT_LEAST = 0x35;   // BPF_JMP | BPF_JGE | BPF_K
    private static final int IF_ANY_BIT = 0x45;    // BPF_JMP | BPF_JSET | BPF_K
    private static final int RETURN = 0x06;        // BPF_RET | BPF_K

    private static final int ALLOW = 0x7FFF0000;
    private static final int KILL_PROCESS = 0x80000000;
    private static final int ERROR = 0x00050000;   // SECCOMP_RET_ERRNO; the low half is the error
    private static final int EPERM = ERROR | 1;
    private static final int ENOSYS = ERROR | 38;

    // struct seccomp_data { int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]; }
    private static final int NUMBER = 0;
    private static final int ARCHITECTURE = 4;
    private static final int ARGUMENTS = 16;
    private static final int FIRST_X32_NUMBER = 0x40000000;
    private static final int CLONE_THREAD = 0x00010000;

    private static final int SET_MODE_FILTER = 1;
    private static final int ALL_THREADS = 1;      // SECCOMP_FILTER_FLAG_TSYNC
    private static final int INSTRUCTION_BYTES = 8;

    private final ByteArrayOutputStream program = new ByteArrayOutputStream();

    private SeccompFilter() {
    }

    /// Installs the filter on all threads of this process; they and what they start never lose it.
    ///
    /// @param mayExecute whether the process may turn into another program
    static void install(Kernel kernel, boolean mayExecute) {
        byte[] program = program(kernel.calls(), (int) kernel.require("getpid"), mayExecute);
        MemorySegment code = kernel.memory().allocate(program.length, INSTRUCTION_BYTES).copyFrom(
                MemorySegment.ofArray(program));
        // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
        MemorySegment header = kernel.memory().allocate(16, 8);
        header.set(ValueLayout.JAVA_SHORT, 0, (short) (program.length / INSTRUCTION_BYTES));
        header.set(ValueLayout.JAVA_LONG, 8, code.address());
        long culprit = kernel.require("seccomp", SET_MODE_FILTER, ALL_THREADS, header.address());
        if (culprit != 0) {
            throw new Unconfined("seccomp: thread " + culprit + " could not be given the filter");
        }
    }

    /// The filter as the kernel reads it: `struct sock_filter { __u16 code; __u8 jt, jf; __u32 k; }` in a row.
    static byte[] program(SystemCall calls, int pid, boolean mayExecute) {
        SeccompFilter filter = new SeccompFilter();
        filter.emit(LOAD, 0, 0, ARCHITECTURE);
        filter.emit(IF_EQUAL, 1, 0, calls.auditArchitecture());
        filter.emit(RETURN, 0, 0, KILL_PROCESS);
        filter.emit(LOAD, 0, 0, NUMBER);
        filter.when(IF_AT_LEAST, FIRST_X32_NUMBER, KILL_PROCESS);
        filter.when(IF_AT_LEAST, SystemCall.NEWEST_KNOWN + 1, ENOSYS);
        filter.when(IF_EQUAL, calls.number("clone3"), ENOSYS);
        SystemCall.REFUSED.values().stream().flatMap(List::stream).filter(calls::has)
                .forEach(name -> filter.when(IF_EQUAL, calls.number(name), EPERM));
        if (!mayExecute) {
            filter.when(IF_EQUAL, calls.number("execve"), EPERM);
            filter.when(IF_EQUAL, calls.number("execveat"), EPERM);
        }
        filter.allowIf(calls.number("clone"), IF_ANY_BIT, CLONE_THREAD);
        filter.allowIf(calls.number("tgkill"), IF_EQUAL, pid);
        filter.allowIfNull(calls.number("prlimit64"), 2);
        filter.emit(RETURN, 0, 0, ALLOW);
        return filter.program.toByteArray();
    }

    private void when(int comparison, int value, int answer) {
        emit(comparison, 0, 1, value);
        emit(RETURN, 0, 0, answer);
    }

    /// Decides about one call by the low half of its first argument.
    private void allowIf(int call, int comparison, int value) {
        emit(IF_EQUAL, 0, 4, call);
        emit(LOAD, 0, 0, ARGUMENTS);
        emit(comparison, 0, 1, value);
        emit(RETURN, 0, 0, ALLOW);
        emit(RETURN, 0, 0, EPERM);
    }

    private void allowIfNull(int call, int argument) {
        emit(IF_EQUAL, 0, 6, call);
        emit(LOAD, 0, 0, ARGUMENTS + 8 * argument);
        emit(IF_EQUAL, 0, 3, 0);
        emit(LOAD, 0, 0, ARGUMENTS + 8 * argument + 4);
        emit(IF_EQUAL, 0, 1, 0);
        emit(RETURN, 0, 0, ALLOW);
        emit(RETURN, 0, 0, EPERM);
    }

    private void emit(int code, int ifTrue, int ifFalse, int operand) {
        program.writeBytes(ByteBuffer.allocate(INSTRUCTION_BYTES).order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) code).put((byte) ifTrue).put((byte) ifFalse).putInt(operand).array());
    }
}
