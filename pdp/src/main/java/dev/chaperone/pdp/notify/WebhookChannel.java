package dev.chaperone.pdp.notify;

import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.pdp.approval.Channel;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Posts notices to one address. Whatever answers other than 2xx did not take it; redirections are not followed. */
final class WebhookChannel implements Channel {

    private final String name;
    private final NotifierConfig.Webhook config;
    private final URI address;
    private final byte @Nullable [] key;
    private final Duration patience;
    private final Clock clock;
    private final HttpClient http;

    WebhookChannel(String name, NotifierConfig.Webhook config, Duration patience, Clock clock) {
        this.name = name;
        this.config = config;
        this.address = WebhookAddress.of(config.url(), config.plaintext());
        this.key = config.key();
        this.patience = patience;
        this.clock = clock;
        this.http = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(patience)
                .build();
    }

    @Override
    public String name() {
        return "webhook:" + name;
    }

    @Override
    public boolean wants(ApprovalEvent.Kind kind) {
        return NotifierConfig.Occasion.wanted(config.occasions(), kind);
    }

    @Override
    public boolean ordered() {
        return false;
    }

    @Override
    public void deliver(ApprovalEvent event) throws IOException, InterruptedException {
        Notice notice = Notice.of(event);
        byte[] body = WebhookBody.of(config.format(), notice);
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .timeout(patience)
                .header("Content-Type", "application/json")
                .header("User-Agent", "chaperone");
        byte[] secret = key;
        if (secret != null) {
            long now = clock.instant().getEpochSecond();
            request.header(WebhookSignature.ID, notice.id())
                    .header(WebhookSignature.TIMESTAMP, String.valueOf(now))
                    .header(WebhookSignature.SIGNATURE, WebhookSignature.of(secret, notice.id(), now, body));
        }
        HttpResponse<InputStream> response =
                http.send(request.POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofInputStream());
        // No timeout covers what comes after the headers: it is not waited for.
        response.body().close();
        if (response.statusCode() / 100 != 2) {
            throw new IOException("the web-hook `" + name + "` answered " + response.statusCode());
        }
    }

    @Override
    public void close() {
        // The client ends when nothing refers to it any more.
    }
}
