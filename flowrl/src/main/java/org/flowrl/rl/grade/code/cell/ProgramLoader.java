package org.flowrl.rl.grade.code.cell;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The untrusted program's classes. They see the JDK and themselves, and nothing of the cell's own.
final class ProgramLoader extends ClassLoader {
    private final Map<String, byte[]> classes;

    ProgramLoader(Map<String, byte[]> classes) {
        super("program", ClassLoader.getPlatformClassLoader());
        this.classes = classes;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        byte[] file = classes.get(name);
        if (file == null) {
            throw new ClassNotFoundException(name);
        }
        return defineClass(name, file, 0, file.length);
    }

    /// Runs `main(String[])`, or one of the shorter forms that Java 25 allows, of the class `Main` or of the first that
    /// has it.
    ///
    /// @throws InvocationTargetException with what the program threw
    /// @throws NoSuchMethodException where no class has a main method
    void runMain() throws ReflectiveOperationException {
        Method main = methods("Main").filter(method -> method.getName().equals("main") && isMain(method))
                .findFirst().orElseThrow(() -> new NoSuchMethodException("no class has a main method"));
        main.setAccessible(true);
        main.invoke(instanceFor(main), main.getParameterCount() == 0 ? new Object[0] : new Object[] {new String[0]});
    }

    /// Calls a method of `Solution` or of the first class that has it, and returns its value.
    ///
    /// @throws InvocationTargetException with what the program threw
    /// @throws NoSuchMethodException where no class has such a method
    Object call(String name, List<Object> arguments) throws ReflectiveOperationException {
        Optional<Method> found = methods("Solution").filter(method -> method.getName().equals(name)
                && method.getParameterCount() == arguments.size() && !method.isSynthetic()).findFirst();
        Method method = found.orElseThrow(() -> new NoSuchMethodException("no class has a method " + name + " of "
                + arguments.size() + " arguments"));
        Type[] types = method.getGenericParameterTypes();
        Object[] values = new Object[types.length];
        Arrays.setAll(values, i -> Coercion.to(arguments.get(i), types[i]));
        method.setAccessible(true);
        return method.invoke(instanceFor(method), values);
    }

    private static boolean isMain(Method method) {
        return method.getReturnType() == void.class && !Modifier.isPrivate(method.getModifiers())
                && (method.getParameterCount() == 0 || Arrays.equals(method.getParameterTypes(),
                        new Class<?>[] {String[].class}));
    }

    private static Object instanceFor(Method method) throws ReflectiveOperationException {
        if (Modifier.isStatic(method.getModifiers())) {
            return null;
        }
        var constructor = method.getDeclaringClass().getDeclaredConstructor();
        constructor.setAccessible(true);
        return constructor.newInstance();
    }

    /// All methods, those of the preferred class first, then in the compiler's order; of several `main`, the one with
    /// arguments first.
    private Stream<Method> methods(String preferred) {
        return classes.keySet().stream().sorted(Comparator.comparing(name -> !name.equals(preferred)))
                .flatMap(name -> Arrays.stream(loaded(name).getDeclaredMethods())
                        .sorted(Comparator.comparing(Method::getParameterCount).reversed()));
    }

    private Class<?> loaded(String name) {
        try {
            return loadClass(name);
        } catch (ClassNotFoundException e) {
            throw new AssertionError("class " + name + " was just named", e);
        }
    }
}
