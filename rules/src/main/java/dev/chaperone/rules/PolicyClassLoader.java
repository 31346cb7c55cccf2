package dev.chaperone.rules;

import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What compiled rules can link to: the facts, the engine's model, and the few classes of the platform that generated
 * code needs. A second wall: {@link DrlPrinter} writes nothing that asks for more.
 */
final class PolicyClassLoader extends ClassLoader {
    private static final List<String> PACKAGES = List.of(
            "dev.chaperone.rules.fact.",
            "org.drools.model.",
            "org.drools.modelcompiler.",
            "org.drools.compiler.kie.",
            "org.drools.util.",
            "org.kie.api.",
            "org.kie.util.maven.support.");

    /** Signatures of the classes above name these, so the compiler asks for them. */
    private static final Set<String> PLATFORM_PACKAGES = Set.of(
            "java.lang",
            "java.lang.annotation",
            "java.lang.constant",
            "java.lang.invoke",
            "java.math",
            "java.time",
            "java.time.chrono",
            "java.time.format",
            "java.time.temporal",
            "java.util",
            "java.util.function",
            "java.util.stream");

    private static final Set<String> INTERFACES = Set.of(
            "java.io.DataInput",
            "java.io.DataOutput",
            "java.io.Externalizable",
            "java.io.IOException",
            "java.io.ObjectInput",
            "java.io.ObjectOutput",
            "java.io.Serializable");

    private static final Set<String> REFUSED = Set.of(
            "java.lang.ClassLoader",
            "java.lang.Compiler",
            "java.lang.Module",
            "java.lang.ModuleLayer",
            "java.lang.Process",
            "java.lang.ProcessBuilder",
            "java.lang.ProcessHandle",
            "java.lang.Runtime",
            "java.lang.Shutdown",
            "java.lang.StackWalker",
            "java.lang.System",
            "java.lang.Thread",
            "java.lang.ThreadGroup",
            "java.util.ResourceBundle",
            "java.util.Scanner",
            "java.util.ServiceLoader",
            "java.util.Timer");

    private final ClassLoader own;

    PolicyClassLoader(ClassLoader own) {
        super("policy", null);
        this.own = own;
    }

    static boolean isAllowed(String name) {
        if (PACKAGES.stream().anyMatch(name::startsWith) || INTERFACES.contains(name)) {
            return true;
        }
        String outer = name.contains("$") ? name.substring(0, name.indexOf('$')) : name;
        int dot = outer.lastIndexOf('.');
        return dot > 0 && PLATFORM_PACKAGES.contains(outer.substring(0, dot)) && !REFUSED.contains(outer);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!isAllowed(name)) {
            throw new ClassNotFoundException("policies cannot use `" + name + "`");
        }
        return own.loadClass(name);
    }

    @Override
    public @Nullable URL getResource(String name) {
        return isAllowedResource(name) ? own.getResource(name) : null;
    }

    @Override
    public Enumeration<URL> getResources(String name) throws java.io.IOException {
        return isAllowedResource(name) ? own.getResources(name) : Collections.emptyEnumeration();
    }

    @Override
    public @Nullable InputStream getResourceAsStream(String name) {
        return isAllowedResource(name) ? own.getResourceAsStream(name) : null;
    }

    private static boolean isAllowedResource(String name) {
        return name.endsWith(".class")
                && isAllowed(
                        name.substring(0, name.length() - ".class".length()).replace('/', '.'));
    }
}
