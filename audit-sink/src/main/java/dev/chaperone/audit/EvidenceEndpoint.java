package dev.chaperone.audit;

import dev.chaperone.audit.v1.EvidenceAccess;
import dev.chaperone.audit.v1.EvidenceServiceGrpc;
import dev.chaperone.audit.v1.GetLedgerStatusRequest;
import dev.chaperone.audit.v1.LedgerStatus;
import dev.chaperone.audit.v1.Reader;
import dev.chaperone.audit.v1.ReplaySessionRequest;
import dev.chaperone.audit.v1.ReplaySessionResponse;
import dev.chaperone.audit.v1.SearchSessionsRequest;
import dev.chaperone.audit.v1.SearchSessionsResponse;
import dev.chaperone.audit.v1.VerificationResult;
import dev.chaperone.audit.v1.VerifyLedgerRequest;
import dev.chaperone.audit.v1.VerifyLedgerResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service over one ledger. Each question is put on record before it is answered. */
final class EvidenceEndpoint extends EvidenceServiceGrpc.EvidenceServiceImplBase {

    private static final Logger log = LoggerFactory.getLogger(EvidenceEndpoint.class);

    private static final int PAGE = 50;
    private static final int LONGEST_PAGE = 200;
    private static final int ROWS = 100;
    private static final int MOST_ROWS = 1_000;
    private static final int LONGEST_CONDITION = 256;

    private final Path ledger;
    private final SessionIndex index;
    private final AccessLog accesses;
    private final Verification verification;
    private final LedgerState state;
    private final EvidenceCalls calls;
    private final SinkMeters meters;

    EvidenceEndpoint(
            Path ledger,
            SessionIndex index,
            AccessLog accesses,
            Verification verification,
            LedgerState state,
            EvidenceCalls calls,
            SinkMeters meters) {
        this.ledger = ledger;
        this.index = index;
        this.accesses = accesses;
        this.verification = verification;
        this.state = state;
        this.calls = calls;
        this.meters = meters;
    }

    @Override
    public void searchSessions(SearchSessionsRequest request, StreamObserver<SearchSessionsResponse> responses) {
        String client = Caller.name();
        calls.run(responses, () -> {
            int size = bounded("page_size", request.getPageSize(), PAGE, LONGEST_PAGE);
            Stream.of(request.getSubject(), request.getAgent(), request.getResource())
                    .forEach(EvidenceEndpoint::requireShort);
            record(access(client, request.getReader(), "search")
                    .setSearch(request.toBuilder().clearReader().clearPageSize().clearPageToken()));
            SessionIndex.Page page = index.find(request, size);
            SearchSessionsResponse.Builder response =
                    SearchSessionsResponse.newBuilder().setComplete(page.complete());
            page.sessions().stream().map(EvidenceMessages::session).forEach(response::addSessions);
            if (page.more()) {
                response.setNextPageToken(SessionIndex.tokenAfter(
                        page.sessions().get(page.sessions().size() - 1)));
            }
            if (page.oldest() != null) {
                response.setOldest(EvidenceMessages.timestamp(page.oldest()));
            }
            responses.onNext(response.build());
            responses.onCompleted();
        });
    }

    @Override
    public void replaySession(ReplaySessionRequest request, StreamObserver<ReplaySessionResponse> responses) {
        String client = Caller.name();
        PacedResponses<ReplaySessionResponse> paced =
                new PacedResponses<>((ServerCallStreamObserver<ReplaySessionResponse>) responses);
        calls.run(responses, () -> {
            int rows = bounded("max_rows", request.getMaxRows(), ROWS, MOST_ROWS);
            requireShort(request.getSessionId());
            SessionIndex.Found found =
                    index.find(request.getSessionId(), request.hasScope() ? request.getScope() : null);
            if (found == null) {
                throw Status.NOT_FOUND
                        .withDescription("there is no such session here, or none that may be told of")
                        .asRuntimeException();
            }
            record(access(client, request.getReader(), "replay").setSessionId(request.getSessionId()));
            paced.send(ReplaySessionResponse.newBuilder()
                    .setSession(EvidenceMessages.session(found))
                    .build());
            replay(found, request.getAfterSequence(), rows, paced);
            responses.onCompleted();
        });
    }

    private void replay(
            SessionIndex.Found found, long after, int rows, PacedResponses<ReplaySessionResponse> responses) {
        StepReader reader = new StepReader(rows, Long.MAX_VALUE);
        String session = found.summary().session();
        long next = 0;
        try (Ledger.Cursor items = Ledger.open(ledger).itemsFrom(found.place())) {
            while (next <= found.lastSequence()) {
                LedgerItem item = items.next();
                if (item == null) {
                    return;
                }
                if (!(item instanceof LedgerItem.Entry entry)
                        || !entry.event().getSessionId().equals(session)
                        || entry.event().getSequence() < next) {
                    responses.requireWanted();
                    continue;
                }
                next = entry.event().getSequence() + 1;
                for (ReplayStep step : reader.read(entry.event())) {
                    if (step.sequence() > after) {
                        responses.send(ReplaySessionResponse.newBuilder()
                                .setStep(StepMessages.of(step))
                                .build());
                    }
                }
            }
        }
    }

    @Override
    public void getLedgerStatus(GetLedgerStatusRequest request, StreamObserver<LedgerStatus> responses) {
        String client = Caller.name();
        calls.run(responses, () -> {
            record(access(client, request.getReader(), "status"));
            LedgerStatus.Builder status =
                    state.status().setSessions(index.size()).setCanVerify(verification.possible());
            VerificationResult last = verification.last();
            if (last != null) {
                status.setLastVerification(last);
            }
            responses.onNext(status.build());
            responses.onCompleted();
        });
    }

    @Override
    public void verifyLedger(VerifyLedgerRequest request, StreamObserver<VerifyLedgerResponse> responses) {
        String client = Caller.name();
        ServerCallStreamObserver<VerifyLedgerResponse> call =
                (ServerCallStreamObserver<VerifyLedgerResponse>) responses;
        // Cancelling is seen when there is something to tell.
        call.setOnCancelHandler(() -> log.debug("nobody follows the verification from `{}` any more", client));
        calls.run(responses, () -> {
            if (!verification.possible()) {
                throw Status.FAILED_PRECONDITION
                        .withDescription("this sink has no keys to verify by; name them in `sink.evidence.keys`, or"
                                + " verify with `chaperone audit verify`")
                        .asRuntimeException();
            }
            EvidenceAccess.Builder access = access(client, request.getReader(), "verify");
            record(access);
            verification.follow(access.getSubject(), progress -> tell(call, progress));
        });
    }

    private static boolean tell(ServerCallStreamObserver<VerifyLedgerResponse> call, VerifyLedgerResponse progress) {
        synchronized (call) {
            if (call.isCancelled()) {
                return false;
            }
            // A reader that is slow misses how far it is, never the result.
            if (call.isReady() || progress.hasResult()) {
                call.onNext(progress);
            }
            if (progress.hasResult()) {
                call.onCompleted();
            }
            return true;
        }
    }

    private EvidenceAccess.Builder access(String client, Reader reader, String question) {
        if (reader.getPrincipal().getSubject().isBlank()) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("`reader.principal.subject` is missing: nobody is told anything")
                    .asRuntimeException();
        }
        return EvidenceAccess.newBuilder()
                .setClient(client)
                .setIssuer(reader.getPrincipal().getIssuer())
                .setSubject(reader.getPrincipal().getSubject())
                .addAllGroups(reader.getPrincipal().getGroupsList())
                .setPurpose(reader.getPurpose())
                .setQuestion(question);
    }

    private void record(EvidenceAccess.Builder access) {
        try {
            accesses.record(access.build());
            meters.count(SinkMetric.EVIDENCE_ANSWERED, 1);
        } catch (IOException e) {
            log.error("a question could not be put on record, and is not answered", e);
            throw Status.UNAVAILABLE
                    .withDescription("that you ask cannot be put on record now, so there is no answer")
                    .asRuntimeException();
        }
        log.info(
                "`{}` of `{}` asks for {} ({}) through {}",
                access.getSubject(),
                access.getIssuer(),
                access.getQuestion(),
                access.getSessionId().isEmpty() ? access.getPurpose() : access.getSessionId(),
                access.getClient());
    }

    private static int bounded(String name, int given, int usual, int most) {
        if (given < 0 || given > most) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("`" + name + "` is `" + given + "`; at most " + most + " come at a time")
                    .asRuntimeException();
        }
        return given == 0 ? usual : given;
    }

    private static void requireShort(@Nullable String condition) {
        if (condition != null && condition.length() > LONGEST_CONDITION) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("a condition is longer than " + LONGEST_CONDITION + " characters")
                    .asRuntimeException();
        }
    }
}
