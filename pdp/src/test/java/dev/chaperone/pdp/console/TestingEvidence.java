package dev.chaperone.pdp.console;

import dev.chaperone.audit.v1.EvidenceServiceGrpc.EvidenceServiceImplBase;
import dev.chaperone.audit.v1.GetLedgerStatusRequest;
import dev.chaperone.audit.v1.LedgerStatus;
import dev.chaperone.audit.v1.Reader;
import dev.chaperone.audit.v1.ReplaySessionRequest;
import dev.chaperone.audit.v1.ReplaySessionResponse;
import dev.chaperone.audit.v1.ReplayedStep;
import dev.chaperone.audit.v1.Scope;
import dev.chaperone.audit.v1.SearchSessionsRequest;
import dev.chaperone.audit.v1.SearchSessionsResponse;
import dev.chaperone.audit.v1.SessionEntry;
import dev.chaperone.audit.v1.VerificationResult;
import dev.chaperone.audit.v1.VerifyLedgerRequest;
import dev.chaperone.audit.v1.VerifyLedgerResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;

/** A sink that tells whoever it is asked for of everything in scope, and remembers who that was. */
final class TestingEvidence extends EvidenceServiceImplBase implements AutoCloseable {

    static final int STEPS = 700;

    final String name = "evidence-" + UUID.randomUUID();
    final List<Reader> readers = new CopyOnWriteArrayList<>();
    private final String issuer;
    private final Server server;

    private TestingEvidence(String issuer) {
        this.issuer = issuer;
        this.server = InProcessServerBuilder.forName(name).addService(this).build();
    }

    static TestingEvidence start(String issuer) {
        TestingEvidence evidence = new TestingEvidence(issuer);
        try {
            evidence.server.start();
            return evidence;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private SessionEntry session(String id, String subject) {
        SessionEntry.Builder session = SessionEntry.newBuilder()
                .setSessionId(id)
                .setUpstream("clinic")
                .setProtocol("postgres")
                .setOperations(3)
                .setEnd("client");
        session.getPrincipalBuilder().setIssuer(issuer).setSubject(subject).setAgent("coding-agent");
        return session.build();
    }

    private List<SessionEntry> inScope(boolean scoped, Scope scope) {
        return List.of(session("session-rivera", "dr.rivera"), session("session-lund", "dr.lund")).stream()
                .filter(session -> !scoped
                        || session.getPrincipal().getIssuer().equals(scope.getIssuer())
                                && session.getPrincipal().getSubject().equals(scope.getSubject()))
                .toList();
    }

    @Override
    public void searchSessions(SearchSessionsRequest request, StreamObserver<SearchSessionsResponse> responses) {
        readers.add(request.getReader());
        responses.onNext(SearchSessionsResponse.newBuilder()
                .addAllSessions(inScope(request.hasScope(), request.getScope()).stream()
                        .filter(session -> request.getSubject().isEmpty()
                                || session.getPrincipal().getSubject().equals(request.getSubject()))
                        .toList())
                .setComplete(true)
                .build());
        responses.onCompleted();
    }

    @Override
    public void replaySession(ReplaySessionRequest request, StreamObserver<ReplaySessionResponse> responses) {
        readers.add(request.getReader());
        SessionEntry session = inScope(request.hasScope(), request.getScope()).stream()
                .filter(each -> each.getSessionId().equals(request.getSessionId()))
                .findFirst()
                .orElse(null);
        if (session == null) {
            responses.onError(Status.NOT_FOUND.asRuntimeException());
            return;
        }
        responses.onNext(ReplaySessionResponse.newBuilder().setSession(session).build());
        for (long i = request.getAfterSequence() + 1; i < STEPS; i++) {
            responses.onNext(ReplaySessionResponse.newBuilder()
                    .setStep(ReplayedStep.newBuilder().setSequence(i).setOther("heartbeat"))
                    .build());
        }
        responses.onCompleted();
    }

    @Override
    public void getLedgerStatus(GetLedgerStatusRequest request, StreamObserver<LedgerStatus> responses) {
        readers.add(request.getReader());
        responses.onNext(
                LedgerStatus.newBuilder().setStoredRecords(5).setCanVerify(true).build());
        responses.onCompleted();
    }

    @Override
    public void verifyLedger(VerifyLedgerRequest request, StreamObserver<VerifyLedgerResponse> responses) {
        readers.add(request.getReader());
        responses.onNext(VerifyLedgerResponse.newBuilder()
                .setResult(VerificationResult.newBuilder().setRecords(5))
                .build());
        responses.onCompleted();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
