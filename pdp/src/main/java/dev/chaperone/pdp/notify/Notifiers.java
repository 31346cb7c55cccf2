package dev.chaperone.pdp.notify;

import dev.chaperone.pdp.approval.Channel;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Makes the channels of a configuration. */
public final class Notifiers {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Notifiers() {}

    /** One for each receiver. */
    public static List<Channel> channels(NotifierConfig config) {
        Stream<Channel> webhooks = config.webhooks().entrySet().stream()
                .map(one -> new WebhookChannel(one.getKey(), one.getValue(), PATIENCE, Clock.systemUTC()));
        Stream<Channel> mail =
                config.mail().entrySet().stream().map(one -> new MailChannel(one.getKey(), one.getValue(), PATIENCE));
        return Stream.concat(webhooks, mail).toList();
    }
}
