package dev.chaperone.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditEvent.BodyCase;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.enforcer.GrpcDecisionClient;
import dev.chaperone.enforcer.IdentityConfig;
import dev.chaperone.enforcer.OidcAuthenticator;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every enforcer owes, whatever its protocol: it fails closed, obeys, and records before it releases. An enforcer's
 * module extends this class, and says how to start the enforcer in front of a real upstream which holds {@link #SAMPLE}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class EnforcerSuite {

    /** The one value that the upstream's sample holds. */
    public static final String SAMPLE = "531-12-9876";

    private static final TokenSpec AGENT = TokenSpec.of("dr-grey").withAgent("triage-bot");

    private @Nullable OidcBackend oidc;
    private @Nullable OidcAuthenticator authenticator;

    /** A running enforcer. */
    public interface Guarded extends AutoCloseable {
        /** Opens a session with a token and reads the sample, once, by the protocol's own client. */
        Answer read(String token) throws Exception;
    }

    /**
     * What a client got.
     *
     * @param refusal the error it was given; null when there was none
     * @param values every value that it received, as text, even if an error followed
     */
    public record Answer(@Nullable Refusal refusal, List<String> values) {

        public Answer {
            values = List.copyOf(values);
        }
    }

    /**
     * An error as the protocol's own client reports it.
     *
     * @param code the protocol's own code for it
     * @param message its text
     */
    public record Refusal(String code, String message) {}

    /** Starts the enforcer in front of the upstream with these collaborators. */
    protected abstract Guarded guard(Authenticator identities, DecisionClient decisions, Recorder recorder)
            throws Exception;

    /** How the protocol says a code: an SQLSTATE, an S3 error code, an HTTP status. */
    protected abstract String nativeCode(ErrorCode code);

    /** The sample's field, as in {@code Mask.field}. */
    protected abstract String sampleField();

    /** Starts the identity provider. */
    @BeforeAll
    void startIdentityProvider() {
        OidcBackend provider = Backends.oidc();
        oidc = provider;
        OidcAuthenticator started =
                new OidcAuthenticator(IdentityConfig.of(provider.issuer(), List.of(provider.audience())));
        started.start();
        authenticator = started;
    }

    /** Stops it. */
    @AfterAll
    void stopIdentityProvider() {
        if (authenticator != null) {
            authenticator.close();
        }
        if (oidc != null) {
            oidc.close();
        }
    }

    @Test
    void deliversWhatIsPermittedAndRecordsEveryByteOfIt() throws Exception {
        MemoryRecorder recorder = new MemoryRecorder();
        ScriptedDecisions decisions = ScriptedDecisions.permit();
        Answer answer = read(decisions, recorder, goodToken());
        assertNull(answer.refusal());
        assertEquals(List.of(SAMPLE), answer.values());
        assertTrue(contains(recorder.delivered(), SAMPLE), "what the client got is recorded as delivered");
        List<BodyCase> kinds = recorder.kinds();
        assertEquals(BodyCase.SESSION_OPENED, kinds.get(0));
        assertTrue(kinds.indexOf(BodyCase.AUTHENTICATED) < kinds.indexOf(BodyCase.OPERATION_DECIDED));
        assertTrue(kinds.indexOf(BodyCase.OPERATION_DECIDED) < kinds.indexOf(BodyCase.DELIVERED));
        assertTrue(decisions.requests().stream()
                .allMatch(request -> request.getPrincipal().getSubject().equals("dr-grey")
                        && request.getPrincipal().getAgent().equals("triage-bot")));
    }

    @Test
    void masksAndKeepsTheOriginal() throws Exception {
        MemoryRecorder recorder = new MemoryRecorder();
        Answer answer =
                read(ScriptedDecisions.permit(ScriptedDecisions.mask(sampleField(), "last4")), recorder, goodToken());
        assertNull(answer.refusal());
        assertEquals(1, answer.values().size());
        assertFalse(answer.values().contains(SAMPLE));
        assertFalse(contains(recorder.delivered(), SAMPLE), "the record says what was delivered, not what was hidden");
        assertTrue(
                recorder.events().stream()
                        .filter(AuditEvent::hasDelivered)
                        .anyMatch(event -> contains(event.getDelivered().getOriginals(), SAMPLE)),
                "the original is kept for the auditor");
    }

    @Test
    void refusesWhatIsDenied() throws Exception {
        MemoryRecorder recorder = new MemoryRecorder();
        Answer answer = read(ScriptedDecisions.deny(), recorder, goodToken());
        assertRefused(ErrorCode.DENIED, answer);
        assertTrue(message(answer).contains("the test says so"), "the rule's reason reaches the client");
        assertTrue(contains(recorder.delivered(), "the test says so"), "what the client was told is recorded");
    }

    @Test
    void refusesWhenTheDecisionPointIsGone() throws Exception {
        DecisionClientConfig nobody = DecisionClientConfig.plaintext("127.0.0.1:" + Directories.freePort());
        try (DecisionClient decisions = GrpcDecisionClient.connect(nobody, "suite", new SimpleMeterRegistry())) {
            assertRefused(ErrorCode.PDP_UNAVAILABLE, read(decisions, new MemoryRecorder(), goodToken()));
        }
    }

    @Test
    void refusesAnObligationThatItDoesNotKnow() throws Exception {
        ScriptedDecisions decisions =
                ScriptedDecisions.permit(ScriptedDecisions.mask(sampleField(), "no-such-function"));
        assertRefused(ErrorCode.OBLIGATION_UNFULFILLABLE, read(decisions, new MemoryRecorder(), goodToken()));
    }

    @ParameterizedTest
    @EnumSource
    void refusesBadTokens(BadToken flaw) throws Exception {
        MemoryRecorder recorder = new MemoryRecorder();
        ScriptedDecisions decisions = ScriptedDecisions.permit();
        String token = provider().badToken(flaw, AGENT);
        Answer answer = read(decisions, recorder, token);
        assertRefused(flaw.code(), answer);
        assertFalse(message(answer).contains(token), "a token is never repeated");
        assertEquals(List.of(), decisions.requests());
        assertFalse(recorder.kinds().contains(BodyCase.AUTHENTICATED));
        assertEquals(
                List.of(flaw.code().code()),
                recorder.events().stream()
                        .filter(AuditEvent::hasAuthenticationFailed)
                        .map(event -> event.getAuthenticationFailed().getCode())
                        .toList());
    }

    @ParameterizedTest
    @EnumSource(
            value = BodyCase.class,
            names = {"SESSION_OPENED", "AUTHENTICATED", "OPERATION_DECIDED", "DELIVERED"})
    void releasesNothingThatCannotBeRecorded(BodyCase kind) throws Exception {
        MemoryRecorder recorder = new MemoryRecorder();
        recorder.failOn(kind);
        assertRefused(ErrorCode.RECORDING_UNAVAILABLE, read(ScriptedDecisions.permit(), recorder, goodToken()));
    }

    private Answer read(DecisionClient decisions, Recorder recorder, String token) throws Exception {
        OidcAuthenticator identities = authenticator;
        assertNotNull(identities);
        try (Guarded guarded = guard(identities, decisions, recorder)) {
            return guarded.read(token);
        }
    }

    private void assertRefused(ErrorCode code, Answer answer) {
        Refusal refusal = answer.refusal();
        assertNotNull(refusal);
        assertEquals(nativeCode(code), refusal.code(), refusal.message());
        assertFalse(refusal.message().isBlank());
        assertEquals(List.of(), answer.values());
    }

    private static String message(Answer answer) {
        Refusal refusal = answer.refusal();
        assertNotNull(refusal);
        return refusal.message();
    }

    private String goodToken() {
        return provider().token(AGENT);
    }

    private OidcBackend provider() {
        OidcBackend running = oidc;
        assertNotNull(running);
        return running;
    }

    private static boolean contains(ByteString bytes, String text) {
        return new String(bytes.toByteArray(), StandardCharsets.ISO_8859_1).contains(text);
    }
}
