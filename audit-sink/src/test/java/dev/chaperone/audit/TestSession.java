package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.audit.v1.Authenticated;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.Heartbeat;
import dev.chaperone.audit.v1.OperationCompleted;
import dev.chaperone.audit.v1.OperationDecided;
import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionEnded;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.audit.v1.SessionStarted;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.proto.AuditChain;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/** Writes a session's chain as an enforcer does, into a list that several sessions may share. */
final class TestSession {

    static final String ISSUER = "https://login.example";

    private static long clock = 1_700_000_000L;

    final String id;
    private final TestSigner signer;
    private final List<AuditRecord> out;
    private long sequence;
    private byte[] lastHash = new byte[0];

    private TestSession(String id, TestSigner signer, List<AuditRecord> out) {
        this.id = id;
        this.signer = signer;
        this.out = out;
    }

    static TestSession control(
            String name, String previous, boolean unclean, TestSigner signer, List<AuditRecord> out) {
        TestSession control = new TestSession(id(name), signer, out);
        control.add(AuditEvent.newBuilder()
                .setSessionOpened(SessionOpened.newBuilder()
                        .setKind(SessionOpened.Kind.KIND_CONTROL)
                        .setPreviousControlSession(previous)
                        .setPreviousUnclean(unclean)));
        return control;
    }

    /** A client session, announced by its control session. */
    static TestSession client(String name, TestSession control, TestSigner signer, List<AuditRecord> out) {
        TestSession session = new TestSession(id(name), signer, out);
        session.add(AuditEvent.newBuilder()
                .setSessionOpened(SessionOpened.newBuilder()
                        .setKind(SessionOpened.Kind.KIND_CLIENT)
                        .setProtocol("postgres")
                        .setUpstream("clinic")
                        .setClientAddress("127.0.0.1:5000")
                        .setClientTransport("plaintext")
                        .setControlSession(control.id)));
        control.add(AuditEvent.newBuilder()
                .setSessionStarted(SessionStarted.newBuilder().setSessionId(session.id)));
        return session;
    }

    static String id(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
    }

    void authenticated(String subject, String agent) {
        add(AuditEvent.newBuilder()
                .setAuthenticated(Authenticated.newBuilder()
                        .setPrincipal(Principal.newBuilder()
                                .setIssuer(ISSUER)
                                .setSubject(subject)
                                .setAgent(agent)
                                .setTokenId("token-id"))));
    }

    void statement(long number, String sql, Effect effect, byte[] payload, long rows) {
        add(AuditEvent.newBuilder()
                .setRequestNumber(number)
                .setOperationDecided(OperationDecided.newBuilder()
                        .setRequest(request(sql))
                        .setOperation(ByteString.copyFromUtf8(sql))
                        .addParameters(Parameter.newBuilder().setValue(ByteString.copyFromUtf8("7")))
                        .addParameters(Parameter.newBuilder().setIsNull(true))
                        .setDecision(Decision.newBuilder()
                                .setEffect(effect)
                                .setPolicyVersion("v1")
                                .addReasons(Reason.newBuilder()
                                        .setRule("mask-ssn")
                                        .setText("social security numbers are masked")
                                        .setCitation("45 CFR 164.514(b)(2)(i)(G)"))
                                .addObligations(Obligation.newBuilder()
                                        .setMask(Mask.newBuilder()
                                                .setField("clinic.public.patients.ssn")
                                                .setFunction("last4")))
                                .addObligations(Obligation.newBuilder()
                                        .setDetect(Detect.newBuilder()
                                                .addDetectors("phone")
                                                .addDetectors("ssn"))))
                        .setEnforced(effect)));
        if (effect == Effect.EFFECT_PERMIT) {
            add(AuditEvent.newBuilder()
                    .setRequestNumber(number)
                    .setDelivered(Delivered.newBuilder()
                            .setMediaType("application/vnd.postgresql.v3")
                            .setPayload(ByteString.copyFrom(payload))
                            .setRows(rows)
                            .setMaskedValues(rows)
                            .addAllMaskedCells(rows > 0 ? List.of(0, 1) : List.of())
                            .putDetected("ssn", 2)
                            .putDetected("phone", 1)));
            add(AuditEvent.newBuilder()
                    .setRequestNumber(number)
                    .setOperationCompleted(OperationCompleted.newBuilder()
                            .setOutcome(OperationCompleted.Outcome.OUTCOME_SUCCEEDED)
                            .setCode("SELECT " + rows)
                            .setRows(rows)));
        }
    }

    private static DecideRequest.Builder request(String sql) {
        DecideRequest.Builder request = DecideRequest.newBuilder();
        request.getActionBuilder().setOperation(sql.split(" ", 2)[0].toLowerCase(Locale.ROOT));
        if (sql.contains("patients")) {
            request.getResourceBuilder()
                    .addRelations(Relation.newBuilder().setSchema("public").setName("patients"));
        }
        return request;
    }

    /** A statement decided on as that of an earlier event was. */
    void repeated(long number, long decided, String sql, byte[] payload, long rows) {
        add(AuditEvent.newBuilder()
                .setRequestNumber(number)
                .setOperationRepeated(OperationRepeated.newBuilder()
                        .setDecidedSequence(decided)
                        .setOperation(ByteString.copyFromUtf8(sql))
                        .addParameters(Parameter.newBuilder().setValue(ByteString.copyFromUtf8("8")))
                        .setDelivered(Delivered.newBuilder()
                                .setMediaType("application/vnd.postgresql.v3")
                                .setPayload(ByteString.copyFrom(payload))
                                .setRows(rows)
                                .setMaskedValues(rows))
                        .setCompleted(OperationCompleted.newBuilder()
                                .setOutcome(OperationCompleted.Outcome.OUTCOME_SUCCEEDED)
                                .setCode("SELECT " + rows)
                                .setRows(rows))));
    }

    void heartbeat() {
        add(AuditEvent.newBuilder().setHeartbeat(Heartbeat.newBuilder().setOpenSessions(1)));
    }

    /** Closes a client session and lists its end. */
    void close(TestSession control) {
        close();
        control.add(AuditEvent.newBuilder()
                .setSessionEnded(SessionEnded.newBuilder()
                        .setSessionId(id)
                        .setLastSequence(sequence - 1)
                        .setLastHash(ByteString.copyFrom(lastHash))));
    }

    void close() {
        add(AuditEvent.newBuilder().setSessionClosed(SessionClosed.newBuilder().setCause("client")));
    }

    void add(AuditEvent.Builder body) {
        AuditEvent event = body.setSessionId(id)
                .setSequence(sequence++)
                .setPreviousHash(ByteString.copyFrom(lastHash))
                .setTime(Timestamp.newBuilder().setSeconds(clock++))
                .setEnforcer("pg-1")
                .build();
        lastHash = AuditChain.hash(event.toByteArray());
        boolean signed = event.hasSessionOpened() || event.hasHeartbeat() || event.hasSessionClosed();
        out.add(
                signed
                        ? signer.sign(event)
                        : AuditRecord.newBuilder()
                                .setEvent(event.toByteString())
                                .build());
    }
}
