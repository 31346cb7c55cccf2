package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.CancelRequest;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.cli.config.ConfigBinder;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.proto.HoldDigest;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.OidcBackend;
import dev.chaperone.testkit.TokenSpec;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What people see of {@code chaperone approvals}: every command, its JSON, its exit status, and what goes wrong. */
class ApprovalsCommandIT {

    private static final String CONFIGURATION = """
            pdp:
              listen:
                port: 0
                plaintext: true
              packs: [baseline]
            approvals:
              listen:
                port: 0
                plaintext: true
              identity:
                issuer: ${ISSUER}
                audiences: [${AUDIENCE}]
                claims:
                  human-clients: [desk]
              terms:
                approver-groups: [privacy-officers]
              url: https://approvals.example/
            """;

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    static Path directory;

    private static OidcBackend oidc;
    private static PdpPart pdp;
    private static ManagedChannel enforcer;

    @BeforeAll
    static void start() throws Exception {
        oidc = Backends.oidc();
        Path file = Files.writeString(
                directory.resolve("chaperone.yaml"),
                CONFIGURATION.replace("${ISSUER}", oidc.issuer().toString()).replace("${AUDIENCE}", oidc.audience()));
        ChaperoneConfig config = ConfigBinder.bind(ChaperoneConfig.class, file, Map.of(), Set.of("pdp", "approvals"));
        pdp = PdpPart.start(Objects.requireNonNull(config.pdp()), config.approvals(), new SimpleMeterRegistry());
        enforcer = NettyChannelBuilder.forAddress("127.0.0.1", pdp.port(), InsecureChannelCredentials.create())
                .build();
    }

    @AfterAll
    static void stop() {
        try (Closing closing = new Closing()) {
            closing.add(oidc);
            closing.add(pdp);
            enforcer.shutdownNow();
        }
    }

    /** An enforcer holds a statement of alice's agent. */
    private static Approval hold() {
        String statement = "update patients set name = 'x' where id = " + NUMBER.incrementAndGet();
        String policy = pdp.policy().version();
        DecideRequest.Builder request = DecideRequest.newBuilder();
        request.getPrincipalBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                .setIssuer(oidc.issuer().toString())
                .setSubject("alice")
                .setAgent("claude");
        request.getActionBuilder().setProtocol("postgres").setOperation("update");
        request.getContextBuilder()
                .setEnforcer("clinic")
                .setSessionId("session-" + NUMBER.get())
                .setClientAddress("10.1.2.3");
        Decision.Builder decision =
                Decision.newBuilder().setEffect(Effect.EFFECT_HOLD).setPolicyVersion(policy);
        decision.addReasonsBuilder().setText("this takes an approval").setCitation("45 CFR 164.312");
        decision.addObligationsBuilder()
                .getHoldBuilder()
                .addApproverGroups("privacy-officers")
                .addBreakGlassGroups("on-call");
        return ApprovalServiceGrpc.newBlockingStub(enforcer)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .createApproval(CreateApprovalRequest.newBuilder()
                        .setRequest(request)
                        .setDecision(decision)
                        .setOperationText(statement)
                        .setDigest(ByteString.copyFrom(
                                HoldDigest.of(request.build(), decision.build(), statement, List.of(), "")))
                        .build());
    }

    private static TestingTerminal officer() {
        return person("olivia", "privacy-officers");
    }

    private static TestingTerminal person(String name, String... groups) {
        return bearing(oidc.token(TokenSpec.of(name).withAuthorizedParty("desk").withGroups(groups)));
    }

    private static TestingTerminal bearing(String token) {
        return new TestingTerminal(Map.of("CHAPERONE_TOKEN", token, "CHAPERONE_APPROVALS", server()), directory);
    }

    private static String server() {
        return "127.0.0.1:" + Objects.requireNonNull(pdp.approvals()).port();
    }

    private static void run(int status, TestingTerminal terminal, String... arguments) {
        List<String> all = new ArrayList<>(List.of("approvals"));
        all.addAll(List.of(arguments));
        all.add("--plaintext");
        assertThat(terminal.run(all.toArray(String[]::new)))
                .as(terminal.out() + terminal.err())
                .isEqualTo(status);
        if (status != 0) {
            assertThat(terminal.out())
                    .as("nothing is printed as if it were done")
                    .isEmpty();
            assertThat(terminal.err()).startsWith("chaperone: ").doesNotContain("Exception");
        }
    }

    private static JsonNode json(TestingTerminal terminal) {
        return JSON.readTree(terminal.out());
    }

    @Test
    void listsWhatWaitsForWhoeverMayDecideAndForWhoeverAsked() {
        Approval held = hold();
        TestingTerminal officer = officer();
        run(0, officer, "list");
        assertThat(officer.out().lines().findFirst())
                .hasValueSatisfying(heading -> assertThat(heading).contains("ID", "STATE", "WHO", "WHAT"));
        assertThat(officer.out().lines())
                .anySatisfy(line ->
                        assertThat(line).contains(held.getId(), "pending", "alice by claude", "update patients"));

        TestingTerminal asks = person("alice");
        run(0, asks, "list", "--json");
        assertThat(json(asks))
                .anySatisfy(one -> assertThat(one.get("id").asString()).isEqualTo(held.getId()));

        TestingTerminal outsider = person("otto");
        run(0, outsider, "list", "--all");
        assertThat(outsider.out()).isEqualToIgnoringNewLines("nothing waits for you");
    }

    @Test
    void showsAllThatSomebodyNeedsToDecide() {
        Approval held = hold();
        TestingTerminal officer = officer();
        run(0, officer, "show", held.getId());
        assertThat(officer.out())
                .contains(held.getId(), "pending", "alice by claude", "10.1.2.3", "of clinic")
                .contains("this takes an approval (45 CFR 164.312)")
                .contains("takes    1 of privacy-officers")
                .contains("grants   one run")
                .contains("update patients set name = 'x'");

        TestingTerminal machine = officer();
        run(0, machine, "show", held.getId(), "--json");
        assertThat(json(machine).get("state").asString()).isEqualTo("pending");
        assertThat(json(machine).get("operation").asString()).startsWith("update patients");
        assertThat(json(machine).get("grant").asString()).isEqualTo("once");

        // To whoever may not see it there is none.
        TestingTerminal outsider = person("otto");
        run(1, outsider, "show", held.getId());
        TestingTerminal wrong = officer();
        run(1, wrong, "show", "ap-nothing");
        assertThat(outsider.err()).isEqualTo(wrong.err()).contains("there is no such approval");
    }

    @Test
    void approvesOnceWithAReason() {
        Approval held = hold();
        TestingTerminal silent = officer();
        run(2, silent, "approve", held.getId());
        assertThat(silent.err()).contains("--because").contains("approvals approve --help");
        TestingTerminal empty = officer();
        run(1, empty, "approve", held.getId(), "--because", " ");
        assertThat(empty.err()).contains("`justification` is empty; say why");

        TestingTerminal officer = officer();
        run(0, officer, "approve", held.getId(), "--because", "ticket-4711", "--json");
        assertThat(json(officer).get("state").asString()).isEqualTo("approved");
        assertThat(json(officer).get("breakGlass").asBoolean()).isFalse();
        JsonNode vote = json(officer).get("votes").get(0);
        assertThat(vote.get("voter").asString()).isEqualTo("olivia");
        assertThat(vote.get("justification").asString()).isEqualTo("ticket-4711");

        TestingTerminal again = person("omar", "privacy-officers");
        run(1, again, "approve", held.getId(), "--because", "me too");
        assertThat(again.err()).contains("is approved already; nothing is left to decide");
        TestingTerminal outside = person("otto");
        run(1, outside, "approve", hold().getId(), "--because", "please");
        assertThat(outside.err()).contains("takes a member of `privacy-officers`");
    }

    @Test
    void breaksTheGlassAloneForThoseWhoMayAndMarksIt() {
        Approval held = hold();
        TestingTerminal officer = officer();
        run(1, officer, "approve", held.getId(), "--break-glass", "--because", "urgent");
        assertThat(officer.err()).contains("breaking the glass takes a member of `on-call`");
        TestingTerminal onCall = person("nora", "on-call");
        run(1, onCall, "approve", held.getId(), "--because", "urgent");
        assertThat(onCall.err()).contains("takes a member of `privacy-officers`");

        TestingTerminal breaking = person("nora", "on-call");
        run(0, breaking, "approve", held.getId(), "--break-glass", "--because", "cardiac arrest");
        assertThat(breaking.out()).contains("by break-glass rights").contains("approved by nora");
    }

    @Test
    void deniesForGood() {
        Approval held = hold();
        TestingTerminal officer = officer();
        run(0, officer, "deny", held.getId(), "--because", "no patient named");
        assertThat(officer.out()).contains("denied by olivia").contains("no patient named");
        TestingTerminal machine = officer();
        run(0, machine, "show", held.getId(), "--json");
        assertThat(json(machine).get("state").asString()).isEqualTo("denied");
        TestingTerminal late = officer();
        run(1, late, "approve", held.getId(), "--because", "changed my mind");
        assertThat(late.err()).contains("is denied already");
        TestingTerminal list = officer();
        run(0, list, "list", "--all", "--json");
        assertThat(json(list)).anySatisfy(one -> {
            assertThat(one.get("id").asString()).isEqualTo(held.getId());
            assertThat(one.get("state").asString()).isEqualTo("denied");
        });
    }

    @Test
    void saysWhatIsWrongWithAToken() throws Exception {
        String held = hold().getId();
        TestingTerminal none = new TestingTerminal(Map.of("CHAPERONE_APPROVALS", server()), directory);
        run(1, none, "list");
        assertThat(none.err()).contains("there is no token").contains("$CHAPERONE_TOKEN");
        String other = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvbGl2aWEifQ.";
        TestingTerminal forged = bearing(other);
        run(1, forged, "approve", held, "--because", "mine");
        assertThat(forged.err()).contains("token").doesNotContain(other);
        TestingTerminal late = bearing(oidc.token(TokenSpec.of("olivia")
                .withAuthorizedParty("desk")
                .withGroups("privacy-officers")
                .withLifetime(Duration.ofMinutes(-5))));
        run(1, late, "approve", held, "--because", "mine");
        assertThat(late.err()).contains("expired");
        TestingTerminal agent =
                bearing(oidc.token(TokenSpec.of("olivia").withAgent("claude").withGroups("privacy-officers")));
        run(1, agent, "approve", held, "--because", "mine");
        assertThat(agent.err()).contains("only a person in person decides");

        Files.writeString(
                directory.resolve("token"),
                oidc.token(TokenSpec.of("olivia").withAuthorizedParty("desk").withGroups("privacy-officers")) + "\n");
        TestingTerminal file = new TestingTerminal(Map.of("CHAPERONE_APPROVALS", server()), directory);
        run(0, file, "approve", held, "--because", "mine", "--token-file", "token");
    }

    @Test
    void saysWhereItLookedForTheService() {
        int nobody = TestingSite.freePort();
        TestingTerminal lost = officer();
        run(1, lost, "list", "--server", "127.0.0.1:" + nobody);
        assertThat(lost.err())
                .contains("the approval service at `127.0.0.1:" + nobody + "` does not answer")
                .contains("check --server");
        // What speaks no TLS gets no token.
        TestingTerminal tls = officer();
        assertThat(tls.run("approvals", "list")).isEqualTo(1);
        assertThat(tls.err()).contains("does not answer").contains("--ca or --plaintext");
    }

    @Test
    void watchesWhatIsHeldAndWhatBecomesOfIt() throws Exception {
        TestingTerminal watching = officer();
        CompletableFuture<Void> watch =
                CompletableFuture.runAsync(() -> run(0, watching, "watch", "--count", "1", "--json"));
        // When the stream is open cannot be seen: something is held until it tells of it.
        List<String> held = new ArrayList<>();
        Await.until(
                () -> {
                    if (watch.isDone()) {
                        return true;
                    }
                    Approval one = hold();
                    held.add(one.getId());
                    ApprovalServiceGrpc.newBlockingStub(enforcer)
                            .withDeadlineAfter(60, TimeUnit.SECONDS)
                            .cancel(CancelRequest.newBuilder()
                                    .setId(one.getId())
                                    .build());
                    return false;
                },
                watching::out);
        watch.get(60, TimeUnit.SECONDS);
        assertThat(held).contains(json(watching).get("id").asString());
        assertThat(json(watching).get("state").asString()).isIn("pending", "cancelled");
    }
}
