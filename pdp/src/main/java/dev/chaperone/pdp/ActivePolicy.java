package dev.chaperone.pdp;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.rules.CompiledPolicy;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;

/** One policy with one catalog. Lets go of the compiled rules when it is retired and the last decision in progress is made. */
final class ActivePolicy {

    private final CompiledPolicy rules;
    private final AtomicInteger holders;
    private final PhiCatalog catalog;
    private final PolicyContent content;
    private final ByteString digest;
    private final String version;
    private final Instant since;

    private ActivePolicy(
            CompiledPolicy rules, AtomicInteger holders, PhiCatalog catalog, PolicyContent content, Instant since) {
        this.rules = rules;
        this.holders = holders;
        this.catalog = catalog;
        this.content = content;
        this.digest = content.digest();
        this.version = version(digest);
        this.since = since;
    }

    ActivePolicy(CompiledPolicy rules, PhiCatalog catalog, PolicyContent content, Instant since) {
        this(rules, new AtomicInteger(1), catalog, content, since);
    }

    /** The same rules with another catalog; only while this one is not retired. */
    ActivePolicy with(PhiCatalog newCatalog, PolicyContent newContent, Instant newSince) {
        if (!acquire()) {
            throw new IllegalStateException("a retired policy cannot get another catalog");
        }
        return new ActivePolicy(rules, holders, newCatalog, newContent, newSince);
    }

    /** The name of the version with a digest: its first 12 hexadecimal digits. */
    static String version(ByteString digest) {
        return HexFormat.of().formatHex(digest.toByteArray(), 0, 6);
    }

    /** Keeps the rules for one decision; false when they are gone already. Each success wants a {@link #release()}. */
    boolean acquire() {
        int held = holders.get();
        while (held > 0) {
            if (holders.compareAndSet(held, held + 1)) {
                return true;
            }
            held = holders.get();
        }
        return false;
    }

    /** Gives back what {@link #acquire()} took; once more to retire. */
    void release() {
        if (holders.decrementAndGet() == 0) {
            rules.close();
        }
    }

    /** Decides; the answer names rules and catalog together. */
    Decision decide(DecideRequest request) {
        return rules.evaluate(request, catalog).toBuilder()
                .setPolicyVersion(version)
                .setPolicyDigest(digest)
                .build();
    }

    CompiledPolicy rules() {
        return rules;
    }

    PolicyContent content() {
        return content;
    }

    ByteString digest() {
        return digest;
    }

    String version() {
        return version;
    }

    Instant since() {
        return since;
    }
}
