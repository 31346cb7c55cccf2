package dev.chaperone.benchmarks;

import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.rules.Classifier;
import dev.chaperone.rules.CompiledPolicy;
import dev.chaperone.rules.PolicyCompiler;
import dev.chaperone.rules.PolicyException;
import dev.chaperone.rules.PolicySource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One decision about a statement that reads three columns of one table, two of them to be masked, among a number of rules
 * that speak of other tables and other columns.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class DecisionBenchmark {

    private static final Classifier CLASSES = (relation, column) -> switch (column.getName()) {
        case "ssn" -> "G";
        case "name" -> "A";
        default -> "NONE";
    };

    @Param({"10", "100", "1000"})
    int rules;

    private CompiledPolicy policy;
    private DecideRequest request;

    @Setup
    public void compile() throws PolicyException {
        policy = PolicyCompiler.compile("benchmark", List.of(new PolicySource("benchmark.drl", drl(rules))));
        request = request();
        Decision decision = decide();
        if (decision.getEffect() != Effect.EFFECT_PERMIT || decision.getObligationsCount() != 2) {
            throw new IllegalStateException("the benchmark's policy does not decide as it should: " + decision);
        }
    }

    @TearDown
    public void close() {
        policy.close();
    }

    @Benchmark
    public Decision decide() {
        return policy.evaluate(request, CLASSES);
    }

    private static String drl(int rules) {
        StringBuilder drl = new StringBuilder("package benchmark;\n");
        drl.append(
                "rule \"permit reads\"\nwhen\n  Request(actionClass == \"read\")\nthen\n  verdict.permit(\"reads\");\nend\n");
        drl.append(
                "rule \"mask ssn\"\nwhen\n  $f : Field(phiClass == \"G\")\nthen\n  verdict.mask($f, \"redact\");\nend\n");
        drl.append(
                "rule \"mask name\"\nwhen\n  $f : Field(phiClass == \"A\")\nthen\n  verdict.mask($f, \"pseudonym\");\nend\n");
        for (int rule = 3; rule < rules; rule++) {
            drl.append("rule \"column ").append(rule).append("\"\nwhen\n");
            drl.append("  $f : Field(name == \"column_").append(rule).append("\")\n");
            drl.append("then\n  verdict.mask($f, \"null\");\nend\n");
        }
        return drl.toString();
    }

    private static DecideRequest request() {
        Relation patients = Relation.newBuilder()
                .setDatabase("clinic")
                .setSchema("clinic")
                .setName("patients")
                .addColumns(column("id"))
                .addColumns(column("name"))
                .addColumns(column("ssn"))
                .build();
        return DecideRequest.newBuilder()
                .setRequestId("benchmark")
                .setPrincipal(Principal.newBuilder()
                        .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                        .setSubject("dr.rivera")
                        .setAgent("coding-agent")
                        .addGroups("clinicians"))
                .setAction(Action.newBuilder()
                        .setProtocol("postgres")
                        .setOperation("select")
                        .setClass_(ActionClass.ACTION_CLASS_READ)
                        .setAnalysis(Analysis.ANALYSIS_COMPLETE))
                .setResource(Resource.newBuilder()
                        .setUpstream("clinic")
                        .addRelations(patients)
                        .setEstimatedRows(-1)
                        .setEstimatedBytes(-1))
                .setContext(Context.newBuilder().setEnforcer("postgres").setSessionId("benchmark"))
                .build();
    }

    private static Column column(String name) {
        return Column.newBuilder()
                .setName(name)
                .setType("text")
                .addUses(Use.USE_OUTPUT)
                .build();
    }
}
