package dev.chaperone.pdp.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import dev.chaperone.pdp.notify.NotifierConfig.Format;
import dev.chaperone.pdp.notify.NotifierConfig.Occasion;
import dev.chaperone.pdp.notify.NotifierConfig.Webhook;
import dev.chaperone.proto.Secret;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against a real HTTP server. */
final class WebhookChannelTest {

    private static final Secret SECRET = new Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_700_000_001), ZoneOffset.UTC);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private record Received(String path, Headers headers, byte[] body) {}

    private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    private HttpServer server;
    private volatile int status = 204;
    private volatile boolean endless;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            received.add(new Received(
                    exchange.getRequestURI().getPath(),
                    exchange.getRequestHeaders(),
                    exchange.getRequestBody().readAllBytes()));
            exchange.getResponseHeaders().set("Location", "/elsewhere");
            if (endless) {
                exchange.sendResponseHeaders(status, 0);
                exchange.getResponseBody().write('x');
                exchange.getResponseBody().flush();
                return; // and nothing more comes
            }
            if (status != 0) {
                exchange.sendResponseHeaders(status, -1);
                exchange.close();
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private WebhookChannel channel(Format format, @Nullable Secret secret, Duration patience) {
        Secret url = new Secret("http://127.0.0.1:" + server.getAddress().getPort() + "/hook");
        return new WebhookChannel(
                "desk", new Webhook(url, format, secret, List.of(Occasion.CREATED), false), patience, CLOCK);
    }

    private Received post(Format format, Kind kind, String agent) throws Exception {
        channel(format, SECRET, PATIENCE).deliver(TestingEvents.event(kind, agent));
        return received.remove();
    }

    @Test
    void signsAsTheSpecificationSays() throws Exception {
        Received post = post(Format.CHAPERONE, Kind.KIND_CREATED, "claude");
        assertThat(post.headers().getFirst("webhook-id")).isEqualTo("5c1f4f3e-0000-4000-8000-000000000001");
        assertThat(post.headers().getFirst("webhook-timestamp")).isEqualTo("1700000001");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "HmacSHA256"));
        mac.update("5c1f4f3e-0000-4000-8000-000000000001.1700000001.".getBytes(StandardCharsets.UTF_8));
        assertThat(post.headers().getFirst("webhook-signature"))
                .isEqualTo("v1," + Base64.getEncoder().encodeToString(mac.doFinal(post.body())));
    }

    /** The example of the specification's reference implementations. */
    @Test
    void signsTheKnownExample() {
        byte[] key = WebhookSignature.decode("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assertThat(WebhookSignature.of(
                        key,
                        "msg_p5jXN8AQM9LWM0D4loKWxJek",
                        1_614_265_330,
                        "{\"test\": 2432232314}".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @Test
    void saysWhoWaitsForWhat() throws Exception {
        JsonNode body = new JsonMapper()
                .readTree(post(Format.CHAPERONE, Kind.KIND_CREATED, "claude").body());
        assertThat(body.at("/type").stringValue()).isEqualTo("approval.created");
        assertThat(body.at("/data/approval").stringValue()).isEqualTo("ap-7");
        assertThat(body.at("/data/url").stringValue()).isEqualTo(TestingEvents.LINK);
        assertThat(body.at("/data/title").stringValue()).isEqualTo("claude for nurse.li waits for approval");
        assertThat(body.at("/data/facts/On").stringValue()).isEqualTo("clinic: public.patients");
        assertThat(body.at("/data/facts/Why").stringValue()).isEqualTo("more than 1000 patients");
        assertThat(body.at("/data/facts/Until").stringValue()).isEqualTo("2023-11-14T22:28:20Z");
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void saysNothingOfWhatWasAskedOrWritten(Format format) throws Exception {
        for (Kind kind : Kind.values()) {
            if (kind != Kind.UNRECOGNIZED) {
                assertThat(new String(post(format, kind, "claude").body(), StandardCharsets.UTF_8))
                        .as(kind.name())
                        .contains("nurse.li")
                        .doesNotContain(TestingEvents.CANARY);
            }
        }
    }

    @Test
    void givesSlackNoMarkup() throws Exception {
        JsonNode body = new JsonMapper()
                .readTree(post(Format.SLACK, Kind.KIND_CREATED, "<!channel> *x*\nnext")
                        .body());
        assertThat(body.at("/text").stringValue())
                .isEqualTo("&lt;!channel&gt; *x* next for nurse.li waits for approval");
        assertThat(body.at("/blocks/0/text/type").stringValue()).isEqualTo("plain_text");
        assertThat(body.at("/blocks/1/fields").findValuesAsString("type")).containsOnly("plain_text");
        assertThat(body.at("/blocks/2/elements/0/url").stringValue()).isEqualTo(TestingEvents.LINK);
    }

    @Test
    void givesTeamsACardOfPlainRuns() throws Exception {
        JsonNode card = new JsonMapper()
                .readTree(post(Format.TEAMS, Kind.KIND_BREAK_GLASS, "[x](https://evil.example)")
                        .body())
                .at("/attachments/0/content");
        assertThat(card.at("/type").stringValue()).isEqualTo("AdaptiveCard");
        assertThat(card.at("/body").findValuesAsString("type")).containsOnly("RichTextBlock", "TextRun");
        assertThat(card.at("/body/0/inlines/0/text").stringValue())
                .isEqualTo(
                        "BREAK-GLASS: dr.rivera alone granted what [x](https://evil.example) for nurse.li asked for");
        assertThat(card.at("/body/0/inlines/0/color").stringValue()).isEqualTo("attention");
        assertThat(card.at("/actions/0/url").stringValue()).isEqualTo(TestingEvents.LINK);
    }

    @ParameterizedTest
    @CsvSource({"302", "400", "410", "500"})
    void isNotDeliveredUnlessTheReceiverSaysSo(int answer) {
        status = answer;
        assertThatIOException()
                .isThrownBy(() ->
                        channel(Format.CHAPERONE, SECRET, PATIENCE).deliver(TestingEvents.event(Kind.KIND_CREATED)))
                .withMessage("the web-hook `desk` answered " + answer);
        assertThat(received).extracting(Received::path).containsExactly("/hook");
    }

    @Test
    void doesNotWaitForEver() {
        status = 0;
        assertThatExceptionOfType(HttpTimeoutException.class)
                .isThrownBy(() -> channel(Format.CHAPERONE, SECRET, Duration.ofMillis(200))
                        .deliver(TestingEvents.event(Kind.KIND_CREATED)));
    }

    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void doesNotWaitForTheEndOfWhatTheReceiverSays() throws Exception {
        endless = true;
        status = 200;
        channel(Format.CHAPERONE, SECRET, PATIENCE).deliver(TestingEvents.event(Kind.KIND_CREATED));
        status = 500;
        assertThatIOException()
                .isThrownBy(() ->
                        channel(Format.CHAPERONE, SECRET, PATIENCE).deliver(TestingEvents.event(Kind.KIND_CREATED)))
                .withMessage("the web-hook `desk` answered 500");
    }

    @Test
    void isToldOfBreakGlassWhateverItWants() {
        WebhookChannel channel = channel(Format.CHAPERONE, SECRET, PATIENCE);
        assertThat(channel.wants(Kind.KIND_CREATED)).isTrue();
        assertThat(channel.wants(Kind.KIND_BREAK_GLASS)).isTrue();
        assertThat(channel.wants(Kind.KIND_DENIED)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "ftp://example.org/x,`url` does not refer to an address",
        "http://example.org/x,without TLS",
        "'https://exa mple.org/secret',`url` does not refer to a URL",
    })
    void refusesAddressesWithoutPrintingThem(String url, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Webhook(new Secret(url), Format.SLACK, null, List.of(), false))
                .withMessageContaining(why)
                .satisfies(refused -> assertThat(refused).message().doesNotContain("secret"));
    }

    @Test
    void refusesKeysThatAreMissingOrShort() {
        Secret url = new Secret("https://example.org/");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Webhook(url, Format.CHAPERONE, null, List.of(), false))
                .withMessageContaining("`secret` is missing");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Webhook(url, Format.CHAPERONE, new Secret("short"), List.of(), false))
                .withMessageContaining("shorter than 24 bytes");
    }
}
