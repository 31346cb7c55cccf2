package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ways by which authors of DRL run Java. Each is refused before the engine sees it, at the place where it stands. */
class PoliciesCannotRunCodeTest {
    private static final Map<String, String> ATTACKS = new LinkedHashMap<>();

    static {
        consequence("exit", "System.exit(1);");
        consequence("exit, fully qualified", "java.lang.System.exit(1);");
        consequence("runtime", "Runtime.getRuntime().exec(\"id\");");
        consequence("process", "new ProcessBuilder(\"id\").start();");
        consequence("class of a literal", "\"\".getClass().forName(\"java.lang.Runtime\");");
        consequence("class of the verdict", "verdict.getClass().getClassLoader();");
        consequence("chained on the verdict", "verdict.permit(\"x\").getClass();");
        consequence("inner method of the interface", "verdict.conclude(0);");
        consequence("composed text", "verdict.deny(\"a\" + System.getenv(\"HOME\"));");
        consequence("composed text with a fact", "verdict.deny(\"a\" + $f.name());");
        consequence("conditional argument", "verdict.deny(true ? \"a\" : \"b\");");
        consequence("cast argument", "verdict.mask((dev.chaperone.rules.fact.Field) $f, \"redact\");");
        consequence("lambda", "verdict.deny(() -> \"x\");");
        consequence("call as argument", "verdict.deny(String.valueOf(System.nanoTime()));");
        consequence("static block", "{ System.exit(1); }");
        consequence("loop", "while (true) {}");
        consequence("assignment", "String x = \"a\"; verdict.deny(x);");
        consequence("throw", "throw new RuntimeException();");
        consequence("insert", "insert(new Object());");
        consequence("modify", "modify($f) { };");
        consequence("modify with a setter", "modify($f) { setName(\"x\") }");
        consequence("update", "update($f);");
        consequence("delete", "delete($f);");
        consequence("retract", "retract($f);");
        consequence("the engine's context", "drools.halt();");
        consequence("the engine's runtime", "kcontext.getKieRuntime().getGlobals();");
        consequence("code after the conclusion", "verdict.deny(\"x\"); Thread.sleep(10);");
        consequence("code hidden behind a comment", "verdict.deny(\"x\"); /* */ System.exit(1); // */");
        consequence("unicode escape", "\\u0053ystem.exit(1);");
        consequence("unicode escape that ends a comment", "// \\u000a System.exit(1);\nverdict.deny(\"x\");");
        consequence("unicode escape in a text", "verdict.deny(\"\\u0022); System.exit(1); //\");");
        consequence("text that breaks out", "verdict.deny(\"x\\\"); System.exit(1); verdict.deny(\\\"y\"), null;");
        consequence("lone carriage return", "// harmless\rSystem.exit(1);\nverdict.deny(\"x\");");
        consequence("annotation in code", "@SuppressWarnings(\"x\") verdict.deny(\"x\");");

        condition("eval", "eval( System.exit(1) == null )");
        condition("inline eval", "Request( eval( true ) )");
        condition("static call", "Request( subject == System.getenv(\"HOME\") )");
        condition("static call, fully qualified", "Request( java.lang.Runtime.getRuntime() != null )");
        condition("this", "Request( this.getClass().getClassLoader() != null )");
        condition("class of a field", "Request( subject.getClass().getName() == \"x\" )");
        condition("class of a fact", "Request( getClass() != null )");
        condition("method of text", "Request( subject.toUpperCase() == \"X\" )");
        condition("private accessor", "Request( groups.stream().count() > 0 )");
        condition("wait", "Request( wait() == null )");
        condition("hash code", "Request( hashCode() == 1 )");
        condition("new", "Request( new java.io.File(\"/\").exists() )");
        condition("inline cast", "Request( subject#String.length > 1 )");
        condition("nested class", "Request( subject == dev.chaperone.rules.fact.Fact$Patterns.class )");
        condition("fully qualified fact", "java.lang.String()");
        condition("engine's fact", "InitialFact()");
        condition("object", "Object()");
        condition("from", "Request() from new java.util.ArrayList()");
        condition("from a collection", "String() from $f.name");
        condition("collect", "java.util.List() from collect( Field() )");
        condition("accumulate with code", "accumulate( Field(), init( System.exit(1); ), action(), result( null ) )");
        condition("accumulate function", "accumulate( Field(); $n : count(1) )");
        condition("entry point", "Field() from entry-point \"x\"");
        condition("window", "Field() over window:time( 1h )");
        condition("query call", "?anything( 1; )");
        condition("path expression", "/fields[ name == \"x\" ]");
        condition("null-safe dereference", "Request( subject!.length == 1 )");
        condition("map access", "Request( claims[\"x\"] == \"y\" )");
        condition("slow pattern", "Request( subject matches \"(a+)+$\" )");
        condition("arithmetic in code", "Request( estimatedRows == ( 1 + System.nanoTime() ) )");
        condition("date literal", "Request( subject == '01-Jan-2020' )");
        condition("lambda", "Request( () -> true )");
        condition("ternary", "Request( analysed ? true : false )");
        condition("assignment", "Request( analysed = true )");
        condition("soundslike", "Request( subject soundslike \"x\" )");
        condition("custom operator", "Request( subject str[startsWith] \"x\" )");
        condition("named consequence", "Request() do[ x ]");
        condition("branch", "if ( true ) do[ x ]");

        header("dialect", "dialect \"mvel\"");
        header("salience expression", "salience ( System.exit(1) )");
        header("enabled expression", "enabled ( System.exit(1) == null )");
        header("timer expression", "timer ( expr: $x )");
        header("duration", "duration 10");
        header("calendars", "calendars \"x\"");
        header("agenda group", "agenda-group \"x\"");
        header("activation group", "activation-group \"x\"");
        header("lock on active", "lock-on-active true");
        header("no loop", "no-loop true");
        header("effective date", "date-effective \"01-Jan-2030\"");
        header("parent rule", "extends \"other\"");
        header("annotation of the engine", "@watch(*)");
        header("annotation with code", "@reason(System.exit(1))");

        file("import", "package p\nimport java.lang.Runtime\n");
        file("static import", "package p\nimport static java.lang.System.exit;\n");
        file("function import", "package p\nimport function java.lang.System.exit;\n");
        file("accumulate import", "package p\nimport accumulate x.Y z\n");
        file("global", "package p\nglobal java.lang.Runtime runtime\n");
        file("function", "package p\nfunction void f() { System.exit(1); }\n");
        file("static initialiser", "package p\ndeclare X\n  static { System.exit(1); }\nend\n");
        file("declare with an initial value", "package p\ndeclare X\n  a : int = System.identityHashCode(null)\nend\n");
        file("declare enum", "package p\ndeclare enum X A(System.nanoTime()); v : long end\n");
        file("query", "package p\nquery q() Request() end\n");
        file("unit", "package p\nunit X;\n");
        file("package dialect", "package p\ndialect \"mvel\"\n");
        file("package of the platform", "package java.lang\n");
        file("package of the engine", "package org.drools.model\n");
        file("no package", "rule \"a\" when Request() then verdict.permit(\"x\"); end\n");
        file("expander", "package p\nexpander x.dsl\n");
        file("entry point", "package p\ndeclare entry-point X end\n");
        file("window", "package p\ndeclare window W Field() over window:time(1m) end\n");
        file("unicode escape in a comment", "package p\n// \\u0061\n");
        file("bidirectional text", "package p\n// \u202e dne \u2066\n");
        file("zero width space", "package p\nru\u200ble \"a\" when Request() then end\n");
        file("letter that looks like another", "package p\nrul\u0435 \"a\" when Request() then end\n");
        file("name that breaks out", "package p\nrule \"a\\\" when eval(true) then end //\" when Request() then end\n");
    }

    private static void consequence(String name, String code) {
        ATTACKS.put("consequence: " + name, "package p\nrule \"a\"\nwhen\n$f : Field()\nthen\n" + code + "\nend\n");
    }

    private static void condition(String name, String code) {
        ATTACKS.put(
                "condition: " + name,
                "package p\nrule \"a\"\nwhen\n$f : Field()\n" + code + "\nthen\nverdict.permit(\"x\");\nend\n");
    }

    private static void header(String name, String code) {
        ATTACKS.put(
                "header: " + name,
                "package p\nrule \"a\"\n" + code + "\nwhen\nRequest()\nthen\nverdict.permit(\"x\");\nend\n");
    }

    private static void file(String name, String text) {
        ATTACKS.put("file: " + name, text);
    }

    static Stream<Arguments> attacks() {
        return ATTACKS.entrySet().stream().map(attack -> Arguments.of(attack.getKey(), attack.getValue()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("attacks")
    void isRefusedWithItsPlaceAndAHint(String name, String text) {
        List<Diagnostic> diagnostics = PolicyLinter.lint(List.of(TestingPolicies.source(text)));
        assertThat(diagnostics).as(name).isNotEmpty().anySatisfy(diagnostic -> {
            assertThat(diagnostic.severity()).isEqualTo(Severity.ERROR);
            assertThat(diagnostic.line()).isPositive();
            assertThat(diagnostic.column()).isPositive();
        });
        assertThatThrownBy(() -> PolicyCompiler.compile("v", List.of(TestingPolicies.source(text))))
                .isInstanceOf(PolicyException.class);
    }

    /** What the engine compiles holds no text of the author but constants in conditions, and those are escaped. */
    @Test
    void textsOfAuthorsDoNotReachTheEngine() {
        String hostile = "\\\"); System.exit(1); //";
        List<Rule> rules = PolicyLinter.check(
                        List.of(TestingPolicies.source("package p\nrule \"System.exit\"\n@reason(\""
                                + hostile + "\")\n@citation(\"" + hostile + "\")\nwhen\nRequest( subject == \""
                                + hostile
                                + "\" )\nthen\nverdict.deny(\"" + hostile + "\");\nend\n")))
                .rules();
        String drl = DrlPrinter.print(rules);
        assertThat(drl.lines().filter(line -> line.contains("System")))
                .containsExactly("Request( subject == \"\\\"); System.exit(1); //\" )");
        assertThat(drl).contains("rule \"r0\"").contains("verdict.conclude(0);");
    }

    /** Even had all of the above let something through: the class loader does not find it. */
    @ParameterizedTest
    @MethodSource("dangerousClasses")
    void compiledRulesCannotLinkToDangerousClasses(String name) {
        PolicyClassLoader loader = new PolicyClassLoader(PoliciesCannotRunCodeTest.class.getClassLoader());
        assertThatThrownBy(() -> loader.loadClass(name)).isInstanceOf(ClassNotFoundException.class);
        assertThat(loader.getResourceAsStream(name.replace('.', '/') + ".class"))
                .isNull();
        assertThat(loader.getResource(name.replace('.', '/') + ".class")).isNull();
    }

    static Stream<String> dangerousClasses() {
        return Stream.of(
                "java.lang.System",
                "java.lang.Runtime",
                "java.lang.Runtime$Version",
                "java.lang.ProcessBuilder",
                "java.lang.Thread",
                "java.lang.ClassLoader",
                "java.lang.reflect.Method",
                "java.io.File",
                "java.io.FileInputStream",
                "java.nio.file.Files",
                "java.net.Socket",
                "java.net.URL",
                "java.util.ServiceLoader",
                "java.util.concurrent.Executors",
                "javax.script.ScriptEngineManager",
                "sun.misc.Unsafe",
                "org.mvel2.MVEL",
                "org.drools.core.reteoo.ReteooRuleBase",
                "dev.chaperone.rules.RuleEngine",
                "dev.chaperone.rules.CompiledPolicy");
    }

    /** And even had the class loader found it: generated classes that use it are not run. */
    @ParameterizedTest
    @MethodSource("classesThatRunCode")
    void generatedClassesThatUseMoreAreRefused(Class<?> type, String expected) throws Exception {
        String resource = "/" + type.getName().replace('.', '/') + ".class";
        try (var in = PoliciesCannotRunCodeTest.class.getResourceAsStream(resource)) {
            assertThat(in).isNotNull();
            assertThat(GeneratedCode.refused(in.readAllBytes())).contains(expected);
        }
    }

    static Stream<Arguments> classesThatRunCode() {
        return Stream.of(
                Arguments.of(Exits.class, "java.lang.System.exit"),
                Arguments.of(Reflects.class, "java.lang.Class.forName"),
                Arguments.of(Starts.class, "java.lang.Runtime.exec"));
    }

    @Test
    void whatIsNoClassFileIsRefused() {
        assertThat(GeneratedCode.refused(new byte[] {1, 2, 3, 4, 5, 6})).containsExactly("unreadable class file");
    }

    static final class Exits {
        static void run() {
            System.exit(1);
        }
    }

    static final class Reflects {
        static Object run() throws ReflectiveOperationException {
            return Class.forName("x");
        }
    }

    static final class Starts {
        static Object run() throws java.io.IOException {
            return Runtime.getRuntime().exec(new String[] {"id"});
        }
    }
}
