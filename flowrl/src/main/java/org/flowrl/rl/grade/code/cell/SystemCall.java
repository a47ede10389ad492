package org.flowrl.rl.grade.code.cell;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Numbers of Linux system calls by name, as the kernel's `unistd` headers have them.
final class SystemCall {
    /// The newest call that the table's headers know. Later ones are answered with ENOSYS: what nobody has looked at
    /// is closed, and every C library lives without it.
    static final int NEWEST_KNOWN = 450;

    /// Name, number on x86-64, number on AArch64; - where there is no such call.
    private static final String TABLE = """
            socket 41 198
            socketpair 53 199
            bind 49 200
            connect 42 203
            listen 50 201
            accept 43 202
            accept4 288 242
            io_uring_setup 425 425
            io_uring_enter 426 426
            io_uring_register 427 427
            fork 57 -
            vfork 58 -
            ptrace 101 117
            process_vm_readv 310 270
            process_vm_writev 311 271
            process_madvise 440 440
            kcmp 312 272
            kill 62 129
            tkill 200 130
            rt_sigqueueinfo 129 138
            rt_tgsigqueueinfo 297 240
            pidfd_open 434 434
            pidfd_getfd 438 438
            pidfd_send_signal 424 424
            setns 308 268
            unshare 272 97
            setsid 112 157
            setpgid 109 154
            chmod 90 -
            fchmod 91 52
            fchmodat 268 53
            chown 92 -
            fchown 93 55
            lchown 94 -
            fchownat 260 54
            utime 132 -
            utimes 235 -
            futimesat 261 -
            utimensat 280 88
            setxattr 188 5
            lsetxattr 189 6
            fsetxattr 190 7
            removexattr 197 14
            lremovexattr 198 15
            fremovexattr 199 16
            truncate 76 45
            mknod 133 -
            mknodat 259 33
            mount 165 40
            umount2 166 39
            pivot_root 155 41
            chroot 161 51
            swapon 167 224
            swapoff 168 225
            quotactl 179 60
            quotactl_fd 443 443
            open_tree 428 428
            move_mount 429 429
            fsopen 430 430
            fsconfig 431 431
            fsmount 432 432
            fspick 433 433
            mount_setattr 442 442
            name_to_handle_at 303 264
            open_by_handle_at 304 265
            fanotify_init 300 262
            acct 163 89
            memfd_create 319 279
            memfd_secret 447 447
            shmget 29 194
            shmat 30 196
            shmctl 31 195
            semget 64 190
            semop 65 193
            semctl 66 191
            msgget 68 186
            msgsnd 69 189
            msgrcv 70 188
            msgctl 71 187
            mq_open 240 180
            mq_unlink 241 181
            bpf 321 280
            perf_event_open 298 241
            userfaultfd 323 282
            keyctl 250 219
            add_key 248 217
            request_key 249 218
            init_module 175 105
            finit_module 313 273
            delete_module 176 106
            kexec_load 246 104
            kexec_file_load 320 294
            reboot 169 142
            syslog 103 116
            sethostname 170 161
            setdomainname 171 162
            settimeofday 164 170
            clock_settime 227 112
            clock_adjtime 305 266
            adjtimex 159 171
            vhangup 153 58
            personality 135 92
            iopl 172 -
            ioperm 173 -
            setuid 105 146
            setgid 106 144
            setreuid 113 145
            setregid 114 143
            setresuid 117 147
            setresgid 119 149
            setgroups 116 159
            setfsuid 122 151
            setfsgid 123 152
            capset 126 91
            setpriority 141 140
            ioprio_set 251 30
            sched_setscheduler 144 119
            sched_setparam 142 118
            sched_setattr 314 274
            sched_setaffinity 203 122
            setrlimit 160 164
            clone 56 220
            clone3 435 435
            tgkill 234 131
            prlimit64 302 261
            execve 59 221
            execveat 322 281
            getpid 39 172
            setitimer 38 103
            openat 257 56
            prctl 157 167
            seccomp 317 277
            landlock_create_ruleset 444 444
            landlock_add_rule 445 445
            landlock_restrict_self 446 446
            """;

    /// What a program is refused outright, by what it would be used for. Landlock, which decides about opening files,
    /// has no say in these.
    static final Map<String, List<String>> REFUSED = Map.of(
            "network", List.of("socket", "socketpair", "bind", "connect", "listen", "accept", "accept4"),
            "requests that the filter cannot see", List.of("io_uring_setup", "io_uring_enter", "io_uring_register"),
            "processes", List.of("fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
                    "process_madvise", "kcmp", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open",
                    "pidfd_getfd", "pidfd_send_signal", "setns", "unshare", "setsid", "setpgid"),
            "owners, modes and times of files", List.of("chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown",
                    "fchownat", "utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr",
                    "removexattr", "lremovexattr", "fremovexattr", "truncate", "mknod", "mknodat"),
            "file systems", List.of("mount", "umount2", "pivot_root", "chroot", "swapon", "swapoff", "quotactl",
                    "quotactl_fd", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick",
                    "mount_setattr", "name_to_handle_at", "open_by_handle_at", "fanotify_init", "acct"),
            "memory that outlives or escapes the limits", List.of("memfd_create", "memfd_secret", "shmget", "shmat",
                    "shmctl", "semget", "semop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open",
                    "mq_unlink"),
            "the kernel", List.of("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key",
                    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
                    "syslog", "iopl", "ioperm", "personality", "vhangup"),
            "the machine's name and clock", List.of("sethostname", "setdomainname", "settimeofday", "clock_settime",
                    "clock_adjtime", "adjtimex"),
            "users, priorities and limits", List.of("setuid", "setgid", "setreuid", "setregid", "setresuid",
                    "setresgid", "setgroups", "setfsuid", "setfsgid", "capset", "setpriority", "ioprio_set",
                    "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity", "setrlimit"));

    private final String architecture;
    private final Map<String, Integer> numbers;

    private SystemCall(String architecture, Map<String, Integer> numbers) {
        this.architecture = architecture;
        this.numbers = numbers;
    }

    /// The numbers of the machine that this JVM runs on.
    ///
    /// @throws Unconfined where the system is not Linux or the architecture is not in the table
    static SystemCall ofThisMachine() {
        String system = System.getProperty("os.name");
        String architecture = System.getProperty("os.arch");
        int column = switch (architecture) {
            case "amd64", "x86_64" -> 1;
            case "aarch64" -> 2;
            default -> 0;
        };
        if (!system.equals("Linux") || column == 0) {
            throw new Unconfined("needs Linux on x86-64 or AArch64; this is " + system + " on " + architecture);
        }
        Map<String, Integer> numbers = new TreeMap<>();
        TABLE.lines().map(line -> line.split(" ")).filter(row -> !row[column].equals("-"))
                .forEach(row -> numbers.put(row[0], Integer.valueOf(row[column])));
        return new SystemCall(column == 1 ? "x86-64" : "AArch64", numbers);
    }

    /// `x86-64` or `AArch64`.
    String architecture() {
        return architecture;
    }

    /// The value that the kernel gives a filter as the caller's architecture: `AUDIT_ARCH_…`.
    int auditArchitecture() {
        return architecture.equals("x86-64") ? 0xC000003E : 0xC00000B7;
    }

    boolean has(String name) {
        return numbers.containsKey(name);
    }

    int number(String name) {
        Integer number = numbers.get(name);
        if (number == null) {
            throw new IllegalArgumentException("system call " + name + ": not in the table for " + architecture);
        }
        return number;
    }
}
