package dev.chaperone.pdp.notify;

import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.proto.Secret;
import dev.chaperone.proto.Setting;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who is told what happens to approvals.
 *
 * @param webhooks receivers by HTTP, each under a name
 * @param mail receivers by mail, each under a name
 */
public record NotifierConfig(
        @Setting(value = "receivers by HTTP, each under a name of its own", defaultValue = "{}")
        Map<String, Webhook> webhooks,

        @Setting(value = "receivers by mail, each under a name of its own", defaultValue = "{}")
        Map<String, Mail> mail) {

    /** Nobody. */
    public static final NotifierConfig NONE = new NotifierConfig(Map.of(), Map.of());

    public NotifierConfig {
        webhooks = Map.copyOf(webhooks);
        mail = Map.copyOf(mail);
        for (String name : webhooks.keySet()) {
            if (mail.containsKey(name)) {
                throw new IllegalArgumentException("`" + name + "` names a web-hook and a mail receiver; rename one");
            }
        }
    }

    /** What people can be told of. That somebody granted by break-glass rights is always told. */
    public enum Occasion {
        /** Something waits for people. */
        CREATED(ApprovalEvent.Kind.KIND_CREATED),
        /** It was granted. */
        APPROVED(ApprovalEvent.Kind.KIND_APPROVED),
        /** It was refused. */
        DENIED(ApprovalEvent.Kind.KIND_DENIED),
        /** Nobody decided in time. */
        EXPIRED(ApprovalEvent.Kind.KIND_EXPIRED),
        /** Whoever asked took it back. */
        CANCELLED(ApprovalEvent.Kind.KIND_CANCELLED),
        /** Somebody tried to decide who may not. */
        REFUSED(ApprovalEvent.Kind.KIND_REFUSED);

        private final ApprovalEvent.Kind kind;

        Occasion(ApprovalEvent.Kind kind) {
            this.kind = kind;
        }

        static boolean wanted(List<Occasion> occasions, ApprovalEvent.Kind kind) {
            return kind == ApprovalEvent.Kind.KIND_BREAK_GLASS
                    || occasions.stream().anyMatch(occasion -> occasion.kind == kind);
        }
    }

    /** The body of a web-hook. */
    public enum Format {
        /** Chaperone's own JSON. */
        CHAPERONE,
        /** A message for Slack's incoming web-hooks. */
        SLACK,
        /** An Adaptive Card for the web-hooks of Microsoft Teams. */
        TEAMS
    }

    /**
     * One receiver by HTTP.
     *
     * @param url address that is posted to
     * @param format of the body
     * @param secret key that bodies are signed with; null only for chats, which check no signature
     * @param occasions what it is told of
     * @param plaintext true to allow an address without TLS beyond this machine
     */
    public record Webhook(
            @Setting("address that is posted to; a reference, since chats let in whoever knows it")
            Secret url,

            @Setting(value = "body: Chaperone's own JSON, or a message for a chat", defaultValue = "chaperone")
            Format format,

            @Setting(
                    value = "key that bodies are signed with (Standard Webhooks, `whsec_…` or 24 bytes or more);"
                            + " required for the format `chaperone`",
                    optional = true)
            @Nullable
            Secret secret,

            @Setting(
                    value = "what it is told of; that somebody used break-glass rights is always told",
                    defaultValue = "[created]")
            List<Occasion> occasions,

            @Setting(value = "allow an `http` address beyond this machine", defaultValue = "false")
            boolean plaintext) {

        private static final int LEAST_KEY = 24;

        public Webhook {
            occasions = List.copyOf(occasions);
            if (format == Format.CHAPERONE && secret == null) {
                throw new IllegalArgumentException(
                        "`secret` is missing, by which the receiver tells that notices are Chaperone's");
            }
            if (secret != null && key(secret).length < LEAST_KEY) {
                throw new IllegalArgumentException("`secret` is shorter than " + LEAST_KEY + " bytes");
            }
            WebhookAddress.of(url, plaintext);
        }

        byte @Nullable [] key() {
            return secret == null ? null : key(secret);
        }

        private static byte[] key(Secret secret) {
            return secret.value().startsWith(WebhookSignature.PREFIX)
                    ? WebhookSignature.decode(secret.value())
                    : secret.value().getBytes(StandardCharsets.UTF_8);
        }
    }

    /** How mail is encrypted on its way to the server. */
    public enum MailTls {
        /** From the first byte on (port 465). */
        IMPLICIT,
        /** After STARTTLS, without which nothing is sent (port 587). */
        STARTTLS,
        /** Not at all. */
        NONE
    }

    /**
     * One receiver by mail.
     *
     * @param host of the mail server
     * @param port of the mail server
     * @param tls how the connection is encrypted
     * @param user to log in as; null not to
     * @param password of that user
     * @param from address of the sender
     * @param to addresses of the receivers
     * @param occasions what they are told of
     */
    public record Mail(
            @Setting("host of the mail server") String host,

            @Setting(value = "port of the mail server", defaultValue = "587")
            int port,

            @Setting(
                    value = "how the connection is encrypted; the server's certificate is verified",
                    defaultValue = "starttls")
            MailTls tls,

            @Setting(value = "user to log in as", optional = true) @Nullable
            String user,

            @Setting(value = "password of that user", optional = true) @Nullable
            Secret password,

            @Setting("address of the sender") String from,

            @Setting("addresses of the receivers") List<String> to,

            @Setting(
                    value = "what they are told of; that somebody used break-glass rights is always told",
                    defaultValue = "[created]")
            List<Occasion> occasions) {

        public Mail {
            to = List.copyOf(to);
            occasions = List.copyOf(occasions);
            if (to.isEmpty()) {
                throw new IllegalArgumentException("`to` names nobody; write the receivers' addresses");
            }
            if (port < 1 || port > 65_535) {
                throw new IllegalArgumentException("`port` is `" + port + "`; a TCP port is between 1 and 65535");
            }
            if ((user == null) != (password == null)) {
                throw new IllegalArgumentException("`user` and `password` go together");
            }
            if (user != null && tls == MailTls.NONE) {
                throw new IllegalArgumentException("a password is not sent over a connection without TLS; set `tls`");
            }
            to.forEach(MailChannel::address);
            MailChannel.address(from);
        }
    }
}
