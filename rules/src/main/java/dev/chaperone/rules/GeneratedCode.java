package dev.chaperone.rules;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.drools.compiler.kie.builder.impl.InternalKieModule;

/**
 * Looks at the classes that the engine generated and refuses any that uses what rules have no use for. A third wall,
 * behind {@link PolicyParser} and {@link PolicyClassLoader}: it sees what will run, not what was written.
 */
final class GeneratedCode {
    private static final List<String> TRUSTED = List.of(
            DrlPrinter.PACKAGE + ".",
            "dev.chaperone.rules.fact.",
            "org.drools.model.",
            "org.drools.modelcompiler.",
            "org.drools.compiler.kie.builder.",
            "org.kie.api.",
            "org.kie.util.maven.support.",
            "org.drools.project.model.");

    /** What generated code needs for its own sake: enum singletons, string switches, boxing, a date format it never uses. */
    private static final Set<String> MEMBERS = Set.of(
            "java.lang.Boolean.TYPE",
            "java.lang.Boolean.booleanValue",
            "java.lang.Boolean.valueOf",
            "java.lang.Enum.<init>",
            "java.lang.Enum.valueOf",
            "java.lang.IllegalArgumentException.<init>",
            "java.lang.Integer.intValue",
            "java.lang.Integer.TYPE",
            "java.lang.Integer.valueOf",
            "java.lang.Long.TYPE",
            "java.lang.Long.longValue",
            "java.lang.Long.valueOf",
            "java.lang.Object.<init>",
            "java.lang.RuntimeException.<init>",
            "java.lang.String.equals",
            "java.lang.String.hashCode",
            "java.lang.System.arraycopy",
            "java.lang.invoke.StringConcatFactory.makeConcatWithConstants",
            "java.time.format.DateTimeFormatterBuilder.<init>",
            "java.time.format.DateTimeFormatterBuilder.appendPattern",
            "java.time.format.DateTimeFormatterBuilder.parseCaseInsensitive",
            "java.time.format.DateTimeFormatterBuilder.toFormatter",
            "java.util.ArrayList.<init>",
            "java.util.Arrays.asList",
            "java.util.Collections.emptyList",
            "java.util.List.add",
            "java.util.List.addAll",
            "java.util.Locale.ENGLISH",
            "org.drools.util.DateUtils.getDateFormatMask");

    private GeneratedCode() {}

    static void check(InternalKieModule module) throws PolicyException {
        List<Diagnostic> diagnostics = new ArrayList<>();
        for (String name : new TreeSet<>(module.getFileNames())) {
            if (name.endsWith(".class")) {
                for (String member : refused(module.getBytes(name))) {
                    diagnostics.add(new Diagnostic(
                            Severity.ERROR, name, 0, 0, "generated code uses `" + member + "`", "please report it"));
                }
            }
        }
        if (!diagnostics.isEmpty()) {
            throw new PolicyException(diagnostics);
        }
    }

    /** What a class file uses and must not. */
    static List<String> refused(byte[] classFile) {
        try {
            ConstantPool pool = ConstantPool.of(classFile);
            List<String> refused = new ArrayList<>();
            pool.members().stream().filter(name -> !isAllowed(name)).forEach(refused::add);
            return refused;
        } catch (IOException | IndexOutOfBoundsException e) {
            return List.of("unreadable class file");
        }
    }

    private static boolean isAllowed(String member) {
        return MEMBERS.contains(member) || TRUSTED.stream().anyMatch(member::startsWith);
    }
}
