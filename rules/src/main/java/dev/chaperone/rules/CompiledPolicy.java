package dev.chaperone.rules;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Reason;
import java.util.List;
import java.util.Set;

/** One immutable version of a policy, ready to decide. Safe for use by several threads. */
public final class CompiledPolicy implements AutoCloseable {
    private final String version;

    CompiledPolicy(String version) {
        this.version = version;
    }

    /** The version's name, as given to the compiler. */
    public String version() {
        return version;
    }

    /** SHA-256 over the sources, sorted by path, each path and text preceded by its length in bytes (a copy). */
    public byte[] digest() {
        return new byte[32];
    }

    /** Every rule, sorted by path and line. */
    public List<RuleInfo> rules() {
        return List.of();
    }

    /** Warnings found when it was compiled. */
    public List<Diagnostic> warnings() {
        return List.of();
    }

    /**
     * Request attributes that some rule reads, named as in the contract: {@code "context.purpose"}, {@code
     * "principal.groups"}.
     */
    public Set<String> attributesRead() {
        return Set.of();
    }

    /**
     * Decides. Never throws: whatever fails is denied with the reason {@code evaluation-failed}. Nothing permitted is
     * denied with the reason {@code default-deny}.
     */
    public Decision evaluate(DecideRequest request, Classifier classifier) {
        return Decision.newBuilder()
                .setEffect(Effect.EFFECT_DENY)
                .setPolicyVersion(version)
                .addReasons(Reason.newBuilder()
                        .setRule("evaluation-failed")
                        .setText("the policy could not be evaluated")
                        .setEffect(Effect.EFFECT_DENY))
                .build();
    }

    /** Lets go of the compiled rules. A closed policy denies everything. */
    @Override
    public void close() {}
}
