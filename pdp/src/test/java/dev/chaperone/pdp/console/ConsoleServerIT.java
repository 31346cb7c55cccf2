package dev.chaperone.pdp.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.pdp.console.HeldOperation.State;
import dev.chaperone.pdp.console.TestingConsole.Login;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The console's HTTP side, without a browser's good manners. */
class ConsoleServerIT {

    private static TestingConsole console;

    @BeforeAll
    static void start() {
        console = TestingConsole.start();
    }

    @AfterAll
    static void stop() {
        console.close();
    }

    @Test
    void pagesForbidWhateverTheyDoNotNeed() throws Exception {
        HttpResponse<String> page = console.get("/", null);

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-security-policy").orElse(""))
                .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'")
                .doesNotContain("unsafe", "http:", "https:", "*");
        assertThat(page.headers().firstValue("x-content-type-options")).hasValue("nosniff");
        assertThat(page.headers().firstValue("referrer-policy")).hasValue("no-referrer");
        assertThat(page.body()).doesNotContain("http://", "https://", "<style", " style=", " onclick=");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/me", "/api/approvals", "/api/approvals/some-id", "/api/events"})
    void nothingIsSaidToWhoIsNotSignedIn(String path) throws Exception {
        HttpResponse<String> none = console.get(path, null);
        HttpResponse<String> invented =
                console.get(path, TestingConsole.SESSION_COOKIE + "=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

        assertThat(none.statusCode()).isEqualTo(401);
        assertThat(invented.statusCode()).isEqualTo(401);
    }

    @Test
    void rolesComeFromGroups() throws Exception {
        assertThat(console.signIn("dr.osei", "\"privacy-office\"")
                        .me()
                        .get("roles")
                        .toString())
                .isEqualTo("[\"REQUESTER\",\"APPROVER\"]");
        assertThat(console.signIn("dr.osei", "\"clinicians\"").me().get("roles").toString())
                .isEqualTo("[\"REQUESTER\"]");
        assertThat(console.signIn("eve", "\"auditors\",\"admins\"")
                        .me()
                        .get("roles")
                        .toString())
                .isEqualTo("[\"REQUESTER\",\"AUDITOR\",\"ADMIN\"]");
    }

    @Test
    void signInAsksForCodeWithPkceAndIsTiedToTheBrowserThatBegan() throws Exception {
        HttpResponse<String> begun = console.get("/sign-in", null);
        String attempt = TestingConsole.cookie(begun, TestingConsole.ATTEMPT_COOKIE);
        String back = console.authorize(begun, "dr.osei", "\"privacy-office\"");

        assertThat(TestingConsole.location(begun))
                .contains("response_type=code", "code_challenge_method=S256", "code_challenge=", "state=", "nonce=");
        assertThat(begun.headers().firstValue("set-cookie").orElse("")).contains("HttpOnly", "SameSite=Lax");

        assertThat(console.get(back, null).statusCode()).as("another browser").isEqualTo(401);
        assertThat(console.get(back.replaceFirst("state=[^&]*", "state=other"), attempt)
                        .statusCode())
                .as("another state")
                .isEqualTo(401);
        assertThat(console.get(back, attempt).statusCode())
                .as("an attempt is good for one answer, be it a wrong one")
                .isEqualTo(401);
    }

    @Test
    void aCodeIsRedeemedWithTheVerifierThatItWasAskedForWith() throws Exception {
        HttpResponse<String> victim = console.get("/sign-in", null);
        String stolen =
                console.authorize(victim, "dr.osei", "\"privacy-office\"").replaceFirst(".*code=([^&]*).*", "$1");
        HttpResponse<String> begun = console.get("/sign-in", null);
        String back = console.authorize(begun, "mallory", "").replaceFirst("code=[^&]*", "code=" + stolen);

        HttpResponse<String> answer = console.get(back, TestingConsole.cookie(begun, TestingConsole.ATTEMPT_COOKIE));

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().allValues("set-cookie")).isEmpty();
    }

    @Test
    void approvingReleasesWhoWaits() throws Exception {
        CompletableFuture<State> agent = console.desk.hold("http-approve", "dr.rivera", "coding-agent", "select 1");
        Login osei = console.signIn("dr.osei", "\"privacy-office\"");

        HttpResponse<String> answer = console.vote(osei, "/api/approvals/http-approve/approve", "cohort agreed");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(agent.get(20, TimeUnit.SECONDS)).isEqualTo(State.APPROVED);
        assertThat(console.vote(osei, "/api/approvals/http-approve/approve", "again")
                        .statusCode())
                .isEqualTo(409);
    }

    @Test
    void nobodyDecidesWhileTheProviderCannotBeAskedForTheirGroups() throws Exception {
        try (TestingConsole alone = TestingConsole.start()) {
            CompletableFuture<State> agent = alone.desk.hold("http-gone", "dr.rivera", "coding-agent", "select 1");
            Login osei = alone.signIn("dr.osei", "\"privacy-office\"");
            alone.provider.close();

            HttpResponse<String> answer = alone.vote(osei, "/api/approvals/http-gone/approve", "agreed");

            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.body()).contains("cannot be reached");
            assertThat(agent).isNotDone();
        }
    }

    @Test
    void aChangeTakesOriginAndWordAndJson() throws Exception {
        CompletableFuture<State> agent = console.desk.hold("http-csrf", "dr.rivera", "coding-agent", "select 1");
        Login osei = console.signIn("dr.osei", "\"privacy-office\"");
        String path = "/api/approvals/http-csrf/approve";
        String body = "{\"justification\":\"x\",\"revision\":1}";
        String origin = console.server.origin().toString();

        HttpResponse<String> noOrigin = console.post(
                path,
                body,
                request -> request.header("cookie", osei.cookie())
                        .header("x-chaperone-csrf", osei.csrf())
                        .header("content-type", "application/json"));
        HttpResponse<String> otherOrigin = console.post(
                path,
                body,
                request -> request.header("cookie", osei.cookie())
                        .header("origin", "https://elsewhere.example")
                        .header("x-chaperone-csrf", osei.csrf())
                        .header("content-type", "application/json"));
        HttpResponse<String> noWord = console.post(
                path,
                body,
                request -> request.header("cookie", osei.cookie())
                        .header("origin", origin)
                        .header("content-type", "application/json"));
        HttpResponse<String> form = console.post(
                path,
                body,
                request -> request.header("cookie", osei.cookie())
                        .header("origin", origin)
                        .header("x-chaperone-csrf", osei.csrf())
                        .header("content-type", "text/plain"));

        assertThat(noOrigin.statusCode()).isEqualTo(403);
        assertThat(otherOrigin.statusCode()).isEqualTo(403);
        assertThat(noWord.statusCode()).isEqualTo(403);
        assertThat(form.statusCode()).isEqualTo(400);
        assertThat(agent).isNotDone();
    }

    @Test
    void nobodyDecidesOnTheirOwnNorWithoutTheGroupNorWithoutAReason() throws Exception {
        CompletableFuture<State> agent = console.desk.hold("http-own", "dr.rivera", "coding-agent", "select 1");
        String path = "/api/approvals/http-own/approve";

        HttpResponse<String> own = console.vote(console.signIn("dr.rivera", "\"privacy-office\""), path, "please");
        HttpResponse<String> otherCase =
                console.vote(console.signIn("DR.Rivera", "\"privacy-office\""), path, "please");
        HttpResponse<String> theAgent =
                console.vote(console.signIn("coding-agent", "\"privacy-office\""), path, "please");
        HttpResponse<String> auditor = console.vote(console.signIn("eve", "\"auditors\""), path, "please");
        HttpResponse<String> stranger = console.vote(console.signIn("mallory", ""), path, "please");
        HttpResponse<String> silent = console.vote(console.signIn("dr.osei", "\"privacy-office\""), path, "  ");

        assertThat(own.statusCode()).isEqualTo(403);
        assertThat(own.body()).contains("nobody decides on a request of their own");
        assertThat(otherCase.statusCode()).isEqualTo(403);
        assertThat(theAgent.statusCode()).isEqualTo(403);
        assertThat(auditor.statusCode()).isEqualTo(403);
        assertThat(stranger.statusCode()).as("not even that it exists").isEqualTo(404);
        assertThat(silent.statusCode()).isEqualTo(400);
        assertThat(agent).isNotDone();
    }

    @Test
    void requestersSeeTheirOwnAlone() throws Exception {
        assertThat(console.desk.hold("http-mine", "dr.lund", "coding-agent", "select 1"))
                .isNotDone();
        assertThat(console.desk.hold("http-theirs", "dr.rivera", "coding-agent", "select 1"))
                .isNotDone();
        Login lund = console.signIn("dr.lund", "\"clinicians\"");

        assertThat(console.get("/api/approvals", lund.cookie()).body())
                .contains("http-mine")
                .doesNotContain("http-theirs");
        assertThat(console.get("/api/approvals/http-theirs", lund.cookie()).statusCode())
                .isEqualTo(404);
    }

    @Test
    void whoHasSignedOutIsOut() throws Exception {
        Login osei = console.signIn("dr.osei", "\"privacy-office\"");

        HttpResponse<String> out = console.vote(osei, "/sign-out", "");

        assertThat(out.statusCode()).isEqualTo(200);
        assertThat(console.get("/api/me", osei.cookie()).statusCode()).isEqualTo(401);
    }

    @Test
    void aStreamTellsOfChangesWithoutSayingWhat() throws Exception {
        Login osei = console.signIn("dr.osei", "\"privacy-office\"");
        HttpResponse<InputStream> stream = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(console.server.origin().resolve("/api/events"))
                                .version(HttpClient.Version.HTTP_1_1)
                                .header("cookie", osei.cookie())
                                .build(),
                        HttpResponse.BodyHandlers.ofInputStream());
        byte[] event = "event: changed\ndata: look\n\n".getBytes(StandardCharsets.US_ASCII);
        try (InputStream body = stream.body()) {
            assertThat(body.readNBytes(event.length)).as("on connecting").isEqualTo(event);
            assertThat(console.desk.hold("http-stream", "dr.rivera", "coding-agent", "select secret"))
                    .isNotDone();
            assertThat(body.readNBytes(event.length)).as("on a change").isEqualTo(event);
        }
    }

    @Test
    void anotherNameForThisServerIsRefused() throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + console.server.port() + "/"))
                                .version(HttpClient.Version.HTTP_1_1)
                                .build(),
                        HttpResponse.BodyHandlers.ofString());

        assertThat(answer.statusCode()).isEqualTo(421);
        assertThat(answer.body()).contains(console.server.origin().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../pom.xml",
                "/%2e%2e/pom.xml",
                "/package-info.class",
                "/api/approvals/..%2f..%2fx",
                "/console.css/",
                "/%00"
            })
    void onlyListedFilesAreServed(String path) throws Exception {
        assertThat(raw("GET " + path + " HTTP/1.1\r\nhost: localhost:" + console.server.port()
                        + "\r\nconnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", "GET /%zz HTTP/1.1\r\nhost: x\r\n\r\n"})
    void whatCannotBeReadIsRefusedAndTheConnectionEnds(String request) throws Exception {
        assertThat(raw(request.replace("HTTP/1.1\r\n", "HTTP/1.1\r\nconnection: close\r\n")))
                .startsWith("HTTP/1.1 4");
    }

    @Test
    void aBodyThatIsTooLongIsRefused() throws Exception {
        assertThat(raw("POST /sign-out HTTP/1.1\r\nhost: localhost:" + console.server.port()
                        + "\r\nconnection: close\r\ncontent-length: 1000000\r\n\r\n"))
                .startsWith("HTTP/1.1 413");
    }

    private static String raw(String request) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), console.server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
