package dev.chaperone.pdp;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.rules.CompiledPolicy;
import dev.chaperone.rules.Diagnostic;
import dev.chaperone.rules.PolicyCompiler;
import dev.chaperone.rules.PolicyException;
import dev.chaperone.rules.PolicySource;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the policy in force and follows its files. A changed policy is compiled and warmed up on a thread of its own, then
 * swapped in; one that cannot be taken is refused loudly and the old one stays.
 *
 * <p>Files are compared by content, not watched by the operating system: that sees every kind of mount, and two equal looks
 * in a row mean that nobody is in the middle of writing, so that half a policy is never in force.
 */
public final class PolicyStore implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PolicyStore.class);

    private final PdpConfig config;
    private final AtomicReference<@Nullable ActivePolicy> active = new AtomicReference<>();
    private final List<Consumer<ActivePolicy>> listeners = new CopyOnWriteArrayList<>();
    private final ScheduledExecutorService loader;
    private final Timer compiling;
    private final Counter activated;
    private final Counter refused;
    private volatile List<String> problems = List.of();
    private volatile @Nullable Instant refusedAt;

    // Only the loading thread, and start() before it, use these.
    private @Nullable Look seen;
    private @Nullable Look tried;

    /** A store that does nothing before {@link #start()}. */
    public PolicyStore(PdpConfig config, MeterRegistry registry) {
        this.config = config;
        this.loader = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "chaperone-policy-loader");
            thread.setDaemon(true);
            return thread;
        });
        this.compiling = PdpMetric.POLICY_COMPILE.timer(registry);
        this.activated = PdpMetric.POLICY_ACTIVATED.counter(registry);
        this.refused = PdpMetric.POLICY_RELOAD_FAILED.counter(registry);
        PdpMetric.POLICY_CURRENT.gauge(registry, () -> active.get() != null && problems.isEmpty() ? 1 : 0);
        PdpMetric.POLICY_ACTIVE_SINCE.gauge(
                registry, () -> of(policy -> policy.since().getEpochSecond()));
        PdpMetric.POLICY_RULES.gauge(
                registry, () -> of(policy -> policy.rules().rules().size()));
    }

    /**
     * Takes the configured policy into force, then follows its files. Takes seconds.
     *
     * @throws PolicyLoadException when it cannot be taken: nothing is in force then, and there is nothing to go on with
     */
    public void start() {
        Look look = Look.at(config);
        if (look.content == null) {
            throw new PolicyLoadException(look.problems);
        }
        seen = look;
        tried = look;
        activate(look.content);
        long millis = Math.max(1, config.reloadInterval().toMillis());
        loader.scheduleWithFixedDelay(this::look, millis, millis, TimeUnit.MILLISECONDS);
    }

    /**
     * Decides by the policy in force.
     *
     * @return the decision, or null when no policy is in force
     */
    @Nullable
    Decision decide(DecideRequest request) {
        while (true) {
            ActivePolicy policy = active.get();
            if (policy == null) {
                return null;
            }
            if (policy.acquire()) {
                try {
                    return policy.decide(request);
                } finally {
                    policy.release();
                }
            }
        }
    }

    /** What decides now; null before {@link #start()} and after {@link #close()}. */
    public @Nullable PolicyStatus status() {
        ActivePolicy policy = active.get();
        return policy == null
                ? null
                : new PolicyStatus(
                        policy.version(),
                        policy.digest(),
                        policy.since(),
                        policy.rules().rules().size(),
                        problems);
    }

    /** What decides now, rule by rule; null before {@link #start()} and after {@link #close()}. */
    public @Nullable PolicyDetails details() {
        PolicyStatus status = status();
        ActivePolicy policy = active.get();
        return status == null || policy == null
                ? null
                : new PolicyDetails(
                        status,
                        policy.rules().rules(),
                        policy.rules().warnings().stream()
                                .map(Diagnostic::toString)
                                .toList(),
                        policy.content().sources().stream()
                                .map(PolicySource::path)
                                .toList(),
                        policy.content().catalogName(),
                        status.current() ? null : refusedAt);
    }

    /** The policy in force, null when none is. */
    @Nullable
    ActivePolicy active() {
        return active.get();
    }

    /** Tells of every policy that comes into force from now on, in order, on the thread that loaded it. */
    void onActivated(Consumer<ActivePolicy> listener) {
        listeners.add(listener);
    }

    private void look() {
        try {
            Look look = Look.at(config);
            boolean settled = look.equals(seen);
            seen = look;
            if (settled && !look.equals(tried)) {
                tried = look;
                take(look);
            }
        } catch (Throwable failure) {
            // Whatever it was, the next look must happen and the old policy must stay.
            refuse(List.of("the policy could not be loaded: " + failure));
            LOG.error("loading a policy failed unexpectedly", failure);
        }
    }

    private void take(Look look) {
        try {
            if (look.content == null) {
                throw new PolicyLoadException(look.problems);
            }
            activate(look.content);
        } catch (PolicyLoadException e) {
            refuse(e.problems());
        }
    }

    private void refuse(List<String> why) {
        refusedAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        problems = why;
        refused.increment();
        ActivePolicy policy = active.get();
        LOG.error(
                "the changed policy is refused and `{}` stays in force; correct:\n{}",
                policy == null ? "none" : policy.version(),
                String.join("\n", why));
    }

    private void activate(PolicyContent content) {
        ActivePolicy old = active.get();
        if (old != null && old.digest().equals(content.digest())) {
            problems = List.of();
            LOG.info("the policy is again what is in force, `{}`", old.version());
            return;
        }
        ActivePolicy policy = prepare(old, content);
        if (!active.compareAndSet(old, policy)) {
            policy.release();
            return;
        }
        problems = List.of();
        activated.increment();
        LOG.info(
                "policy `{}` is in force with {} rules",
                policy.version(),
                policy.rules().rules().size());
        listeners.forEach(listener -> listener.accept(policy));
        if (old != null) {
            old.release();
        }
    }

    /** Compiles, unless only the catalog differs, and makes the first decisions before anybody waits for them. */
    private ActivePolicy prepare(@Nullable ActivePolicy old, PolicyContent content) {
        long started = System.nanoTime();
        PhiCatalog catalog = content.parseCatalog();
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        ActivePolicy policy;
        if (old != null && old.content().sources().equals(content.sources())) {
            policy = old.with(catalog, content, now);
        } else {
            policy = new ActivePolicy(compile(content), catalog, content, now);
        }
        WarmUp.run(policy);
        compiling.record(System.nanoTime() - started, TimeUnit.NANOSECONDS);
        return policy;
    }

    private static CompiledPolicy compile(PolicyContent content) {
        try {
            CompiledPolicy compiled = PolicyCompiler.compile(ActivePolicy.version(content.digest()), content.sources());
            compiled.warnings().forEach(warning -> LOG.warn("{}", warning));
            return compiled;
        } catch (PolicyException e) {
            throw new PolicyLoadException(
                    e.diagnostics().stream().map(Diagnostic::toString).toList());
        }
    }

    private Number of(Function<ActivePolicy, Number> value) {
        ActivePolicy policy = active.get();
        return policy == null ? 0 : value.apply(policy);
    }

    /** Stops following and lets go of the policy; decisions in progress are still made. */
    @Override
    public void close() {
        loader.shutdownNow();
        try {
            if (!loader.awaitTermination(config.drainTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("a policy was still being loaded after {}", config.drainTimeout());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        ActivePolicy policy = active.getAndSet(null);
        if (policy != null) {
            policy.release();
        }
    }

    /** What one look at the files found: content, or why there is none. */
    private record Look(@Nullable PolicyContent content, List<String> problems) {

        static Look at(PdpConfig config) {
            try {
                return new Look(PolicyContent.read(config), List.of());
            } catch (PolicyLoadException e) {
                return new Look(null, e.problems());
            }
        }
    }
}
