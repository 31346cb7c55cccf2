package dev.chaperone.pdp.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.pdp.console.HeldOperation.State;
import dev.chaperone.pdp.console.TestingConsole.Login;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Who is told what about sessions, policies, enforcers and the ledger, asked past the pages. */
class ConsolePagesIT {

    private static TestingConsole console;

    @BeforeAll
    static void start() {
        console = TestingConsole.start();
    }

    @AfterAll
    static void stop() {
        console.close();
    }

    @ParameterizedTest
    @CsvSource({
        "/api/policies,   403, 200, 200, 200",
        "/api/enforcers,  403, 403, 200, 200",
        "/api/ledger,     403, 403, 200, 200",
        "/api/sessions/session-rivera/steps, 404, 404, 200, 404",
        "/api/sessions/unknown/steps, 404, 404, 404, 404",
        "/api/sessions/search, 404, 404, 404, 404",
        "/api/elsewhere, 404, 404, 404, 404"
    })
    void eachPathRefusesWhoseRolesItIsNotFor(String path, int requester, int approver, int auditor, int admin)
            throws Exception {
        assertThat(console.get(path, null).statusCode()).as("nobody").isEqualTo(401);
        assertThat(status(path, "\"clinicians\"")).as("requester").isEqualTo(requester);
        assertThat(status(path, "\"privacy-office\"")).as("approver").isEqualTo(approver);
        assertThat(status(path, "\"auditors\"")).as("auditor").isEqualTo(auditor);
        assertThat(status(path, "\"admins\"")).as("admin").isEqualTo(admin);
    }

    private static int status(String path, String group) throws Exception {
        return console.get(path, console.signIn("somebody", group).cookie()).statusCode();
    }

    @ParameterizedTest
    @CsvSource({"\"clinicians\", 403", "\"privacy-office\", 403", "\"auditors\", 200", "\"admins\", 200"})
    void verifyingIsForThoseWhoOversee(String group, int status) throws Exception {
        Login login = console.signIn("somebody", group);

        assertThat(console.send(login, "/api/ledger/verify", "{}").statusCode()).isEqualTo(status);
    }

    @Test
    void pagesAreOfferedByRole() throws Exception {
        assertThat(pages("\"clinicians\"")).containsExactly("approvals", "sessions");
        assertThat(pages("\"privacy-office\"")).containsExactly("approvals", "sessions", "policies");
        assertThat(pages("\"auditors\"")).containsExactly("approvals", "sessions", "policies", "enforcers", "evidence");
    }

    private static List<String> pages(String group) throws Exception {
        List<String> pages = new ArrayList<>();
        console.signIn("somebody", group).me().get("pages").forEach(page -> pages.add(page.asString()));
        return pages;
    }

    @Test
    void everybodyFindsTheirOwnSessionsAndAuditorsAll() throws Exception {
        assertThat(ids(search("dr.lund", "\"clinicians\"", "{}"))).containsExactly("session-lund");
        assertThat(ids(search("dr.lund", "\"privacy-office\"", "{\"subject\":\"dr.rivera\"}")))
                .as("not those of others, whatever is asked for")
                .isEmpty();
        assertThat(ids(search("eve", "\"auditors\"", "{}"))).containsExactly("session-rivera", "session-lund");
        assertThat(ids(search("eve", "\"auditors\"", "{\"subject\":\"dr.lund\"}")))
                .containsExactly("session-lund");
        assertThat(search("eve", "\"auditors\"", "{\"effect\":\"whatever\"}").statusCode())
                .isEqualTo(400);
        assertThat(search("eve", "\"auditors\"", "{\"from\":\"yesterday\"}").statusCode())
                .isEqualTo(400);
        assertThat(search("eve", "\"auditors\"", "no json").statusCode()).isEqualTo(400);
    }

    private static HttpResponse<String> search(String subject, String group, String conditions) throws Exception {
        return console.send(console.signIn(subject, group), "/api/sessions/search", conditions);
    }

    private static List<String> ids(HttpResponse<String> response) {
        List<String> ids = new ArrayList<>();
        TestingConsole.json(response)
                .get("sessions")
                .forEach(session -> ids.add(session.get("sessionId").asString()));
        return ids;
    }

    @Test
    void searchingTakesThePagesOwnWordAndOrigin() throws Exception {
        Login eve = console.signIn("eve", "\"auditors\"");

        HttpResponse<String> forged = console.post(
                "/api/sessions/search",
                "{}",
                request -> request.header("cookie", eve.cookie())
                        .header("origin", "https://elsewhere.example")
                        .header("x-chaperone-csrf", eve.csrf())
                        .header("content-type", "application/json"));

        assertThat(forged.statusCode()).isEqualTo(403);
    }

    @Test
    void aReplayComesInPartsAndSaysWhoLooks() throws Exception {
        Login eve = console.signIn("eve.replays", "\"auditors\"");
        List<Long> sequences = new ArrayList<>();
        String after = "";
        int parts = 0;
        while (true) {
            JsonNode part =
                    TestingConsole.json(console.get("/api/sessions/session-rivera/steps" + after, eve.cookie()));
            parts++;
            part.get("steps")
                    .forEach(step ->
                            sequences.add(Long.parseLong(step.get("sequence").asString())));
            if (part.get("next").isNull()) {
                break;
            }
            after = "?after=" + part.get("next").asLong();
        }

        assertThat(parts).isEqualTo(3);
        assertThat(sequences)
                .hasSize(TestingEvidence.STEPS)
                .doesNotHaveDuplicates()
                .isSorted();
        assertThat(console.evidence.readers)
                .filteredOn(reader -> reader.getPrincipal().getSubject().equals("eve.replays"))
                .hasSize(3)
                .allSatisfy(reader -> {
                    assertThat(reader.getPrincipal().getGroupsList()).containsExactly("auditors");
                    assertThat(reader.getPurpose()).isEqualTo("replay");
                });
        assertThat(console.get("/api/sessions/session-rivera/steps?after=-1", eve.cookie())
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void nobodyBeginsAReplayWhomTheProviderNoLongerVouchesFor() throws Exception {
        try (TestingConsole alone = TestingConsole.start()) {
            Login eve = alone.signIn("eve", "\"auditors\"");
            alone.provider.close();

            HttpResponse<String> answer = alone.get("/api/sessions/session-rivera/steps", eve.cookie());

            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(alone.evidence.readers).isEmpty();
        }
    }

    @Test
    void whoeverDecidesSeesWhatTheRequesterDidBefore() throws Exception {
        assertThat(console.desk.hold("before-1", "dr.rivera", "coding-agent", "select 1"))
                .isNotDone();
        assertThat(console.desk.hold("before-2", "dr.rivera", "coding-agent", "select 2"))
                .isNotDone();
        Login osei = console.signIn("dr.osei", "\"privacy-office\"");

        JsonNode before = TestingConsole.json(console.get("/api/approvals/before-2/before", osei.cookie()));

        assertThat(before.get("approvals").toString()).contains("before-1").doesNotContain("\"id\":\"before-2\"");
        assertThat(before.get("sessions").get("sessions").toString())
                .contains("session-rivera")
                .doesNotContain("session-lund");
        assertThat(console.evidence.readers)
                .anySatisfy(reader -> assertThat(reader.getPurpose()).isEqualTo("approval before-2"));
        assertThat(console.get(
                                "/api/approvals/before-2/before",
                                console.signIn("mallory", "").cookie())
                        .statusCode())
                .isEqualTo(404);
    }

    @Test
    void theGlassIsBrokenByWhoMayAndForApprovingAlone() throws Exception {
        CompletableFuture<State> agent = console.desk.hold("glass", "dr.rivera", "coding-agent", "select 1");
        String breaking = "{\"justification\":\"%s\",\"revision\":1,\"breakGlass\":true}";
        String path = "/api/approvals/glass/approve";
        Login onCall = console.signIn("dr.night", "\"on-call\"");

        assertThat(console.send(
                                console.signIn("dr.osei", "\"privacy-office\""),
                                path,
                                breaking.formatted("I approve anyway"))
                        .statusCode())
                .as("an approver whom the policy does not name")
                .isEqualTo(403);
        assertThat(console.send(console.signIn("dr.rivera", "\"on-call\""), path, breaking.formatted("mine"))
                        .statusCode())
                .as("one's own")
                .isEqualTo(403);
        assertThat(console.send(onCall, path, breaking.formatted(" ")).statusCode())
                .as("without a reason")
                .isEqualTo(400);
        assertThat(console.send(onCall, "/api/approvals/glass/deny", breaking.formatted("no"))
                        .statusCode())
                .isEqualTo(403);
        assertThat(console.vote(onCall, path, "just so").statusCode())
                .as("those on call approve by breaking the glass alone")
                .isEqualTo(403);
        assertThat(agent).isNotDone();
        JsonNode seen = TestingConsole.json(console.get("/api/approvals/glass", onCall.cookie()));
        assertThat(seen.get("powers").toString()).isEqualTo("{\"decide\":false,\"breakGlass\":true}");

        HttpResponse<String> broken = console.send(onCall, path, breaking.formatted("the patient is in theatre"));

        assertThat(broken.statusCode()).isEqualTo(200);
        assertThat(TestingConsole.json(broken)
                        .get("votes")
                        .get(0)
                        .get("breakGlass")
                        .asBoolean())
                .isTrue();
        assertThat(agent.get(20, TimeUnit.SECONDS)).isEqualTo(State.APPROVED);
    }

    @Test
    void denyingWhatHasChangedIsAConflict() throws Exception {
        assertThat(console.desk.hold("changed", "dr.rivera", "coding-agent", "select 1"))
                .isNotDone();
        Login osei = console.signIn("dr.osei", "\"privacy-office\"");

        HttpResponse<String> answer =
                console.send(osei, "/api/approvals/changed/deny", "{\"justification\":\"no\",\"revision\":7}");

        assertThat(answer.statusCode()).isEqualTo(409);
    }

    @Test
    void policiesAndEnforcersAreToldAsTheDecisionPointKnowsThem() throws Exception {
        Login eve = console.signIn("eve", "\"auditors\"");

        JsonNode policy = TestingConsole.json(console.get("/api/policies", eve.cookie()));
        JsonNode enforcers = TestingConsole.json(console.get("/api/enforcers", eve.cookie()));

        assertThat(policy.get("version").asString()).isEqualTo("abc123");
        assertThat(policy.get("problems").get(0).asString()).contains("`mistake`");
        assertThat(policy.get("rules").get(0).get("citation").asString()).isEqualTo("45 CFR 164.502(b)");
        assertThat(enforcers.get("policyVersion").asString()).isEqualTo("abc123");
        assertThat(enforcers.get("enforcers").get(0).get("decisions").asLong()).isEqualTo(7);
    }

    @Test
    void requestsAreCountedByAFewWordsHoweverManyPathsThereAre() throws Exception {
        for (int i = 0; i < 20; i++) {
            assertThat(console.get("/made-up-" + i, null).statusCode()).isEqualTo(404);
            assertThat(console.get("/api/approvals/made-up-" + i, null).statusCode())
                    .isEqualTo(401);
        }

        assertThat(console.meters
                        .get(ConsoleMetric.REQUESTS.id())
                        .tags("kind", "asset", "status", "404")
                        .timer()
                        .count())
                .isGreaterThanOrEqualTo(20);
        assertThat(console.meters.find(ConsoleMetric.REQUESTS.id()).timers()).hasSizeLessThan(30);
        assertThat(console.meters.get(ConsoleMetric.CONNECTIONS.id()).gauge().value())
                .isPositive();
    }

    @Test
    void whoSignsOutIsToldWhereToLeaveTheProviderWithoutAToken() throws Exception {
        Login eve = console.signIn("eve", "\"auditors\"");

        String goOn = TestingConsole.json(console.send(eve, "/sign-out", "{}"))
                .get("goOn")
                .asString();

        assertThat(goOn)
                .startsWith(console.provider.issuer().toString())
                .contains("client_id=chaperone-console", "post_logout_redirect_uri=")
                .doesNotContain("id_token_hint");
    }
}
