package dev.chaperone.postgres;

import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.testkit.conformance.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Decides as the built-in packs {@code baseline} and {@code hipaa} do for an agent, by labels: what is not classified, changes
 * structure or rights, or calls unknown code is denied; writes to labelled tables wait; secrets are masked. The packs
 * themselves run in the module {@code cli}, which this one must not know.
 */
final class LabelledDecisions implements DecisionClient {

    /** How far a mask goes. */
    enum Masks {
        /** What is delivered unchanged is masked; any other use of a secret is refused. */
        DELIVERED,
        /** Whatever a statement does with a secret, it does with the masked one. */
        EVERYWHERE
    }

    private static final Set<String> REVEALING = Set.of("pg_authid", "pg_stats", "pg_statistic", "pg_stat_activity");

    private final Labels labels;
    private final Masks masks;

    LabelledDecisions(Labels labels, Masks masks) {
        this.labels = labels;
        this.masks = masks;
    }

    @Override
    public CompletionStage<Outcome> decide(DecideRequest request) {
        return CompletableFuture.completedFuture(new Outcome(decision(request), false, null));
    }

    private Decision decision(DecideRequest request) {
        ActionClass actionClass = request.getAction().getClass_();
        Resource resource = request.getResource();
        if (request.getAction().getAnalysis() != Analysis.ANALYSIS_COMPLETE) {
            return TestingDecisions.deny("not analysed");
        }
        if (!resource.getFunctionsList().isEmpty()) {
            return TestingDecisions.deny("unknown function");
        }
        return switch (actionClass) {
            case ACTION_CLASS_SESSION -> TestingDecisions.permit();
            case ACTION_CLASS_READ -> read(resource.getRelationsList());
            case ACTION_CLASS_WRITE, ACTION_CLASS_DELETE ->
                request.getAction().getUnrestricted()
                        ? TestingDecisions.deny("unrestricted change")
                        : write(resource.getRelationsList());
            default -> TestingDecisions.deny("structure, rights and code");
        };
    }

    private Decision read(List<Relation> relations) {
        List<Obligation> obligations = new ArrayList<>();
        for (Relation relation : relations) {
            if (!classified(relation)) {
                return TestingDecisions.deny("unclassified table");
            }
            for (Column column : relation.getColumnsList()) {
                String label = label(relation, column);
                if (label == null) {
                    return TestingDecisions.deny("unclassified field");
                }
                if (Labels.secret(label) && reads(column)) {
                    obligations.add(mask(relation, column, label));
                }
            }
        }
        return TestingDecisions.permit(obligations.toArray(Obligation[]::new));
    }

    private Decision write(List<Relation> relations) {
        boolean target = false;
        for (Relation relation : relations) {
            target |= relation.getWritten();
            if (!classified(relation) || relation.getWritten() && relation.getSystem()) {
                return TestingDecisions.deny("unclassified table");
            }
            for (Column column : relation.getColumnsList()) {
                String label = label(relation, column);
                if (label == null) {
                    return TestingDecisions.deny("unclassified field");
                }
                if (Labels.secret(label)) {
                    return TestingDecisions.deny("health data in a change");
                }
            }
            if (relation.getWritten() && labels.of(name(relation)).stream().anyMatch(Labels::secret)) {
                return TestingDecisions.deny("change of health data");
            }
        }
        return target ? TestingDecisions.permit() : TestingDecisions.deny("nothing is written");
    }

    private boolean classified(Relation relation) {
        return relation.getSystem()
                ? !REVEALING.contains(relation.getName())
                : labels.knows(name(relation))
                        || relation.getAncestorsList().stream().anyMatch(labels::knows);
    }

    private @Nullable String label(Relation relation, Column column) {
        if (relation.getSystem()) {
            return "NONE";
        }
        List<String> names = new ArrayList<>(List.of(name(relation)));
        names.addAll(relation.getAncestorsList());
        String strongest = null;
        for (String name : names) {
            if (column.getName().equals("*")) {
                for (String label : labels.of(name)) {
                    strongest = stronger(strongest, label);
                }
            }
            strongest = stronger(strongest, labels.of(name, column.getName()));
        }
        return strongest;
    }

    private static @Nullable String stronger(@Nullable String one, @Nullable String other) {
        return other == null || one != null && Labels.secret(one) ? one : other;
    }

    private static boolean reads(Column column) {
        return column.getUsesList().stream().anyMatch(use -> use != Use.USE_WRITE);
    }

    private static String name(Relation relation) {
        return relation.getSchema() + '.' + relation.getName();
    }

    private Obligation mask(Relation relation, Column column, String label) {
        String function = switch (label) {
            case "A", "H" -> "pseudonym";
            case "B" -> column.getName().equals("zip") ? "zip3" : "redact";
            case "C" -> column.getType().equals("integer") ? "age90" : "year";
            default -> "redact";
        };
        return Obligation.newBuilder()
                .setMask(Mask.newBuilder()
                        .setField(relation.getDatabase() + '.' + name(relation) + '.' + column.getName())
                        .setFunction(function)
                        .setScope(masks == Masks.EVERYWHERE ? Mask.Scope.SCOPE_EVERYWHERE : Mask.Scope.SCOPE_DELIVERED))
                .build();
    }

    @Override
    public void close() {}
}
