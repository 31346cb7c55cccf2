package dev.chaperone.rules;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.Cacheability;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One immutable version of a policy, ready to decide. Safe for use by several threads. */
public final class CompiledPolicy implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CompiledPolicy.class);
    private static final Duration LONGEST_REUSE = Duration.ofMinutes(5);
    private static final String TIME = "context.time";

    /** Resource attributes that differ between requests of one statement, and so belong into a cache key if read. */
    private static final Set<String> VARYING =
            Set.of("resource.estimated_rows", "resource.estimated_bytes", "resource.endpoint.request_fields");

    private final String version;
    private final ByteString digest;
    private final List<RuleInfo> rules;
    private final List<Conclusion> conclusions;
    private final List<Diagnostic> warnings;
    private final Set<String> attributesRead;
    private final List<String> dependsOn;
    private final AtomicReference<@Nullable RuleEngine> engine;

    CompiledPolicy(String version, byte[] digest, PolicyParser.Parsed parsed, RuleEngine engine) {
        this.version = version;
        this.digest = ByteString.copyFrom(digest);
        this.rules = parsed.rules().stream().map(Rule::info).toList();
        this.conclusions = parsed.rules().stream()
                .flatMap(rule -> rule.conclusions().stream())
                .toList();
        this.warnings = List.copyOf(parsed.diagnostics());
        this.attributesRead = Set.copyOf(parsed.rules().stream()
                .flatMap(rule -> rule.reads().stream())
                .collect(Collectors.toCollection(TreeSet::new)));
        this.dependsOn = attributesRead.stream()
                .filter(name -> name.startsWith("context.") && !name.equals(TIME) || VARYING.contains(name))
                .sorted()
                .toList();
        this.engine = new AtomicReference<>(engine);
    }

    /** The version's name, as given to the compiler. */
    public String version() {
        return version;
    }

    /** SHA-256 over the sources, sorted by path, each path and text preceded by its length in bytes (a copy). */
    public byte[] digest() {
        return digest.toByteArray();
    }

    /** Every rule, sorted by path and line. */
    public List<RuleInfo> rules() {
        return rules;
    }

    /** Warnings found when it was compiled. */
    public List<Diagnostic> warnings() {
        return warnings;
    }

    /**
     * Request attributes that some rule reads, named as in the contract: {@code "context.purpose"}, {@code
     * "principal.groups"}. {@code "resource"} stands for any part of it.
     */
    public Set<String> attributesRead() {
        return attributesRead;
    }

    /**
     * Decides. Never throws: whatever fails is denied with the reason {@code evaluation-failed}. Nothing permitted is
     * denied with the reason {@code default-deny}.
     */
    public Decision evaluate(DecideRequest request, Classifier classifier) {
        try {
            RuleEngine current = engine.get();
            if (current == null) {
                return stamped(DecisionBuilder.denied("policy-closed", "the policy was replaced, ask again"));
            }
            FactMapper.Facts facts = FactMapper.map(request, classifier);
            VerdictRecorder verdict = new VerdictRecorder(conclusions);
            current.run(facts, verdict);
            Decision.Builder decision = DecisionBuilder.combine(verdict.drawn(), FactMapper.analysed(request))
                    .addAllFieldClasses(facts.fieldClasses());
            return stamped(decision.setCacheability(cacheability(request, decision.getEffect())));
        } catch (RuntimeException | LinkageError | StackOverflowError | OutOfMemoryError e) {
            // The cause may quote values of the request: it goes to the log at DEBUG, and not to the caller.
            log.error(
                    "policy `{}` failed with {}; the request is denied",
                    version,
                    e.getClass().getName());
            log.debug("evaluation failed", e);
            return stamped(DecisionBuilder.denied("evaluation-failed", "the policy could not be evaluated"));
        }
    }

    private Decision stamped(Decision.Builder decision) {
        return decision.setPolicyVersion(version).setPolicyDigest(digest).build();
    }

    /** A hold is for once. Other decisions last as long as the token, and to the end of the hour if rules read it. */
    private Cacheability cacheability(DecideRequest request, Effect effect) {
        Instant now = request.getContext().hasTime()
                ? Times.instant(request.getContext().getTime())
                : Instant.now();
        Duration ttl = effect == Effect.EFFECT_HOLD ? Duration.ZERO : LONGEST_REUSE;
        if (request.getPrincipal().hasExpiresAt()) {
            ttl = shorter(
                    ttl,
                    Duration.between(now, Times.instant(request.getPrincipal().getExpiresAt())));
        }
        if (attributesRead.contains(TIME)) {
            Instant nextHour = now.truncatedTo(ChronoUnit.HOURS).plus(1, ChronoUnit.HOURS);
            ttl = request.getContext().hasTime() ? shorter(ttl, Duration.between(now, nextHour)) : Duration.ZERO;
        }
        return Cacheability.newBuilder()
                .setTtl(Times.duration(ttl.isNegative() ? Duration.ZERO : ttl))
                .addAllDependsOn(dependsOn)
                .build();
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    /** Lets go of the compiled rules. A closed policy denies everything. */
    @Override
    public void close() {
        RuleEngine current = engine.getAndSet(null);
        if (current != null) {
            current.close();
        }
    }
}
