package dev.chaperone.pdp.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import dev.chaperone.pdp.notify.NotifierConfig.Mail;
import dev.chaperone.pdp.notify.NotifierConfig.MailTls;
import dev.chaperone.pdp.notify.NotifierConfig.Occasion;
import dev.chaperone.proto.Secret;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against a real mail server. */
final class MailChannelTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final GreenMail server = new GreenMail(new ServerSetup[] {
        new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP),
        new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTPS)
    });

    @BeforeEach
    void start() {
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    private MailChannel plain(MailTls tls) {
        return channel(server.getSmtp().getPort(), tls);
    }

    private static MailChannel channel(int port, MailTls tls) {
        return new MailChannel("desk", config("127.0.0.1", port, tls, null, null), PATIENCE);
    }

    private static Mail config(String host, int port, MailTls tls, @Nullable String user, @Nullable Secret password) {
        return new Mail(
                host,
                port,
                tls,
                user,
                password,
                "chaperone@clinic.example",
                List.of("on-call@clinic.example", "privacy@clinic.example"),
                List.of(Occasion.CREATED));
    }

    @Test
    void tellsEverybodyWhoWaitsForWhat() throws Exception {
        MailChannel channel = plain(MailTls.NONE);
        channel.deliver(TestingEvents.event(Kind.KIND_CREATED));
        MimeMessage[] received = server.getReceivedMessages();
        assertThat(received).hasSize(2);
        MimeMessage message = received[0];
        assertThat(message.getSubject()).isEqualTo("[Chaperone] claude for nurse.li waits for approval");
        assertThat(message.getHeader("Message-ID")).containsExactly("<5c1f4f3e-0000-4000-8000-000000000001@chaperone>");
        assertThat(message.getHeader("References")).containsExactly("<ap-7@chaperone>");
        assertThat(message.getHeader("Auto-Submitted")).containsExactly("auto-generated");
        assertThat(String.valueOf(message.getContent()))
                .contains("On: clinic: public.patients", "Read and decide: " + TestingEvents.LINK)
                .doesNotContain(TestingEvents.CANARY);
    }

    @Test
    void keepsWhatARequestIsNamedOutOfTheHeaders() throws Exception {
        MailChannel channel = plain(MailTls.NONE);
        channel.deliver(TestingEvents.event(Kind.KIND_BREAK_GLASS, "claude\r\nBcc: thief@evil.example\r\n\u202eevil"));
        assertThat(server.getReceivedMessages()).hasSize(2).allSatisfy(message -> {
            assertThat(message.getHeader("Bcc")).isNull();
            assertThat(message.getHeader("Importance")).containsExactly("high");
            assertThat(message.getSubject())
                    .isEqualTo("[Chaperone] BREAK-GLASS: dr.rivera alone granted what claude  Bcc: thief@evil.example"
                            + "   evil for nurse.li asked for");
        });
    }

    @Test
    void sendsNothingWithoutTheTlsThatItIsToldToUse() {
        MailChannel channel = plain(MailTls.IMPLICIT);
        assertThatExceptionOfType(MessagingException.class)
                .isThrownBy(() -> channel.deliver(TestingEvents.event(Kind.KIND_CREATED)));
        assertThat(server.getReceivedMessages()).isEmpty();
    }

    @Test
    void sendsNothingToAServerThatNobodyVouchesFor() {
        MailChannel channel = channel(server.getSmtps().getPort(), MailTls.IMPLICIT);
        assertThatExceptionOfType(MessagingException.class)
                .isThrownBy(() -> channel.deliver(TestingEvents.event(Kind.KIND_CREATED)))
                .withStackTraceContaining("certification path");
        assertThat(server.getReceivedMessages()).isEmpty();
    }

    @Test
    void isNotDeliveredWhereNobodyListens() {
        MailChannel channel = plain(MailTls.NONE);
        server.stop();
        assertThatExceptionOfType(MessagingException.class)
                .isThrownBy(() -> channel.deliver(TestingEvents.event(Kind.KIND_CREATED)));
    }

    @Test
    void refusesWhatCannotWork() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("mail.example", 25, MailTls.NONE, "user", new Secret("password")))
                .withMessageContaining("not sent over a connection without TLS");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("mail.example", 25, MailTls.STARTTLS, "user", null))
                .withMessageContaining("go together");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("mail.example", 0, MailTls.STARTTLS, null, null))
                .withMessageContaining("`port`");
    }

    @ParameterizedTest
    @CsvSource({"no mailbox", "a@b@c", "'a@example.org\r\nBcc: b@example.org'"})
    void refusesWhatIsNoMailbox(String address) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MailChannel.address(address))
                .withMessageContaining("is not the address of a mailbox");
    }
}
