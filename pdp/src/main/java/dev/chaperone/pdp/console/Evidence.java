package dev.chaperone.pdp.console;

import dev.chaperone.audit.v1.EvidenceServiceGrpc;
import dev.chaperone.audit.v1.EvidenceServiceGrpc.EvidenceServiceBlockingStub;
import dev.chaperone.audit.v1.GetLedgerStatusRequest;
import dev.chaperone.audit.v1.LedgerStatus;
import dev.chaperone.audit.v1.Reader;
import dev.chaperone.audit.v1.ReplaySessionRequest;
import dev.chaperone.audit.v1.ReplaySessionResponse;
import dev.chaperone.audit.v1.ReplayedStep;
import dev.chaperone.audit.v1.SearchSessionsRequest;
import dev.chaperone.audit.v1.SearchSessionsResponse;
import dev.chaperone.audit.v1.SessionEntry;
import dev.chaperone.audit.v1.VerifyLedgerRequest;
import dev.chaperone.audit.v1.VerifyLedgerResponse;
import dev.chaperone.pdp.console.DeskException.Problem;
import io.grpc.ChannelCredentials;
import io.grpc.Context;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What audit sinks know, by the contract {@code audit/v1/evidence.proto}. Only so many questions at a time, so that slow answers
 * never take the threads on which people approve.
 */
final class Evidence implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Evidence.class);

    private static final int MOST_AT_A_TIME = 4;
    private static final int MOST_STEPS = 300;
    private static final int MOST_STEP_BYTES = 1 << 20;
    private static final int MAX_RESPONSE_BYTES = 8 << 20;

    private final EvidenceSourceConfig config;
    private final Map<String, ManagedChannel> channels = new LinkedHashMap<>();
    private final Map<String, VerifyLedgerResponse> verifications = new ConcurrentHashMap<>();
    private final Semaphore room = new Semaphore(MOST_AT_A_TIME);

    /** Connects when it is first asked. */
    Evidence(EvidenceSourceConfig config) {
        this.config = config;
        for (String target : config.targets()) {
            channels.put(target, channel(target));
        }
    }

    private ManagedChannel channel(String target) {
        return target.startsWith(EvidenceSourceConfig.IN_PROCESS)
                ? InProcessChannelBuilder.forName(target.substring(EvidenceSourceConfig.IN_PROCESS.length()))
                        .build()
                : NettyChannelBuilder.forTarget("dns:///" + target, credentials())
                        .maxInboundMessageSize(MAX_RESPONSE_BYTES)
                        .build();
    }

    private ChannelCredentials credentials() {
        EvidenceSourceConfig.Tls tls = config.tls();
        if (tls == null) {
            return InsecureChannelCredentials.create();
        }
        try {
            return TlsChannelCredentials.newBuilder()
                    .trustManager(tls.ca().toFile())
                    .keyManager(tls.certificate().toFile(), tls.key().toFile())
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the `tls` files of the console's `evidence` cannot be read: " + e.getMessage(), e);
        }
    }

    /** A part of a session: its summary, some steps, and the sequence to go on behind; null at the end. */
    record Steps(
            SessionEntry session,
            List<ReplayedStep> steps,
            @Nullable Long next) {}

    /** How one sink's part of the ledger is. */
    record Part(
            String target,
            @Nullable LedgerStatus status,
            String problem,
            @Nullable VerifyLedgerResponse running) {}

    /** Sessions at all sinks, newest first. */
    SearchSessionsResponse search(SearchSessionsRequest request) {
        return limited(() -> {
            if (channels.size() == 1) {
                return answer(only(), stub -> stub.searchSessions(request));
            }
            List<SearchSessionsResponse> all = new ArrayList<>();
            channels.keySet().forEach(target -> all.add(answer(target, stub -> stub.searchSessions(request))));
            return merged(all, Math.max(1, request.getPageSize()));
        });
    }

    private String only() {
        return channels.keySet().iterator().next();
    }

    /** One page of several, whose next begins behind its last session at every sink. */
    static SearchSessionsResponse merged(List<SearchSessionsResponse> all, int most) {
        List<SessionEntry> sessions = all.stream()
                .flatMap(page -> page.getSessionsList().stream())
                .sorted(Comparator.comparingLong(
                                (SessionEntry session) -> session.getBegan().getSeconds())
                        .thenComparingInt(session -> session.getBegan().getNanos())
                        .reversed()
                        .thenComparing(SessionEntry::getSessionId))
                .toList();
        SearchSessionsResponse.Builder merged = SearchSessionsResponse.newBuilder()
                .addAllSessions(sessions.stream().limit(most).toList())
                .setComplete(all.stream().allMatch(SearchSessionsResponse::getComplete));
        boolean more = all.stream().anyMatch(page -> !page.getNextPageToken().isEmpty());
        if (sessions.size() > most || more && !sessions.isEmpty()) {
            SessionEntry last = sessions.get(Math.min(most, sessions.size()) - 1);
            merged.setNextPageToken(
                    last.getBegan().getSeconds() + "." + last.getBegan().getNanos() + "." + last.getSessionId());
        }
        all.stream()
                .filter(SearchSessionsResponse::hasOldest)
                .map(SearchSessionsResponse::getOldest)
                .max(Comparator.comparingLong(oldest -> oldest.getSeconds()))
                .ifPresent(merged::setOldest);
        return merged.build();
    }

    /** The next steps of a session, from whichever sink has it. */
    Steps steps(ReplaySessionRequest request) {
        return limited(() -> {
            DeskException notThere = new DeskException(Problem.NOT_FOUND, "there is no such session that you may see");
            for (String target : channels.keySet()) {
                try {
                    return answer(target, stub -> steps(stub, request));
                } catch (DeskException e) {
                    if (e.problem() != Problem.NOT_FOUND) {
                        throw e;
                    }
                }
            }
            throw notThere;
        });
    }

    private static Steps steps(EvidenceServiceBlockingStub stub, ReplaySessionRequest request) {
        // What is sent behind the page is not wanted: cancelling says so.
        Context.CancellableContext call = Context.current().withCancellation();
        Context before = call.attach();
        try {
            Iterator<ReplaySessionResponse> responses = stub.replaySession(request);
            SessionEntry session = responses.next().getSession();
            List<ReplayedStep> steps = new ArrayList<>();
            int bytes = 0;
            while (responses.hasNext()) {
                ReplayedStep step = responses.next().getStep();
                boolean full = steps.size() >= MOST_STEPS || bytes >= MOST_STEP_BYTES;
                // One event may be several steps, which stay together.
                if (full && step.getSequence() != steps.get(steps.size() - 1).getSequence()) {
                    return new Steps(session, steps, steps.get(steps.size() - 1).getSequence());
                }
                steps.add(step);
                bytes += step.getSerializedSize();
            }
            return new Steps(session, steps, null);
        } finally {
            call.detach(before);
            call.cancel(null);
        }
    }

    /** How every sink's part of the ledger is. */
    List<Part> ledger(Reader reader) {
        GetLedgerStatusRequest request =
                GetLedgerStatusRequest.newBuilder().setReader(reader).build();
        return limited(() -> {
            List<Part> parts = new ArrayList<>();
            for (String target : channels.keySet()) {
                VerifyLedgerResponse running = verifications.get(target);
                try {
                    parts.add(new Part(target, answer(target, stub -> stub.getLedgerStatus(request)), "", running));
                } catch (DeskException e) {
                    parts.add(new Part(target, null, String.valueOf(e.getMessage()), running));
                }
            }
            return parts;
        });
    }

    /** Has every sink verify; how far they are is in {@link #ledger}. */
    void verify(Reader reader) {
        VerifyLedgerRequest request =
                VerifyLedgerRequest.newBuilder().setReader(reader).build();
        channels.forEach((target, channel) -> {
            if (verifications.putIfAbsent(target, VerifyLedgerResponse.getDefaultInstance()) == null) {
                EvidenceServiceGrpc.newStub(channel).verifyLedger(request, new Progress(target));
            }
        });
    }

    /** Keeps how far one verification is, as long as it runs; one that fails keeps why. */
    private final class Progress implements StreamObserver<VerifyLedgerResponse> {

        private final String target;

        Progress(String target) {
            this.target = target;
        }

        @Override
        public void onNext(VerifyLedgerResponse progress) {
            verifications.put(target, progress);
        }

        @Override
        public void onError(Throwable failure) {
            LOG.warn("the ledger of `{}` was not verified: {}", target, failure.getMessage());
            verifications.remove(target);
        }

        @Override
        public void onCompleted() {
            verifications.remove(target);
        }
    }

    private <T> T limited(Supplier<T> work) {
        if (!room.tryAcquire()) {
            throw new DeskException(Problem.TOO_MANY, "too many look into the ledger at this moment; try again");
        }
        try {
            return work.get();
        } finally {
            room.release();
        }
    }

    private <T> T answer(String target, Function<EvidenceServiceBlockingStub, T> work) {
        ManagedChannel channel = channels.get(target);
        if (channel == null) {
            throw new IllegalStateException("`" + target + "` is no target");
        }
        try {
            return work.apply(EvidenceServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(config.timeout().toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw refusal(target, e.getStatus());
        }
    }

    private static DeskException refusal(String target, Status status) {
        String words = status.getDescription() == null ? "" : status.getDescription();
        return switch (status.getCode()) {
            case INVALID_ARGUMENT -> new DeskException(Problem.INVALID, words);
            case NOT_FOUND -> new DeskException(Problem.NOT_FOUND, words);
            case FAILED_PRECONDITION -> new DeskException(Problem.CONFLICT, words);
            case RESOURCE_EXHAUSTED -> new DeskException(Problem.TOO_MANY, words);
            case DEADLINE_EXCEEDED ->
                new DeskException(Problem.UNAVAILABLE, "the audit sink `" + target + "` does not answer in time");
            default ->
                new DeskException(Problem.UNAVAILABLE, "the audit sink `" + target + "` cannot be asked now: " + words);
        };
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
    }
}
