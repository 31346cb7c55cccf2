package dev.chaperone.testkit;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class after which a buffer of Netty's has become garbage that nobody released. Netty by itself only logs it,
 * and only when it happens to allocate after a collection.
 *
 * <p>JUnit finds it by itself in every module that has this one on its class path.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {

    private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();
    private static final List<Detector<?>> DETECTORS = new CopyOnWriteArrayList<>();

    static {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Factory());
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        // Being loaded before the first buffer is what counts.
    }

    @Override
    public void afterAll(ExtensionContext context) {
        List<String> leaks = leaks();
        if (!leaks.isEmpty()) {
            throw new AssertionError(leaks.size() + " leaks by the end of " + context.getDisplayName() + ":\n"
                    + String.join("\n\n", leaks));
        }
    }

    /** What has leaked since the last call. */
    static List<String> leaks() {
        collectGarbage();
        DETECTORS.forEach(Detector::look);
        List<String> leaks = new ArrayList<>();
        for (String leak = LEAKS.poll(); leak != null; leak = LEAKS.poll()) {
            leaks.add(leak);
        }
        return leaks;
    }

    /** Returns when what was garbage is known to be: references are enqueued in the order in which a collection found them. */
    private static void collectGarbage() {
        for (int round = 0; round < 2; round++) {
            ReferenceQueue<Object> queue = new ReferenceQueue<>();
            WeakReference<Object> witness = new WeakReference<>(new Object(), queue);
            try {
                for (int attempt = 0; attempt < 50; attempt++) {
                    System.gc();
                    if (queue.remove(100) == witness) {
                        break;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static final class Factory extends ResourceLeakDetectorFactory {
        @Override
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int interval, long maxActive) {
            return newResourceLeakDetector(resource, interval);
        }

        @Override
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int interval) {
            Detector<T> detector = new Detector<>(resource, interval);
            DETECTORS.add(detector);
            return detector;
        }
    }

    private static final class Detector<T> extends ResourceLeakDetector<T> {

        Detector(Class<?> resource, int interval) {
            super(resource, interval);
        }

        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String resource, String records) {
            LEAKS.add(resource + " was not released" + records);
        }

        @Override
        protected void reportUntracedLeak(String resource) {
            LEAKS.add(resource + " was not released");
        }

        /** A detector looks for leaks only when it is given something new to track. */
        @SuppressWarnings("unchecked")
        void look() {
            T something = (T) new Object();
            ResourceLeakTracker<T> tracker = track(something);
            if (tracker != null) {
                tracker.close(something);
            }
        }
    }
}
