package dev.chaperone.rules;

import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import org.drools.compiler.kie.builder.impl.InternalKieModule;
import org.drools.model.codegen.ExecutableModelProject;
import org.kie.api.KieBase;
import org.kie.api.KieBaseConfiguration;
import org.kie.api.KieServices;
import org.kie.api.builder.KieBuilder;
import org.kie.api.builder.KieFileSystem;
import org.kie.api.builder.Message;
import org.kie.api.builder.ReleaseId;
import org.kie.api.conf.KieBaseMutabilityOption;
import org.kie.api.runtime.KieContainer;
import org.kie.api.runtime.StatelessKieSession;

/** One immutable rule base. The only class that runs Drools. */
final class RuleEngine implements AutoCloseable {
    private static final java.util.regex.Pattern GENERATED_RULE =
            java.util.regex.Pattern.compile("\\br([0-9]{1,6})\\b");

    private final ReleaseId release;
    private final KieContainer container;
    private final KieBase base;

    private RuleEngine(ReleaseId release, KieContainer container) {
        this.release = release;
        this.container = container;
        KieBaseConfiguration configuration = KieServices.get().newKieBaseConfiguration();
        configuration.setOption(KieBaseMutabilityOption.DISABLED);
        this.base = container.newKieBase(configuration);
    }

    /** Compiles checked rules. */
    static RuleEngine of(List<Rule> rules) throws PolicyException {
        KieServices services = KieServices.get();
        ReleaseId release = services.newReleaseId(
                "dev.chaperone.policy", "policy", UUID.randomUUID().toString());
        PolicyClassLoader loader = new PolicyClassLoader(RuleEngine.class.getClassLoader());
        KieFileSystem files = services.newKieFileSystem()
                .generateAndWritePomXML(release)
                .write("src/main/resources/chaperone/policy/policy.drl", DrlPrinter.print(rules));
        try {
            KieBuilder builder = services.newKieBuilder(files, loader).buildAll(ExecutableModelProject.class);
            List<Message> errors = builder.getResults().getMessages(Message.Level.ERROR);
            if (!errors.isEmpty()) {
                throw new PolicyException(
                        errors.stream().map(error -> diagnostic(error, rules)).toList());
            }
            GeneratedCode.check((InternalKieModule) builder.getKieModule());
            return new RuleEngine(release, services.newKieContainer(release, loader));
        } catch (PolicyException | Error e) {
            services.getRepository().removeKieModule(release);
            throw e;
        } catch (RuntimeException e) {
            services.getRepository().removeKieModule(release);
            String message = "the engine refuses the rules: " + e.getMessage();
            throw new PolicyException(
                    List.of(new Diagnostic(Severity.ERROR, "policy", 0, 0, message, "please report it")));
        }
    }

    /** The engine speaks of generated rules; finds back which one it means. */
    private static Diagnostic diagnostic(Message error, List<Rule> rules) {
        Matcher number = GENERATED_RULE.matcher(error.getText());
        String hint = "the rule was accepted and could not be compiled: please report it";
        String message = error.getText().lines().findFirst().orElse("unknown error");
        if (number.find() && Integer.parseInt(number.group(1)) < rules.size()) {
            RuleInfo rule = rules.get(Integer.parseInt(number.group(1))).info();
            return new Diagnostic(Severity.ERROR, rule.path(), rule.line(), 1, message, hint);
        }
        return new Diagnostic(Severity.ERROR, "policy", 0, 0, message, hint);
    }

    /** Runs all rules on the facts. A session is new for each request, for its global belongs to that request. */
    void run(FactMapper.Facts facts, VerdictRecorder verdict) {
        StatelessKieSession session = base.newStatelessKieSession();
        session.setGlobal("verdict", verdict);
        session.execute(facts.facts());
    }

    /** Lets go of rule base and generated classes; the engine's repository keeps what nobody removes. */
    @Override
    public void close() {
        container.dispose();
        KieServices.get().getRepository().removeKieModule(release);
    }
}
