package org.flowrl.tensor.cpu;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;

/// Names of kernels: all that the family interfaces have, and those that some code calls. A kernel that is a choice
/// among functions has a name for each, such as `ElementwiseKernels.unary EXP`.
final class KernelCalls {
    private KernelCalls() {
    }

    /// Every kernel of every family of {@link Backend}, but for those that an interface makes of its others.
    static Set<String> all() {
        Set<String> names = new TreeSet<>();
        for (Method family : Backend.class.getMethods()) {
            if (isFamily(family)) {
                for (Method kernel : family.getReturnType().getMethods()) {
                    if (kernel.isDefault()) {
                        continue;
                    }
                    functions(kernel).map(function -> name(kernel, function)).forEach(names::add);
                }
            }
        }
        return names;
    }

    /// The kernels that `code` calls on the backend it is given, which computes as `backend` does.
    static Set<String> of(Backend backend, Consumer<Backend> code) {
        Set<String> names = new TreeSet<>();
        code.accept(proxy(Backend.class, (proxy, method, arguments) -> {
            Object result = invoke(method, backend, arguments);
            return !isFamily(method) ? result : proxy(method.getReturnType(), (family, kernel, operands) -> {
                if (!kernel.isDefault()) {
                    names.add(name(kernel, isChoice(kernel) ? " " + operands[0] : ""));
                }
                return invoke(kernel, result, operands);
            });
        }));
        return names;
    }

    private static boolean isFamily(Method method) {
        return method.getReturnType().getSimpleName().endsWith("Kernels");
    }

    /// True where the first argument chooses a function of the family.
    private static boolean isChoice(Method kernel) {
        Class<?> first = kernel.getParameterTypes()[0];
        return first.isEnum() && first.getEnclosingClass() == kernel.getDeclaringClass();
    }

    private static Stream<String> functions(Method kernel) {
        return isChoice(kernel)
                ? Arrays.stream(kernel.getParameterTypes()[0].getEnumConstants()).map(function -> " " + function)
                : Stream.of("");
    }

    private static String name(Method kernel, String function) {
        return kernel.getDeclaringClass().getSimpleName() + "." + kernel.getName() + function;
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Object invoke(Method method, Object on, Object[] arguments) throws Throwable {
        try {
            return method.invoke(on, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
