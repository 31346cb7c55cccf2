package dev.chaperone.pdp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PolicyWatchersTest {

    private final Enforcers enforcers = new Enforcers();
    private final PolicyWatchers watchers = new PolicyWatchers(2, enforcers);

    @Test
    void tellsANewWatcherOfThePolicyInForceAndOfEachNext() {
        announce("v1");
        TestingStream stream = watch();
        announce("v2");

        assertThat(stream.versions).containsExactly("v1", "v2");
    }

    @Test
    void aWatcherThatDoesNotReadGetsOnlyTheNewest() {
        TestingStream slow = watch();
        TestingStream quick = watch();
        slow.ready = false;
        for (int version = 1; version <= 100; version++) {
            announce("v" + version);
        }
        assertThat(slow.versions).isEmpty();
        assertThat(quick.versions).hasSize(100);

        slow.becomeReady();
        slow.becomeReady();
        assertThat(slow.versions).containsExactly("v100");
    }

    @Test
    void takesNoMoreThanAgreedUntilSomebodyLeaves() {
        TestingStream first = watch();
        watch();
        assertThat(watchers.add("third", new TestingStream())).isFalse();

        first.cancel();
        assertThat(watchers.count()).isEqualTo(1);
        assertThat(watchers.add("third", new TestingStream())).isTrue();
        announce("v1");
        assertThat(first.versions).isEmpty();
    }

    @Test
    void endsEveryStreamWhenItCloses() {
        TestingStream before = watch();
        watchers.close();
        TestingStream after = watch();
        announce("v1");
        before.becomeReady();

        assertThat(before.failures).singleElement().asString().contains("draining");
        assertThat(after.failures).singleElement().asString().contains("draining");
        assertThat(before.versions).isEmpty();
        assertThat(after.versions).isEmpty();
    }

    private void announce(String version) {
        watchers.announce(version, ByteString.copyFrom(new byte[32]), Instant.EPOCH);
    }

    private TestingStream watch() {
        TestingStream stream = new TestingStream();
        assertThat(watchers.add("test", stream)).isTrue();
        return stream;
    }

    /** A stream whose reader decides when to read. */
    private static final class TestingStream extends ServerCallStreamObserver<WatchPolicyResponse> {

        private final List<String> versions = new ArrayList<>();
        private final List<Throwable> failures = new ArrayList<>();
        private boolean ready = true;
        private boolean cancelled;
        private @Nullable Runnable onReady;
        private @Nullable Runnable onCancel;

        void becomeReady() {
            ready = true;
            run(onReady);
        }

        void cancel() {
            cancelled = true;
            run(onCancel);
        }

        private static void run(@Nullable Runnable handler) {
            assertThat(handler).isNotNull();
            handler.run();
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }

        @Override
        public void setOnCancelHandler(Runnable handler) {
            onCancel = handler;
        }

        @Override
        public void setCompression(String compression) {}

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void setOnReadyHandler(Runnable handler) {
            onReady = handler;
        }

        @Override
        public void request(int count) {}

        @Override
        public void setMessageCompression(boolean enable) {}

        @Override
        public void disableAutoInboundFlowControl() {}

        @Override
        public void onNext(WatchPolicyResponse announcement) {
            versions.add(announcement.getPolicyVersion());
        }

        @Override
        public void onError(Throwable failure) {
            failures.add(failure);
        }

        @Override
        public void onCompleted() {
            failures.add(new AssertionError("completed"));
        }
    }
}
