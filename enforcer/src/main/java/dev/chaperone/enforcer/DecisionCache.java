package dev.chaperone.enforcer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.Cacheability;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import dev.chaperone.proto.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Permits and denials that the decision point allowed to be reused. It is usable only while the policy announcements are
 * followed: each announced policy starts with an empty cache of its own, and a lost stream leaves none, so that a decision
 * can neither outlive its policy nor be found by somebody who missed the policy's end.
 *
 * <p>Holds are never kept (each wants its own approval), nor is anything about a request that redeems one.
 */
final class DecisionCache {

    /** What an entry costs beside its decision: key, expiry and bookkeeping, roughly. */
    private static final int ENTRY_OVERHEAD_BYTES = 256;

    private static final Duration FOREVER = Duration.ofDays(365);

    private final DecisionClientConfig.Cache config;
    private final InstantSource clock;
    private final Ticker ticker;
    private final DecisionKeys keys = new DecisionKeys();
    private volatile @Nullable Epoch epoch;

    DecisionCache(DecisionClientConfig.Cache config, InstantSource clock, Ticker ticker) {
        this.config = config;
        this.clock = clock;
        this.ticker = ticker;
    }

    /**
     * A policy is active. Everything decided by another one is dropped.
     *
     * @return true when the cache was emptied or came into use by this
     */
    synchronized boolean announced(WatchPolicyResponse policy) {
        Epoch current = epoch;
        if (current != null
                && current.version.equals(policy.getPolicyVersion())
                && current.digest.equals(policy.getPolicyDigest())) {
            return false;
        }
        epoch = new Epoch(policy.getPolicyVersion(), policy.getPolicyDigest(), emptyCache());
        return true;
    }

    /** The announcements are no longer followed: everything is dropped and nothing kept until the next one. */
    synchronized void lost() {
        epoch = null;
    }

    /** Looks a request up; the outcome also takes the answer when there was none yet. */
    Lookup lookup(DecideRequest request) {
        Epoch current = epoch;
        if (current == null
                || config.size().bytes() == 0
                || !request.getContext().getApprovalId().isEmpty()) {
            return Lookup.UNUSED;
        }
        Instant expires = expiry(request);
        if (!expires.isAfter(clock.instant())) {
            return Lookup.UNUSED;
        }
        DecisionDependencies dependencies = current.dependencies;
        Entry entry = current.entries.getIfPresent(keys.key(request, dependencies));
        return new Lookup(this, current, dependencies, request, ticker.read(), entry);
    }

    /** The kept decision on requests like this one and how long it holds; null when there is none. */
    DecisionClient.@Nullable Kept kept(DecideRequest request) {
        Lookup lookup = lookup(request);
        Epoch of = lookup.epoch;
        Entry entry = lookup.entry;
        if (of == null || entry == null) {
            return null;
        }
        DecisionDependencies dependencies = lookup.dependencies;
        long token = lookup.askedAt + nanos(Duration.between(clock.instant(), expiry(request)));
        long until = entry.until - token < 0 ? entry.until : token;
        // An entry may go earlier for want of room, which says nothing about its decision.
        return new DecisionClient.Kept(
                entry.decision, () -> epoch == of && of.dependencies == dependencies && until - ticker.read() > 0);
    }

    private static long nanos(Duration duration) {
        return duration.compareTo(FOREVER) > 0 ? FOREVER.toNanos() : duration.toNanos();
    }

    private void offer(Lookup lookup, Decision decision) {
        Epoch of = lookup.epoch;
        DecideRequest request = lookup.request;
        if (of == null || request == null || of != epoch || !reusable(of, decision)) {
            return;
        }
        Duration ttl = lifetime(request, decision.getCacheability(), lookup.askedAt);
        if (ttl.isNegative() || ttl.isZero()) {
            return;
        }
        DecisionDependencies learnt = of.learn(decision.getCacheability().getDependsOnList());
        if (learnt == null) {
            return;
        }
        of.entries.put(keys.key(request, learnt), new Entry(decision, ttl, ticker.read() + nanos(ttl)));
    }

    private static boolean reusable(Epoch epoch, Decision decision) {
        Effect effect = decision.getEffect();
        return (effect == Effect.EFFECT_PERMIT || effect == Effect.EFFECT_DENY)
                && decision.getPolicyVersion().equals(epoch.version)
                && decision.getPolicyDigest().equals(epoch.digest)
                && DecisionAnswers.isForward(decision.getCacheability().getTtl());
    }

    private Duration lifetime(DecideRequest request, Cacheability cacheability, long askedAt) {
        Duration allowed = Duration.ofSeconds(
                cacheability.getTtl().getSeconds(), cacheability.getTtl().getNanos());
        Duration bounded = allowed.compareTo(config.ttl()) < 0 ? allowed : config.ttl();
        Duration token = Duration.between(clock.instant(), expiry(request));
        Duration shortest = bounded.compareTo(token) < 0 ? bounded : token;
        return shortest.minusNanos(ticker.read() - askedAt);
    }

    private static Instant expiry(DecideRequest request) {
        if (!request.getPrincipal().hasExpiresAt()) {
            return Instant.MAX;
        }
        var expires = request.getPrincipal().getExpiresAt();
        return Instant.ofEpochSecond(expires.getSeconds(), expires.getNanos());
    }

    private Cache<DecisionKeys.Key, Entry> emptyCache() {
        return Caffeine.newBuilder()
                .maximumWeight(config.size().bytes())
                .weigher((DecisionKeys.Key key, Entry entry) ->
                        entry.decision.getSerializedSize() + ENTRY_OVERHEAD_BYTES)
                .expireAfter(Expiry.<DecisionKeys.Key, Entry>writing((key, entry) -> entry.ttl))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    /** One kept decision; {@code until} is by the ticker. */
    private record Entry(Decision decision, Duration ttl, long until) {}

    /** What is known while one policy is announced. */
    private static final class Epoch {

        private final String version;
        private final ByteString digest;
        private final Cache<DecisionKeys.Key, Entry> entries;
        private volatile DecisionDependencies dependencies = DecisionDependencies.NONE;

        Epoch(String version, ByteString digest, Cache<DecisionKeys.Key, Entry> entries) {
            this.version = version;
            this.digest = digest;
            this.entries = entries;
        }

        /**
         * Adds to what keys hold. Entries kept under fewer attributes cannot be found any more.
         *
         * @return what keys hold from now on, or null when a path is one that no key can hold
         */
        @Nullable
        DecisionDependencies learn(Iterable<String> paths) {
            DecisionDependencies known = dependencies;
            DecisionDependencies more = known.with(paths);
            if (more == null || more.equals(known)) {
                return more;
            }
            synchronized (this) {
                DecisionDependencies merged = dependencies.with(paths);
                if (merged != null) {
                    dependencies = merged;
                }
                return merged;
            }
        }
    }

    /** One look into the cache. */
    static final class Lookup {

        private static final Lookup UNUSED = new Lookup(null, null, null, null, 0, null);

        private final @Nullable DecisionCache cache;
        private final @Nullable Epoch epoch;
        private final @Nullable DecisionDependencies dependencies;
        private final @Nullable DecideRequest request;
        private final long askedAt;
        private final @Nullable Entry entry;

        private Lookup(
                @Nullable DecisionCache cache,
                @Nullable Epoch epoch,
                @Nullable DecisionDependencies dependencies,
                @Nullable DecideRequest request,
                long askedAt,
                @Nullable Entry entry) {
            this.cache = cache;
            this.epoch = epoch;
            this.dependencies = dependencies;
            this.request = request;
            this.askedAt = askedAt;
            this.entry = entry;
        }

        /** The kept decision, or null when it has to be asked for. */
        @Nullable
        Decision hit() {
            return entry == null ? null : entry.decision;
        }

        /** Keeps the answer to what was looked up, if it may be kept. */
        void offer(DecisionClient.Outcome outcome) {
            ErrorCode failure = outcome.failure();
            if (cache != null && failure == null) {
                cache.offer(this, outcome.decision());
            }
        }
    }
}
