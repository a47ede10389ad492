package org.flowrl.gpu;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A card whose work is noted and not done, so that a large shape costs nothing: memory is real and keeps what it
/// holds; what is read from the card is zeros.
final class NotedCalls {
    /// Something that a graph has as a node of its own.
    ///
    /// @param name of the kernel, or `product`, `copy`, `fill`
    /// @param size of the grid, or of the product, or bytes
    record Node(String name, String size) {
        @Override
        public String toString() {
            return name + " " + size;
        }
    }

    /// Of the notes about wrong indices: there are none.
    private static final long FAULT_BYTES = (long) Fault.values().length * Long.BYTES;

    private final CudaApi api;
    private final Map<Long, String> kernels = new HashMap<>();
    private final List<List<Node>> graphs = new ArrayList<>();
    /// Since the start, or since the last recording began or ended.
    private List<Node> nodes = new ArrayList<>();
    private final List<Integer> waits = new ArrayList<>();
    private int waitsSinceLaunch;

    NotedCalls(CudaApi api) {
        this.api = api;
    }

    /// The calls, as a backend makes them.
    CudaApi calls() {
        return (CudaApi) Proxy.newProxyInstance(CudaApi.class.getClassLoader(), new Class<?>[] {CudaApi.class},
                (_, method, arguments) -> call(method, arguments));
    }

    /// What each recording holds, in order.
    List<List<Node>> graphs() {
        return graphs;
    }

    /// What was asked for since the last recording ended, beside launches of graphs.
    List<Node> afterRecording() {
        return nodes;
    }

    /// How often the host has waited for the card before each launch of a graph, since the launch before.
    List<Integer> waits() {
        return waits;
    }

    private Object call(Method method, Object... arguments) throws Throwable {
        switch (method.getName()) {
            case "launch" -> nodes.add(new Node(kernels.get((long) arguments[0]),
                    "%d x %d x %d".formatted(arguments[1], arguments[2], arguments[3])));
            case "gemm" -> nodes.add(product(arguments));
            case "copy" -> nodes.add(new Node("copy", arguments[2] + " bytes"));
            case "fill" -> nodes.add(new Node("fill", arguments[2] + " bytes"));
            case "copyOut" -> MemorySegment.ofAddress((long) arguments[1]).reinterpret((long) arguments[2])
                    .fill((long) arguments[2] == FAULT_BYTES ? (byte) Fault.NONE : 0);
            case "launchGraph" -> {
                waits.add(waitsSinceLaunch);
                waitsSinceLaunch = 0;
            }
            case "synchronize" -> {
                waitsSinceLaunch++;
                return invoke(method, arguments);
            }
            case "beginCapture" -> {
                nodes = new ArrayList<>();
                return invoke(method, arguments);
            }
            case "endCapture" -> {
                graphs.add(nodes);
                nodes = new ArrayList<>();
                return invoke(method, arguments);
            }
            case "function" -> {
                long function = (long) invoke(method, arguments);
                kernels.put(function, (String) arguments[1]);
                return function;
            }
            default -> {
                return invoke(method, arguments);
            }
        }
        return null;
    }

    private static Node product(Object... arguments) {
        // cuBLAS's columns are our rows.
        return new Node("product", "[%d, %d] x [%d, %d]%s".formatted(arguments[4], arguments[5], arguments[5],
                arguments[3], (boolean) arguments[12] ? " added" : ""));
    }

    private Object invoke(Method method, Object... arguments) throws Throwable {
        try {
            return method.invoke(api, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
