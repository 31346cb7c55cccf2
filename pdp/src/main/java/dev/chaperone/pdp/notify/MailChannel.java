package dev.chaperone.pdp.notify;

import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.pdp.approval.Channel;
import jakarta.mail.Address;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.AddressException;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Date;
import java.util.Properties;

/** Sends notices by mail (RFC 5321). A notice that is sent again has the same Message-ID; those of one approval refer to it. */
final class MailChannel implements Channel {

    private final String name;
    private final NotifierConfig.Mail config;
    private final Session session;

    MailChannel(String name, NotifierConfig.Mail config, Duration patience) {
        this.name = name;
        this.config = config;
        this.session = Session.getInstance(properties(config, patience));
    }

    private static Properties properties(NotifierConfig.Mail config, Duration patience) {
        String millis = String.valueOf(patience.toMillis());
        Properties properties = new Properties();
        properties.setProperty("mail.transport.protocol", "smtp");
        properties.setProperty("mail.smtp.host", config.host());
        properties.setProperty("mail.smtp.port", String.valueOf(config.port()));
        properties.setProperty("mail.smtp.connectiontimeout", millis);
        properties.setProperty("mail.smtp.timeout", millis);
        properties.setProperty("mail.smtp.writetimeout", millis);
        properties.setProperty("mail.smtp.auth", String.valueOf(config.user() != null));
        properties.setProperty("mail.smtp.ssl.enable", String.valueOf(config.tls() == NotifierConfig.MailTls.IMPLICIT));
        boolean starttls = config.tls() == NotifierConfig.MailTls.STARTTLS;
        properties.setProperty("mail.smtp.starttls.enable", String.valueOf(starttls));
        properties.setProperty("mail.smtp.starttls.required", String.valueOf(starttls));
        properties.setProperty("mail.smtp.ssl.checkserveridentity", "true");
        return properties;
    }

    /** @throws IllegalArgumentException when it is no address */
    static InternetAddress address(String address) {
        try {
            return new InternetAddress(address, true);
        } catch (AddressException e) {
            throw new IllegalArgumentException("`" + address + "` is not the address of a mailbox");
        }
    }

    @Override
    public String name() {
        return "mail:" + name;
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
    public void deliver(ApprovalEvent event) throws MessagingException {
        Notice notice = Notice.of(event);
        MimeMessage message = new MimeMessage(session) {
            @Override
            protected void updateMessageID() throws MessagingException {
                setHeader("Message-ID", reference(notice.id()));
            }
        };
        message.setFrom(address(config.from()));
        Address[] receivers = config.to().stream().map(MailChannel::address).toArray(Address[]::new);
        message.setRecipients(Message.RecipientType.TO, receivers);
        message.setSubject("[Chaperone] " + notice.title(), StandardCharsets.UTF_8.name());
        message.setSentDate(Date.from(notice.at()));
        message.setHeader("References", reference(notice.approval()));
        message.setHeader("Auto-Submitted", "auto-generated"); // RFC 3834: nobody's holiday notice answers
        if (notice.urgent()) {
            message.setHeader("Importance", "high");
        }
        message.setText(text(notice), StandardCharsets.UTF_8.name());
        if (config.password() == null) {
            Transport.send(message);
        } else {
            Transport.send(message, config.user(), config.password().value());
        }
    }

    private static String reference(String id) {
        return '<' + id + "@chaperone>";
    }

    private static String text(Notice notice) {
        StringBuilder text = new StringBuilder(notice.title()).append("\n\n");
        notice.facts()
                .forEach(fact -> text.append(fact.name())
                        .append(": ")
                        .append(fact.value())
                        .append('\n'));
        if (notice.link() != null) {
            text.append("\nRead and decide: ").append(notice.link()).append('\n');
        }
        return text.toString();
    }

    @Override
    public void close() {
        // Each notice has a connection of its own.
    }
}
