package dev.chaperone.rules;

import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Use;
import java.util.List;

/** Policies and requests that tests share; compiling takes seconds. */
final class TestingPolicies {
    private TestingPolicies() {}

    private static final class BuiltIn {
        private static final CompiledPolicy POLICY = compile("built-in", BuiltInPacks.sources());
    }

    static CompiledPolicy builtIn() {
        return BuiltIn.POLICY;
    }

    static CompiledPolicy compile(String version, List<PolicySource> sources) {
        try {
            return PolicyCompiler.compile(version, sources);
        } catch (PolicyException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }

    static PolicySource source(String text) {
        return new PolicySource("test.drl", text);
    }

    static CompiledPolicy compile(String text) {
        return compile("test", List.of(source(text)));
    }

    /** An agent that reads columns of {@code clinic.public.patients}. */
    static DecideRequest.Builder read(String... columns) {
        Relation.Builder patients =
                Relation.newBuilder().setDatabase("clinic").setSchema("public").setName("patients");
        for (String column : columns) {
            patients.addColumns(
                    Column.newBuilder().setName(column).setType("text").addUses(Use.USE_OUTPUT));
        }
        return DecideRequest.newBuilder()
                .setRequestId("r")
                .setPrincipal(Principal.newBuilder()
                        .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                        .setSubject("alice")
                        .setAgent("triage"))
                .setAction(Action.newBuilder()
                        .setProtocol("postgres")
                        .setOperation("select")
                        .setClass_(ActionClass.ACTION_CLASS_READ)
                        .setAnalysis(Analysis.ANALYSIS_COMPLETE))
                .setResource(Resource.newBuilder()
                        .setUpstream("clinic")
                        .setEstimatedRows(-1)
                        .setEstimatedBytes(-1)
                        .addRelations(patients));
    }
}
