package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.chaperone.audit.ReplayStep;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.PGConnection;

/** The terms that a rule gives for what it holds, from the rule to what the agent gets: as docs/approvals.md has them. */
class HoldTermsIT {

    private static final String POLICY = """
            package site

            rule "departments, for a session"
                @reason("departments are asked about once a session")
            when
                Table( name == "departments" )
                exists Field( relation == "departments", name == "floor" )
            then
                verdict.hold();
                verdict.approvers("stewards");
                verdict.grant("session", "30m");
            end

            rule "departments, all of them"
                @reason("that many departments are a census")
            when
                Table( name == "departments" )
                not Field( relation == "departments", name == "floor" )
            then
                verdict.limitRows(2);
                verdict.approvers("census");
                verdict.grant("window", "1h");
            end

            rule "diagnoses, for a while"
                @reason("diagnoses are asked about once in a while")
            when
                Table( name == "diagnoses" )
            then
                verdict.hold();
                verdict.approvers("stewards");
                verdict.grant("window", "30m");
            end

            rule "claims, by both sides"
                @reason("money and privacy both have a say")
            when
                Table( name == "claims" )
            then
                verdict.hold();
                verdict.approversFromEach("privacy-officers", "billing");
            end

            rule "encounters, in an emergency"
                @reason("notes on encounters are asked about")
            when
                Table( name == "encounters" )
            then
                verdict.hold();
                verdict.approvers("privacy-officers", 2);
                verdict.breakGlass("on-call");
            end
            """;

    /** Clients come from other addresses of this machine, which are as good as other machines. */
    private static final String ZONES = """
            zones:
              trusted:
                networks: [127.0.0.1]
              guests:
                networks: [127.0.0.9]
            """;

    private static final String HERE = "127.0.0.1";

    @TempDir
    static Path directory;

    private static final Queue<String> NOTICES = new ConcurrentLinkedQueue<>();
    private static HttpServer chat;
    private static HeldSite site;

    @BeforeAll
    static void start() throws Exception {
        chat = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        chat.createContext("/", exchange -> {
            NOTICES.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        chat.start();
        site = HeldSite.start(
                directory,
                POLICY,
                ZONES,
                "http://127.0.0.1:" + chat.getAddress().getPort() + "/");
    }

    @AfterAll
    static void stop() {
        try (Closing closing = new Closing()) {
            closing.add(() -> chat.stop(0));
            closing.add(site);
        }
    }

    @Test
    void aGrantForASessionIsGoodForThatSession() throws Exception {
        String sql = "SELECT name FROM clinic.departments WHERE floor = 2";
        try (Connection agent = site.agent(HERE);
                Connection other = site.agent(HERE)) {
            CompletableFuture<HeldSite.Came> running = TestingHolds.background(() -> HeldSite.run(agent, sql));
            String id = site.held(sql);
            assertThat(site.shown(id)).contains("1 of stewards", "in the same session, for 30 min");
            site.person("sten", "stewards").does("approve", id, "--because", "the round of this morning");
            assertThat(HeldSite.await(running).notices()).contains("is held for approval `" + id + "`");

            HeldSite.Came again = HeldSite.run(agent, sql);
            assertThat(again.rows()).isEqualTo(2);
            assertThat(again.notices())
                    .contains("runs by the grant `" + id + "`")
                    .doesNotContain("held");

            // It is exactly this statement, and exactly this session.
            CompletableFuture<HeldSite.Came> more =
                    TestingHolds.background(() -> HeldSite.run(agent, sql + " OR floor = 3"));
            String asked = site.held(sql + " OR floor = 3");
            site.person("sten", "stewards").does("deny", asked, "--because", "not that");
            assertThat(TestingHolds.refusal(more)).contains("not that");
            CompletableFuture<HeldSite.Came> elsewhere = TestingHolds.background(() -> HeldSite.run(other, sql));
            String anew = site.held(sql);
            assertThat(anew).isNotEqualTo(id);
            site.person("sten", "stewards").does("deny", anew, "--because", "ask in the other one");
            assertThat(TestingHolds.refusal(elsewhere)).contains("ask in the other one");
        }
    }

    @Test
    void aGrantForAWhileIsGoodInEverySessionUntilItLapses() throws Exception {
        String sql = "SELECT icd10 FROM clinic.diagnoses WHERE diagnosis_id <= 3";
        String id;
        try (Connection agent = site.agent(HERE)) {
            CompletableFuture<HeldSite.Came> running = TestingHolds.background(() -> HeldSite.run(agent, sql));
            id = site.held(sql);
            site.person("sten", "stewards").does("approve", id, "--because", "the audit of this week");
            assertThat(HeldSite.await(running).rows()).isEqualTo(3);
        }
        try (Connection agent = site.agent(HERE)) {
            HeldSite.Came again = HeldSite.run(agent, sql);
            assertThat(again.rows()).isEqualTo(3);
            assertThat(again.notices()).contains("runs by the grant `" + id + "`");

            site.lapse(id);
            CompletableFuture<HeldSite.Came> late = TestingHolds.background(() -> HeldSite.run(agent, sql));
            String anew = site.held(sql);
            assertThat(anew).isNotEqualTo(id);
            assertThat(site.state(id)).isEqualTo("EXPIRED");
            site.person("sten", "stewards").does("deny", anew, "--because", "the audit is over");
            assertThat(TestingHolds.refusal(late)).contains("the audit is over");
        }
    }

    @Test
    void somebodyOfEachGroupHasToConsent() throws Exception {
        String sql = "SELECT amount FROM billing.claims WHERE claim_id = 1";
        try (Connection agent = site.agent(HERE)) {
            CompletableFuture<HeldSite.Came> running = TestingHolds.background(() -> HeldSite.run(agent, sql));
            String id = site.held(sql);
            assertThat(site.shown(id)).contains("somebody from each of billing, privacy-officers");
            site.person("olivia", "privacy-officers").does("approve", id, "--because", "fine by me");
            assertThat(site.person("olivia", "privacy-officers").cannot("approve", id, "--because", "still fine"))
                    .contains("already");
            // Two people, and yet nobody of the other group.
            site.person("oscar", "privacy-officers").does("approve", id, "--because", "fine by me, too");
            assertThat(site.state(id)).isEqualTo("PENDING");
            assertThat(running).isNotDone();
            site.person("bella", "billing").does("approve", id, "--because", "the invoice is disputed");
            assertThat(HeldSite.await(running).rows()).isEqualTo(1);
        }
    }

    @Test
    void whoBreaksTheGlassGrantsAloneAndEverybodyHearsOfIt() throws Exception {
        String sql = "SELECT attending FROM clinic.encounters WHERE encounter_id = 1";
        String id;
        try (Connection agent = site.agent(HERE)) {
            CompletableFuture<HeldSite.Came> running = TestingHolds.background(() -> HeldSite.run(agent, sql));
            id = site.held(sql);
            assertThat(site.shown(id)).contains("in an emergency, one of on-call");
            assertThat(site.person("olivia", "privacy-officers")
                            .cannot("approve", id, "--break-glass", "--because", "quicker"))
                    .contains("breaking the glass takes a member of `on-call`");
            HeldSite.Person onCall = site.person("noor", "on-call");
            assertThat(onCall.cannot("approve", id, "--because", "not by these rights"))
                    .contains("deciding on this takes a member of `privacy-officers`");
            assertThat(onCall.cannot("approve", id, "--break-glass", "--because", " "))
                    .contains("`justification` is empty");
            assertThat(running).isNotDone();

            assertThat(onCall.does("approve", id, "--break-glass", "--because", "the patient is unconscious"))
                    .contains("by break-glass rights", "approved by noor breaking the glass");

            assertThat(HeldSite.await(running).rows()).isEqualTo(1);
            Await.until(
                    () -> NOTICES.stream()
                            .anyMatch(notice -> notice.contains("\"approval.break-glass\"")
                                    && notice.contains(id)
                                    && notice.contains("BREAK-GLASS: noor alone granted")
                                    && notice.contains("\"urgent\":true")),
                    NOTICES::toString);
            assertThat(site.shown(id)).contains("by break-glass rights", "the patient is unconscious");
        }
        String approval = id;
        assertThat(site.recorded(approval).steps())
                .filteredOn(ReplayStep.HoldEnded.class::isInstance)
                .singleElement()
                .satisfies(step -> {
                    ReplayStep.HoldEnded ended = (ReplayStep.HoldEnded) step;
                    assertThat(ended.approval()).isEqualTo(approval);
                    assertThat(ended.outcome()).isEqualTo("granted");
                    assertThat(ended.breakGlass()).isTrue();
                    assertThat(ended.votes())
                            .containsExactly(new ReplayStep.Vote("noor", true, "the patient is unconscious", true));
                });
    }

    @Test
    void aLimitIsLiftedByWhomItsRuleNames() throws Exception {
        String sql = "SELECT name FROM clinic.departments ORDER BY name";
        try (Connection agent = site.agent(HERE)) {
            CompletableFuture<HeldSite.Came> running = TestingHolds.background(() -> HeldSite.run(agent, sql));
            String id = site.held(sql);
            assertThat(site.shown(id)).contains("more than 2 rows", "1 of census", "that many departments");
            assertThat(site.person("olivia", "privacy-officers").cannot("approve", id, "--because", "a census"))
                    .contains("deciding on this takes a member of `census`");
            assertThat(running).isNotDone();
            site.person("clara", "census").does("approve", id, "--because", "a census");
            assertThat(HeldSite.await(running).rows()).isEqualTo(6);

            HeldSite.Came again = HeldSite.run(agent, sql);
            assertThat(again.rows()).isEqualTo(6);
            assertThat(again.notices()).contains("more than 2 rows are delivered by the grant `" + id + "`");
        }
    }

    private static byte[] export(Connection agent, String copy, ByteArrayOutputStream received) throws Exception {
        agent.unwrap(PGConnection.class).getCopyAPI().copyOut(copy, received);
        return received.toByteArray();
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.9,3", "127.0.0.8,4"})
    void anExportToAnUntrustedNetworkWaitsBeforeAnythingIsSent(String address, int patients) throws Exception {
        String copy = "COPY (SELECT patient_id, family_name FROM clinic.patients WHERE patient_id <= " + patients
                + ") TO STDOUT";
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        try (Connection agent = site.agent(address)) {
            CompletableFuture<byte[]> running = TestingHolds.background(() -> export(agent, copy, received));
            String id = site.held(copy);
            assertThat(site.shown(id)).contains("not trusted", "45 CFR 164.312(e)(1)");
            assertThat(received.size()).isZero();
            assertThat(running).isNotDone();
            site.person("olivia", "privacy-officers").does("approve", id, "--because", "the registry asked for it");
            assertThat(new String(HeldSite.await(running), StandardCharsets.UTF_8).lines())
                    .hasSize(patients);

            CompletableFuture<byte[]> again = TestingHolds.background(() -> export(agent, copy, received));
            String anew = site.held(copy);
            site.person("olivia", "privacy-officers").does("deny", anew, "--because", "once is enough");
            assertThat(TestingHolds.refusal(again)).contains("once is enough");
            assertThat(received.toString(StandardCharsets.UTF_8).lines()).hasSize(patients);
        }
    }

    @Test
    void anExportToATrustedNetworkDoesNotWait() throws Exception {
        try (Connection agent = site.agent(HERE)) {
            byte[] received =
                    export(agent, "COPY (SELECT sex FROM clinic.patients) TO STDOUT", new ByteArrayOutputStream());
            assertThat(new String(received, StandardCharsets.UTF_8).lines()).hasSize(5_000);
            assertThat(HeldSite.run(agent, "SELECT sex FROM clinic.patients").rows())
                    .isEqualTo(5_000);
        }
    }

    @Test
    void aBulkReadToAnUntrustedNetworkWaitsAtItsLimit() throws Exception {
        String sql = "SELECT state FROM clinic.patients";
        try (Connection agent = site.agent("127.0.0.9")) {
            assertThat(HeldSite.run(agent, sql + " LIMIT 1000").rows()).isEqualTo(1_000);
            CompletableFuture<HeldSite.Came> running = TestingHolds.background(() -> HeldSite.run(agent, sql));
            String id = site.held(sql);
            assertThat(site.shown(id)).contains("more than 1000 rows", "1 of privacy-officers");
            site.person("olivia", "privacy-officers").does("approve", id, "--because", "the registry asked for it");
            assertThat(HeldSite.await(running).rows()).isEqualTo(5_000);
        }
    }
}
