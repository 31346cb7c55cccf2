package dev.chaperone.cli;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Those who are told of what is held: web-hooks and a mail server on this machine, which look at what they get themselves. */
final class TestingReceivers implements AutoCloseable {

    private static final byte[] KEY = "thirty-two-bytes-of-a-shared-key".getBytes(StandardCharsets.UTF_8);
    private static final long FRESH_SECONDS = 300;

    private final HttpServer http;
    private final GreenMail mail = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final Map<String, List<String>> refused = new ConcurrentHashMap<>();
    private final Set<String> refusing = ConcurrentHashMap.newKeySet();

    /**
     * What a web-hook got.
     *
     * @param signed whether the receiver's own computation finds the signature right, and its time fresh
     */
    record Received(String hook, Map<String, String> headers, String body, boolean signed) {

        String header(String name) {
            return headers.getOrDefault(name, "");
        }
    }

    private TestingReceivers(HttpServer http) {
        this.http = http;
    }

    static TestingReceivers start() throws IOException {
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        TestingReceivers receivers = new TestingReceivers(http);
        http.createContext("/", receivers::take);
        http.start();
        receivers.mail.start();
        return receivers;
    }

    int smtpPort() {
        return mail.getSmtp().getPort();
    }

    /** What a configuration refers to. */
    Map<String, String> secrets() {
        Map<String, String> secrets = new HashMap<>();
        for (String hook : List.of("desk", "chat", "room")) {
            secrets.put(
                    hook.toUpperCase(Locale.ROOT) + "_HOOK",
                    "http://127.0.0.1:" + http.getAddress().getPort() + "/" + hook);
        }
        secrets.put("DESK_SECRET", "whsec_" + Base64.getEncoder().encodeToString(KEY));
        return secrets;
    }

    /** The next call of that hook is refused. */
    void refuseFirst(String hook) {
        refusing.add(hook);
    }

    /** Ids of the notices that a hook has refused. */
    List<String> refused(String hook) {
        return refused.getOrDefault(hook, List.of());
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            String hook = exchange.getRequestURI().getPath().substring(1);
            byte[] body = exchange.getRequestBody().readAllBytes();
            Map<String, String> headers = new HashMap<>();
            exchange.getRequestHeaders()
                    .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.get(0)));
            if (refusing.remove(hook)) {
                refused.computeIfAbsent(hook, key -> new CopyOnWriteArrayList<>())
                        .add(headers.getOrDefault("webhook-id", ""));
                exchange.sendResponseHeaders(503, -1);
                return;
            }
            received.add(new Received(hook, headers, new String(body, StandardCharsets.UTF_8), signed(headers, body)));
            exchange.sendResponseHeaders(204, -1);
        }
    }

    /** As standardwebhooks.com tells receivers to. */
    private static boolean signed(Map<String, String> headers, byte[] body) {
        String id = headers.getOrDefault("webhook-id", "");
        String time = headers.getOrDefault("webhook-timestamp", "0");
        if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(time)) > FRESH_SECONDS) {
            return false;
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
            mac.update((id + "." + time + ".").getBytes(StandardCharsets.UTF_8));
            String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
            return MessageDigest.isEqual(
                    expected.getBytes(StandardCharsets.UTF_8),
                    headers.getOrDefault("webhook-signature", "").getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a hook got about an approval, and that contains a word. */
    Received await(String hook, String approval, String word) throws Exception {
        Await.until(() -> find(hook, approval, word) != null, () -> hook + " got " + received);
        Received found = find(hook, approval, word);
        if (found == null) {
            throw new AssertionError("it was there a moment ago");
        }
        return found;
    }

    private @Nullable Received find(String hook, String approval, String word) {
        return received.stream()
                .filter(one -> one.hook().equals(hook)
                        && one.body().contains(approval)
                        && one.body().contains(word))
                .findFirst()
                .orElse(null);
    }

    /** The text of the mail about an approval. */
    String awaitMail(String approval) throws Exception {
        StringBuilder found = new StringBuilder();
        Await.until(
                () -> {
                    for (MimeMessage message : mail.getReceivedMessages()) {
                        String text = message.getSubject() + "\n" + message.getContent();
                        if (found.isEmpty() && text.contains(approval)) {
                            found.append(text);
                        }
                    }
                    return !found.isEmpty();
                },
                () -> mail.getReceivedMessages().length + " mails came");
        return found.toString();
    }

    @Override
    public void close() {
        mail.stop();
        http.stop(0);
    }
}
