package org.flowrl.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Entry point of {@code flowrl.jar}: brings about a Java 25 with the incubating vector module, then calls
 * {@link #MAIN}. {@link #start} does so for another program.
 *
 * <p>A jar's manifest can ask for neither. The ways, in order:
 * <ol>
 * <li>On Java 25 or newer the module is loaded into the running JVM by the JDK's own {@code Modules.loadModule}, which
 *     the manifest's {@code Add-Exports: java.base/jdk.internal.module} opens: no second process, no warning, and C2
 *     compiles vector code as it does under {@code --add-modules}. Such a module is not in {@code ModuleLayer.boot()};
 *     who wants to know whether it is there asks for its classes.
 * <li>Where that fails, the program is started once more with {@code --add-modules}.
 * <li>Where the JDK has no such module, the program runs without it, and its backend says so.
 * </ol>
 * An older Java only looks for a newer one and starts the program there. {@code FLOWRL_BOOTSTRAP=relaunch} skips the
 * first way, {@code FLOWRL_BOOTSTRAP=none} the first two.
 *
 * <p>Compiled for Java 8 and linked to nothing newer, so that an old {@code java} gets a sentence and not an
 * {@code UnsupportedClassVersionError}.
 */
public final class Bootstrap {

    static final int REQUIRED_JAVA = 25;
    private static final String MAIN = "org.flowrl.cli.Main";
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    /**
     * Set to 0, it takes a bounds check out of every vector access. Our kernels check their operands once a call and
     * then work on one segment that spans all memory, where that check could catch nothing.
     */
    private static final String VECTOR_CHECKS = "jdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK";

    /** Why another process started this one: {@link #OLDER_JAVA} or {@link #NO_VECTOR}. No reason is acted on twice. */
    private static final String RELAUNCHED = "flowrl.relaunched";
    private static final String OLDER_JAVA = "older-java";
    private static final String NO_VECTOR = "no-vector";

    private Bootstrap() {}

    public static void main(String[] args) throws Throwable {
        start(Bootstrap.class, MAIN, args);
    }

    /**
     * Calls {@code program}'s {@code main}, in this JVM or in another.
     *
     * @param entry the class whose {@code main} calls this, which is started again where another JVM is needed
     */
    public static void start(Class<?> entry, String program, String[] args) throws Throwable {
        String way = System.getenv("FLOWRL_BOOTSTRAP");
        String relaunched = System.getProperty(RELAUNCHED, "");

        if (feature(System.getProperty("java.specification.version")) < REQUIRED_JAVA) {
            List<Path> homes = candidates(System.getenv(), System.getProperty("user.home"));
            Path newer = relaunched.isEmpty() ? newerJava(homes) : null;
            if (newer == null) {
                System.err.println(neededJava(System.getenv(), System.getProperty("user.home")));
                System.exit(2);
            }
            System.exit(relaunch(newer, OLDER_JAVA, "--add-exports=java.base/jdk.internal.module=ALL-UNNAMED",
                    entry, args));
        }
        if (!"none".equals(way) && !vectorIsThere()) {
            boolean loaded = !"relaunch".equals(way) && loadVector();
            Path home = Paths.get(System.getProperty("java.home"));
            if (!loaded && !relaunched.equals(NO_VECTOR) && hasVector(home)) {
                System.exit(relaunch(home, NO_VECTOR, "--add-modules=" + VECTOR_MODULE, entry, args));
            }
        }
        if (System.getProperty(VECTOR_CHECKS) == null) {
            System.setProperty(VECTOR_CHECKS, "0");
        }
        try {
            Class.forName(program).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static boolean vectorIsThere() {
        try {
            Class.forName(VECTOR_MODULE + ".Vector", false, null);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private static boolean loadVector() {
        try {
            Class<?> modules = Class.forName("jdk.internal.module.Modules");
            modules.getMethod("loadModule", String.class).invoke(null, VECTOR_MODULE);
            return vectorIsThere();
        } catch (ReflectiveOperationException e) {
            return false; // not exported (started by -cp), gone in a later JDK, or no such module: the next way decides
        }
    }

    /** Whether {@code --add-modules} has a chance there: a JVM that is asked for a module it lacks does not start. */
    private static boolean hasVector(Path home) {
        return Arrays.asList(release(home).getProperty("MODULES", "").split(" ")).contains(VECTOR_MODULE);
    }

    /** Homes to look at, best first; {@code FLOWRL_JAVA_HOME}, where it is set, is the only one. */
    static List<Path> candidates(Map<String, String> environment, String userHome) {
        List<Path> homes = new ArrayList<>();
        if (!environment.getOrDefault("FLOWRL_JAVA_HOME", "").isEmpty()) {
            homes.add(Paths.get(environment.get("FLOWRL_JAVA_HOME")));
            return homes;
        }
        if (!environment.getOrDefault("JAVA_HOME", "").isEmpty()) {
            homes.add(Paths.get(environment.get("JAVA_HOME")));
        }
        for (File folder : folders(userHome)) {
            File[] children = folder.listFiles();
            if (children != null) {
                Arrays.sort(children);
                for (File child : children) {
                    homes.add(child.toPath());
                    homes.add(child.toPath().resolve("Contents/Home")); // macOS
                }
            }
        }
        return homes;
    }

    /** The folders of this machine whose children may be Java homes. */
    private static List<File> folders(String userHome) {
        String[] usual = {
            "/usr/lib/jvm", "/opt", "/opt/java", userHome + "/.sdkman/candidates/java", userHome + "/.jdks",
            "/Library/Java/JavaVirtualMachines", "C:\\Program Files\\Java", "C:\\Program Files\\Eclipse Adoptium",
        };
        List<File> folders = new ArrayList<>();
        for (String folder : usual) {
            if (new File(folder).isDirectory()) {
                folders.add(new File(folder));
            }
        }
        return folders;
    }

    /** The home of the oldest sufficient Java, nearest to what was tested; of equals the first; null if none. */
    static Path newerJava(List<Path> homes) {
        Path best = null;
        int bestFeature = Integer.MAX_VALUE;
        for (Path home : homes) {
            int feature = feature(release(home).getProperty("JAVA_VERSION", ""));
            if (feature >= REQUIRED_JAVA && feature < bestFeature && Files.isExecutable(java(home))) {
                best = home;
                bestFeature = feature;
            }
        }
        return best;
    }

    /** The feature number of a Java version: 25 of {@code 25.0.3}, 8 of {@code 1.8.0_402}, 0 of an empty one. */
    static int feature(String version) {
        String feature = version.replaceFirst("^1\\.", "").replaceFirst("\\D.*", "");
        return feature.isEmpty() ? 0 : Integer.parseInt(feature);
    }

    /** The {@code release} file of a Java home, its values without their quotes; empty where there is none. */
    private static Properties release(Path home) {
        Properties release = new Properties();
        try (InputStream in = Files.newInputStream(home.resolve("release"))) {
            release.load(in);
        } catch (IOException e) {
            return new Properties(); // not a Java home
        }
        release.replaceAll((key, value) -> ((String) value).replace("\"", ""));
        return release;
    }

    static Path java(Path home) {
        return home.resolve(File.separatorChar == '\\' ? "bin\\java.exe" : "bin/java");
    }

    private static String neededJava(Map<String, String> environment, String userHome) {
        String message = "flowrl needs Java " + REQUIRED_JAVA + " or newer, and this is Java "
                + System.getProperty("java.version") + " (" + System.getProperty("java.home") + "). ";
        String chosen = environment.getOrDefault("FLOWRL_JAVA_HOME", "");
        return !chosen.isEmpty()
                ? message + "FLOWRL_JAVA_HOME=" + chosen + " is not one."
                : message + "None was found in JAVA_HOME and " + folders(userHome)
                        + ". Install one, or set FLOWRL_JAVA_HOME to its folder.";
    }

    /** Runs this program in another JVM, with the same options, streams and arguments, and returns its exit code. */
    private static int relaunch(Path home, String reason, String option, Class<?> entry, String[] args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(java(home).toString());
        for (String given : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (isPassedOn(given)) {
                command.add(given);
            }
        }
        command.add(option);
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-D" + RELAUNCHED + "=" + reason);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(entry.getName());
        command.addAll(Arrays.asList(args));

        Process child = new ProcessBuilder(command).inheritIO().start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            child.destroy();
            try {
                child.waitFor(); // what it still has to write, it writes before the prompt is back
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        return child.waitFor();
    }

    /** Agents stay behind: a debugger's port is taken, and an agent is made for one Java. */
    static boolean isPassedOn(String jvmOption) {
        return !jvmOption.startsWith("-agent") && !jvmOption.startsWith("-javaagent")
                && !jvmOption.startsWith("-Xrun") && !jvmOption.startsWith("-D" + RELAUNCHED + "=");
    }
}
