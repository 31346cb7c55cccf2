package dev.chaperone.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.InputStream;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The arrows between the modules. An arrow points to what may be used:
 *
 * <pre>
 *   cli ──────────► everything below
 *   pdp ──────────► rules ──► proto          rules alone knows Drools
 *   testkit ──────► enforcer ──► proto
 *   postgres ─────► enforcer ──► proto       an enforcer never sees rules, pdp or another enforcer
 *   audit-sink ───► proto
 *   proto ────────► nothing of ours
 * </pre>
 *
 * <p>({@code benchmarks} uses everything but cli; nobody uses it, and it is not on cli's class path.)
 */
class ArchitectureTest {

    /** Packages of each module; the contract's generated packages belong to proto. */
    private static final Map<String, String[]> PACKAGES = Map.of(
            "proto",
                    new String[] {
                        "dev.chaperone.proto..",
                        "dev.chaperone.decision..",
                        "dev.chaperone.approval..",
                        "dev.chaperone.audit.v1.."
                    },
            "rules", new String[] {"dev.chaperone.rules.."},
            "pdp", new String[] {"dev.chaperone.pdp.."},
            "enforcer", new String[] {"dev.chaperone.enforcer.."},
            "postgres", new String[] {"dev.chaperone.postgres.."},
            "audit-sink", new String[] {"dev.chaperone.audit", "dev.chaperone.audit.."},
            "testkit", new String[] {"dev.chaperone.testkit.."},
            "cli", new String[] {"dev.chaperone.cli.."});

    private static final Map<String, Set<String>> ARROWS = Map.of(
            "proto", Set.of(),
            "rules", Set.of("proto"),
            "pdp", Set.of("proto", "rules"),
            "enforcer", Set.of("proto"),
            "postgres", Set.of("enforcer", "proto"),
            "audit-sink", Set.of("proto"),
            "testkit", Set.of("enforcer", "proto"),
            "cli", Set.of("proto", "rules", "pdp", "enforcer", "postgres", "audit-sink", "testkit"));

    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() {
        classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.chaperone");
    }

    @ParameterizedTest
    @ValueSource(strings = {"proto", "rules", "pdp", "enforcer", "postgres", "audit-sink", "testkit", "cli"})
    void modulesDependOnlyAlongTheArrows(String module) {
        Set<String> others = new TreeSet<>(PACKAGES.keySet());
        others.remove(module);
        others.removeAll(ARROWS.getOrDefault(module, Set.of()));

        classes()
                .that(belongTo(module))
                .should()
                .onlyDependOnClassesThat(DescribedPredicate.not(belongToAny(others)))
                .because("DESIGN's arrows say so")
                .check(classes);
    }

    @Test
    void everyClassOfOursBelongsToAModule() {
        classes()
                .should()
                .resideInAnyPackage(PACKAGES.values().stream()
                        .flatMap(java.util.Arrays::stream)
                        .toArray(String[]::new))
                .check(classes);
    }

    @Test
    void onlyRulesKnowsDrools() {
        noClasses()
                .that(DescribedPredicate.not(belongTo("rules")))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.drools..", "org.kie..")
                .check(classes);
    }

    @Test
    void onlyMainEndsTheProcess() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(Main.class.getName())
                .should()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "halt", int.class)
                .check(classes);
    }

    @Test
    void logsGoThroughSlf4j() {
        noClasses()
                .that(writtenByHand())
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.util.logging..", "org.apache.log4j..", "org.apache.logging..")
                .check(classes);
        noClasses()
                .that()
                .doNotHaveSimpleName("Logging")
                .and()
                .doNotHaveSimpleName("LogLines") // which tests read them with
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ch.qos.logback..")
                .because("where logs go is the process's business, decided in one place")
                .check(classes);
    }

    @Test
    void onlyTheTerminalIsPrintedTo() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(Terminal.class.getName())
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(classes);
    }

    @Test
    void nothingIsInjectedIntoFields() {
        noFields()
                .should()
                .beAnnotatedWith(describe(
                        "an injection annotation",
                        annotation -> Set.of("Inject", "Autowired", "Resource")
                                .contains(annotation.getRawType().getSimpleName())))
                .check(classes);
    }

    @Test
    void staticStateIsConstant() {
        fields().that()
                .areDeclaredInClassesThat(writtenByHand())
                .and()
                .areStatic()
                .and()
                .doNotHaveModifier(JavaModifier.SYNTHETIC)
                .should()
                .beFinal()
                .because("what changes belongs to an object that somebody closes")
                .check(classes);
    }

    @Test
    void configurationIsBoundInOnePlace() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.chaperone.cli..", "dev.chaperone.testkit..")
                .and(writtenByHand())
                .should()
                .callMethod(System.class, "getenv", String.class)
                .orShould()
                .callMethod(System.class, "getenv")
                .because("parts are told what they need by their configuration records")
                .check(classes);
    }

    @Test
    void enforcersSpeakToTheDecisionPointOnlyThroughTheContract() {
        noClasses()
                .that(belongTo("postgres"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.grpc..")
                .check(classes);
    }

    @Test
    void everyPackageIsNullMarked() throws Exception {
        for (JavaClass type : classes) {
            if (!writtenByHand().test(type) || type.isAnonymousClass()) {
                continue;
            }
            String path = "/" + type.getPackageName().replace('.', '/') + "/package-info.class";
            try (InputStream in = ArchitectureTest.class.getResourceAsStream(path)) {
                Assertions.assertThat(in)
                        .as("package-info of " + type.getPackageName())
                        .isNotNull();
            }
        }
    }

    private static DescribedPredicate<JavaClass> writtenByHand() {
        return DescribedPredicate.<JavaClass>not(resideInAnyPackage(
                        "dev.chaperone.decision..", "dev.chaperone.approval..", "dev.chaperone.audit.v1.."))
                .as("classes written by hand");
    }

    private static DescribedPredicate<JavaClass> belongTo(String module) {
        DescribedPredicate<JavaClass> inPackages = resideInAnyPackage(PACKAGES.getOrDefault(module, new String[0]));
        DescribedPredicate<JavaClass> generated = resideInAnyPackage("dev.chaperone.audit.v1..");
        return (module.equals("audit-sink") ? inPackages.and(DescribedPredicate.not(generated)) : inPackages)
                .as("classes of " + module);
    }

    private static DescribedPredicate<JavaClass> belongToAny(Set<String> modules) {
        DescribedPredicate<JavaClass> any = DescribedPredicate.alwaysFalse();
        for (String module : modules) {
            any = any.or(belongTo(module));
        }
        return any.as("classes of " + String.join(", ", modules));
    }
}
