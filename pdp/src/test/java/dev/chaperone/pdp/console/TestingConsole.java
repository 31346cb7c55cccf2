package dev.chaperone.pdp.console;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.OidcBackend;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A console at a real provider, and what it takes to be its browser in a test without one. */
final class TestingConsole implements AutoCloseable {

    static final String ATTEMPT_COOKIE = "chaperone-sign-in";
    static final String SESSION_COOKIE = "chaperone-session";

    final TestingDesk desk;
    final TestingEvidence evidence;
    final OidcBackend provider;
    final ConsoleServer server;
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final HttpClient http = HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofSeconds(20))
            .build();

    private TestingConsole(
            OidcBackend provider,
            ConsoleConfig config,
            @Nullable ApprovalDesk other,
            Keep keep,
            TestingEvidence evidence) {
        this.provider = provider;
        this.evidence = evidence;
        this.desk = new TestingDesk(provider.issuer().toString());
        this.server = new ConsoleServer(config, other == null ? desk : other, keep, TestingFacts.FACTS, meters);
        server.start();
    }

    /** One on a free port of this machine, before a desk that lets everybody do everything. */
    static TestingConsole start() {
        return start(null, null);
    }

    /** One on a free port of this machine. */
    static TestingConsole start(ConsoleConfig.@Nullable Tls tls, @Nullable ApprovalDesk other) {
        return start(tls, other, new TestingKeep());
    }

    /** One that keeps its sessions there. */
    static TestingConsole start(ConsoleConfig.@Nullable Tls tls, @Nullable ApprovalDesk other, Keep keep) {
        OidcBackend provider = Backends.oidc();
        TestingEvidence evidence = TestingEvidence.start(provider.issuer().toString());
        return new TestingConsole(
                provider,
                new ConsoleConfig(
                        new ConsoleConfig.Listen("127.0.0.1", 0, tls, tls == null, null),
                        new ConsoleConfig.SignIn(
                                provider.issuer(),
                                "chaperone-console",
                                null,
                                List.of("openid", "profile"),
                                "groups",
                                true,
                                false,
                                Duration.ofSeconds(20)),
                        new ConsoleConfig.Roles(List.of("privacy-office"), List.of("auditors"), List.of("admins")),
                        ConsoleConfig.Limits.DEFAULTS,
                        new EvidenceSourceConfig(
                                List.of(EvidenceSourceConfig.IN_PROCESS + evidence.name),
                                null,
                                false,
                                Duration.ofSeconds(20))),
                other,
                keep,
                evidence);
    }

    /** Who is signed in, as their browser knows it. */
    record Login(String cookie, String csrf, JsonNode me) {}

    Login signIn(String subject, String groups) throws IOException, InterruptedException {
        HttpResponse<String> begun = get("/sign-in", null);
        String attempt = cookie(begun, ATTEMPT_COOKIE);
        HttpResponse<String> back = get(authorize(begun, subject, groups), attempt);
        String session = cookie(back, SESSION_COOKIE);
        JsonNode me = json(get("/api/me", session));
        return new Login(session, me.get("csrf").asString(), me);
    }

    /** Signs in at the provider; returns where it sends the browser. */
    String authorize(HttpResponse<String> begun, String subject, String groups)
            throws IOException, InterruptedException {
        String form = "username=" + subject + "&claims="
                + URLEncoder.encode("{\"groups\":[" + groups + "]}", StandardCharsets.UTF_8);
        HttpResponse<String> response = http.send(
                HttpRequest.newBuilder(URI.create(location(begun)))
                        .header("content-type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(form))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        URI back = URI.create(location(response));
        return back.getRawPath() + "?" + back.getRawQuery();
    }

    HttpResponse<String> get(String path, @Nullable String cookie) throws IOException, InterruptedException {
        return send(path, request -> cookie == null ? request : request.header("cookie", cookie));
    }

    HttpResponse<String> post(String path, String body, UnaryOperator<HttpRequest.Builder> more)
            throws IOException, InterruptedException {
        return send(path, request -> more.apply(request.POST(HttpRequest.BodyPublishers.ofString(body))));
    }

    /** What the console's own page sends. */
    HttpResponse<String> vote(Login who, String path, String justification) throws IOException, InterruptedException {
        return send(who, path, "{\"justification\":\"" + justification + "\",\"revision\":1}");
    }

    /** A change from the console's own page. */
    HttpResponse<String> send(Login who, String path, String body) throws IOException, InterruptedException {
        return post(
                path,
                body,
                request -> request.header("cookie", who.cookie())
                        .header("origin", server.origin().toString())
                        .header("x-chaperone-csrf", who.csrf())
                        .header("content-type", "application/json"));
    }

    private HttpResponse<String> send(String path, UnaryOperator<HttpRequest.Builder> more)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.origin().resolve(path))
                .version(HttpClient.Version.HTTP_1_1)
                .timeout(Duration.ofSeconds(30));
        return http.send(more.apply(request).build(), HttpResponse.BodyHandlers.ofString());
    }

    static String location(HttpResponse<String> response) {
        return response.headers()
                .firstValue("location")
                .orElseThrow(() -> new AssertionError(response.statusCode() + ": " + response.body()));
    }

    static String cookie(HttpResponse<String> response, String name) {
        return response.headers().allValues("set-cookie").stream()
                .filter(cookie -> cookie.startsWith(name + "="))
                .map(cookie -> cookie.split(";", 2)[0])
                .findFirst()
                .orElseThrow(() -> new AssertionError(response.statusCode() + ": " + response.body()));
    }

    static JsonNode json(HttpResponse<String> response) {
        return JsonMapper.builder().build().readTree(response.body());
    }

    @Override
    public void close() {
        server.close();
        evidence.close();
        provider.close();
    }
}
