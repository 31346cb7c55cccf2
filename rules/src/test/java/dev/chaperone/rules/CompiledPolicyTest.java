package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.FieldClass;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Use;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class CompiledPolicyTest {
    /** One policy for every test here that can share it: each rule answers to its own operation. */
    private static final CompiledPolicy POLICY = TestingPolicies.compile("""
            package p
            rule "text functions" when Request( operation == "functions",
                startsWith(subject, "al"), endsWith(subject, "ce"), containsText(subject, "lic"), sameText(subject, "ALICE"),
                regex(subject, "a.*[e\\u00e9]"), !regex(subject, "a"), inNetwork(clientAddress, "10.0.0.0/8"),
                !inNetwork(clientAddress, "10.1.0.0/16"), inGroup("g"), claim("dept") == "oncology", claim("none") == "",
                delegatedThrough("bot"), subject not in ("x", "y"), subject in ("é \\"quoted\\" \\\\", "alice") )
            then verdict.permit("ok"); end
            rule "numbers" when Request( operation == "numbers", estimatedRows > 10000000000, 5 < estimatedBytes, hour == -1 )
            then verdict.permit("ok"); end
            rule "alternatives" when Request( operation == "either", subject == "nobody" || (analysed && !unrestricted) || approved )
            then verdict.permit("ok"); end
            rule "join" when Request( operation == "join" ) $t : Table( $n : name, schema == "public" )
                $f : Field( relation == $t.name, startsWith(name, "s"), $n != "x" ) exists Field( phiClass == "A" )
                not Field( phiClass == "B" )
            then verdict.permit("ok"); verdict.mask($f, "redact"); end
            rule "cartesian" when Request( operation == "cartesian" ) $a : Field() $b : Field( name != $a.name )
            then verdict.deny($a, "twice"); end
            """.replace("\\u00e9", "é"));

    @AfterAll
    static void close() {
        POLICY.close();
    }

    @Test
    void functionsAndConstantsMeanWhatTheySay() {
        DecideRequest.Builder request = operation("functions");
        request.getPrincipalBuilder()
                .addGroups("g")
                .putClaims("dept", "oncology")
                .addDelegation("bot");
        request.getContextBuilder().setClientAddress("10.2.3.4");
        assertPermitted(request);
        assertDenied(request.clone().setContext(Context.newBuilder().setClientAddress("10.1.3.4")));
        assertDenied(request.clone().setContext(Context.newBuilder().setClientAddress("gateway.example")));
        assertDenied(request.clone().setPrincipal(Principal.newBuilder().setSubject("alice")));
    }

    @Test
    void numbersCompareBeyondInt() {
        DecideRequest.Builder request = operation("numbers");
        request.getResourceBuilder().setEstimatedRows(10_000_000_001L).setEstimatedBytes(6);
        assertPermitted(request);
        request.getResourceBuilder().setEstimatedRows(10_000_000_000L);
        assertDenied(request);
    }

    @Test
    void alternativesGroupAsWritten() {
        assertPermitted(operation("either"));
        DecideRequest.Builder unrestricted = operation("either");
        unrestricted.getActionBuilder().setUnrestricted(true);
        assertDenied(unrestricted);
        unrestricted.getContextBuilder().setApprovalId("a");
        assertPermitted(unrestricted);
    }

    @Test
    void factsJoinAndBindAcrossPatterns() {
        Decision decision = evaluate(operation("join", "ssn", "name"));
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(decision.getObligationsList())
                .extracting(obligation -> obligation.getMask().getField())
                .containsExactly("clinic.public.patients.ssn");
        assertDenied(operation("join", "ssn", "name", "zip"));
        assertDenied(operation("join", "ssn"));
    }

    @Test
    void aRuleThatMatchesOftenIsOneReason() {
        Decision decision = evaluate(operation("cartesian", "a1", "a2", "a3"));
        assertThat(decision.getReasonsList())
                .extracting(Reason::getText)
                .containsExactly(
                        "`clinic.public.patients.a1`, `clinic.public.patients.a2`, `clinic.public.patients.a3`: twice");
    }

    @Test
    void aPolicyThatRunsAwayIsStoppedAndDenies() {
        String[] columns = new String[300];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = "c" + i;
        }
        assertFailed(evaluate(operation("cartesian", columns)));
    }

    @Test
    void whateverFailsIsDeniedAndTellsNothing() {
        DecideRequest request = operation("either", "ssn").build();
        assertFailed(POLICY.evaluate(request, (relation, column) -> {
            throw new IllegalStateException("123-45-6789");
        }));
        assertFailed(POLICY.evaluate(request, (relation, column) -> {
            throw new StackOverflowError();
        }));
        DecideRequest.Builder time = operation("either");
        time.getContextBuilder().setTime(Timestamp.newBuilder().setSeconds(Long.MAX_VALUE));
        assertFailed(evaluate(time));
        String[] columns = new String[FactMapper.MAX_FACTS];
        java.util.Arrays.fill(columns, "c");
        assertFailed(evaluate(operation("either", columns)));
        assertDenied(DecideRequest.newBuilder());
    }

    @Test
    void aClassThatIsNoneIsUnknown() {
        Decision decision = POLICY.evaluate(operation("either", "ssn").build(), (relation, column) -> "SAFE");
        assertThat(decision.getFieldClassesList())
                .containsExactly(FieldClass.newBuilder()
                        .setField("clinic.public.patients.ssn")
                        .setPhiClass("UNKNOWN")
                        .build());
    }

    @Test
    void decisionsNameTheirPolicy() {
        Decision decision = evaluate(operation("either"));
        assertThat(decision.getPolicyVersion()).isEqualTo("test");
        assertThat(decision.getPolicyDigest().toByteArray())
                .isEqualTo(POLICY.digest())
                .hasSize(32);
    }

    @Test
    void theCompilerKnowsWhatRulesRead() {
        assertThat(POLICY.attributesRead())
                .contains(
                        "action.operation",
                        "context.client_address",
                        "context.time",
                        "principal.groups",
                        "principal.claims")
                .contains("resource.estimated_rows", "resource.relations")
                .doesNotContain("context.purpose", "principal.issuer");
        assertThat(evaluate(operation("either")).getCacheability().getDependsOnList())
                .containsExactly(
                        "context.approval_id",
                        "context.client_address",
                        "resource.estimated_bytes",
                        "resource.estimated_rows");
    }

    @Test
    void decisionsThatDependOnTheHourLastToItsEnd() {
        assertThat(ttl(evaluate(at("2026-03-01T12:00:00Z", "2026-03-01T18:00:00Z"))))
                .isEqualTo(Duration.ofMinutes(5));
        assertThat(ttl(evaluate(at("2026-03-01T12:59:30Z", "2026-03-01T18:00:00Z"))))
                .isEqualTo(Duration.ofSeconds(30));
        assertThat(ttl(evaluate(operation("either")))).isZero();
    }

    @Test
    void decisionsDoNotOutliveTheToken() {
        assertThat(ttl(builtIn(at("2026-03-01T12:59:30Z", "2026-03-01T13:01:00Z"))))
                .isEqualTo(Duration.ofSeconds(90));
        assertThat(ttl(builtIn(at("2026-03-01T12:59:30Z", "2026-03-01T12:00:00Z"))))
                .isZero();
        assertThat(ttl(builtIn(TestingPolicies.read("name")))).isEqualTo(Duration.ofMinutes(5));
    }

    @Test
    void holdsAreNotReused() {
        DecideRequest.Builder request = TestingPolicies.read();
        request.getActionBuilder().setClass_(dev.chaperone.decision.v1.ActionClass.ACTION_CLASS_WRITE);
        request.setResource(Resource.newBuilder()
                .addRelations(Relation.newBuilder()
                        .setName("patients")
                        .setWritten(true)
                        .addColumns(Column.newBuilder().setName("phone").addUses(Use.USE_WRITE))));
        Decision decision = builtIn(request);
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_HOLD);
        assertThat(ttl(decision)).isZero();
    }

    @Test
    void digestsTellSourcesApart() throws Exception {
        String text = "package p\nrule \"a\" when Request() then verdict.permit(\"x\"); end\n";
        byte[] digest = PolicyCompiler.digest(List.of(new PolicySource("a", text), new PolicySource("b", "c")));
        assertThat(PolicyCompiler.digest(List.of(new PolicySource("b", "c"), new PolicySource("a", text))))
                .isEqualTo(digest);
        assertThat(PolicyCompiler.digest(List.of(new PolicySource("a", text + "b"), new PolicySource("c", ""))))
                .isNotEqualTo(digest);
        assertThat(PolicyCompiler.digest(List.of(new PolicySource("ab", "c"), new PolicySource("a", text))))
                .isNotEqualTo(digest);
    }

    /** The engine's own grammar has words of its own ({@code includes}, {@code before}); none may be a name of ours. */
    @Test
    void everyFieldAndFunctionCompilesAndEvaluates() {
        StringBuilder text = new StringBuilder("package p\n");
        for (String name : FactModel.names()) {
            FactModel.FactType fact = FactModel.find(name).orElseThrow();
            List<String> conditions = new ArrayList<>();
            fact.properties().forEach((field, property) -> conditions.add(field + " == " + constant(property.type())));
            fact.functions().forEach((function, signature) -> conditions.add(call(function, signature, text(fact))));
            text.append("rule \"").append(name).append("\" when ").append(name).append("( ");
            text.append(String.join(" || ", conditions)).append(" ) then verdict.permit(\"x\"); end\n");
        }
        try (CompiledPolicy policy = TestingPolicies.compile(text.toString())) {
            Decision decision = policy.evaluate(TestingPolicies.read("ssn").build(), (relation, column) -> "NONE");
            assertThat(decision.getReasonsList()).extracting(Reason::getRule).containsExactly("Field", "Request");
        }
    }

    /** Nested as deep as the linter lets pass: the engine's parser takes time exponential in the depth. */
    @Test
    void deepConditionsCompile() {
        String deepest = "subject == \"alice\"";
        for (int i = 0; i < 6; i++) {
            deepest = "(agent == \"x\" " + (i % 2 == 0 ? "||" : "|| analysed &&") + " " + deepest + ")";
        }
        String text = "package p\nrule \"a\" when Request( !" + deepest + " ) then verdict.deny(\"x\"); end\n";
        try (CompiledPolicy policy = TestingPolicies.compile(text)) {
            Decision decision = policy.evaluate(TestingPolicies.read("ssn").build(), (relation, column) -> "NONE");
            assertThat(decision.getReasonsList()).extracting(Reason::getRule).containsExactly("default-deny");
        }
        String deeper = text.replace("!(", "!((").replace(") ) then", ")) ) then");
        assertThat(PolicyLinter.lint(List.of(TestingPolicies.source(deeper))))
                .extracting(Diagnostic::message)
                .containsExactly("condition is nested more than 8 deep");
    }

    private static String text(FactModel.FactType fact) {
        return fact.properties().entrySet().stream()
                .filter(property -> property.getValue().type() == ValueType.TEXT)
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    private static String call(String function, FactModel.Function signature, String field) {
        List<String> arguments = new ArrayList<>();
        signature.parameters().forEach(type -> arguments.add("\"10.0.0.0/8\""));
        if (arguments.size() > 1) {
            arguments.set(0, field);
        }
        String call = function + "(" + String.join(", ", arguments) + ")";
        return signature.type() == ValueType.TEXT ? call + " == \"\"" : call;
    }

    private static String constant(ValueType type) {
        switch (type) {
            case TEXT:
                return "\"\"";
            case NUMBER:
                return "-1";
            default:
                return "true";
        }
    }

    @Test
    void aRuleThatDoesNotLookAtTheAnalysisPermitsOnlyWhatWasAnalysed() {
        DecideRequest.Builder unanalysed = TestingPolicies.read();
        unanalysed.getActionBuilder().setAnalysis(Analysis.ANALYSIS_FAILED);
        CompiledPolicy naive =
                TestingPolicies.compile("package p\nrule \"a\" when Request() then verdict.permit(\"x\"); end\n");
        CompiledPolicy knowing = TestingPolicies.compile(
                "package p\nrule \"a\" when Request() then verdict.permitUnanalysed(\"x\"); end\n");
        assertThat(naive.evaluate(unanalysed.build(), (relation, column) -> "NONE")
                        .getEffect())
                .isEqualTo(Effect.EFFECT_DENY);
        Decision permitted = knowing.evaluate(unanalysed.build(), (relation, column) -> "NONE");
        assertThat(permitted.getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(permitted.getPermitsUnanalysed()).isTrue();
    }

    @Test
    void aClosedPolicyDenies() {
        CompiledPolicy policy =
                TestingPolicies.compile("package p\nrule \"a\" when Request() then verdict.permit(\"x\"); end\n");
        DecideRequest request = TestingPolicies.read().build();
        assertThat(policy.evaluate(request, (relation, column) -> "NONE").getEffect())
                .isEqualTo(Effect.EFFECT_PERMIT);
        policy.close();
        policy.close();
        assertThat(policy.evaluate(request, (relation, column) -> "NONE").getReasonsList())
                .extracting(Reason::getRule)
                .containsExactly("policy-closed");
    }

    @Test
    void manyThreadsDecideAsOne() throws Exception {
        List<DecideRequest> requests = new ArrayList<>();
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            String[] columns = new String[random.nextInt(6)];
            for (int c = 0; c < columns.length; c++) {
                columns[c] = String.valueOf((char) ('A' + random.nextInt(20)));
            }
            requests.add(TestingPolicies.read(columns).build());
        }
        Classifier byName = (relation, column) -> column.getName();
        List<Decision> expected = requests.stream()
                .map(request -> TestingPolicies.builtIn().evaluate(request, byName))
                .toList();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<List<Decision>>> futures = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                futures.add(threads.submit(() -> requests.stream()
                        .map(request -> TestingPolicies.builtIn().evaluate(request, byName))
                        .toList()));
            }
            for (Future<List<Decision>> future : futures) {
                assertThat(withoutCacheability(future.get())).isEqualTo(withoutCacheability(expected));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static List<Decision> withoutCacheability(List<Decision> decisions) {
        return decisions.stream()
                .map(decision -> decision.toBuilder().clearCacheability().build())
                .toList();
    }

    private static DecideRequest.Builder operation(String operation, String... columns) {
        DecideRequest.Builder request = TestingPolicies.read(columns);
        request.getActionBuilder().setOperation(operation);
        return request;
    }

    private static DecideRequest.Builder at(String time, String expiry) {
        DecideRequest.Builder request = operation("either");
        request.getContextBuilder().setTime(timestamp(time));
        request.getPrincipalBuilder().setExpiresAt(timestamp(expiry));
        return request;
    }

    private static Timestamp timestamp(String time) {
        return Timestamp.newBuilder()
                .setSeconds(Instant.parse(time).getEpochSecond())
                .build();
    }

    private static Duration ttl(Decision decision) {
        return Times.duration(decision.getCacheability().getTtl());
    }

    private static Decision evaluate(DecideRequest.Builder request) {
        return POLICY.evaluate(request.build(), CompiledPolicyTest::phiClass);
    }

    private static Decision builtIn(DecideRequest.Builder request) {
        return TestingPolicies.builtIn().evaluate(request.build(), (relation, column) -> "D");
    }

    private static String phiClass(Relation relation, Column column) {
        switch (column.getName()) {
            case "name":
                return "A";
            case "zip":
                return "B";
            default:
                return "NONE";
        }
    }

    private static void assertPermitted(DecideRequest.Builder request) {
        assertThat(evaluate(request).getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
    }

    private static void assertDenied(DecideRequest.Builder request) {
        assertThat(evaluate(request).getEffect()).isEqualTo(Effect.EFFECT_DENY);
    }

    private static void assertFailed(Decision decision) {
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(decision.getReasonsList()).singleElement().satisfies(reason -> {
            assertThat(reason.getRule()).isEqualTo("evaluation-failed");
            assertThat(reason.getText()).isEqualTo("the policy could not be evaluated");
        });
        assertThat(decision.getObligationsList()).isEmpty();
        assertThat(ttl(decision)).isZero();
    }
}
