package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.RecordLevel;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Pseudonym;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.detect.ContentNet;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.postgres.analysis.FieldRef;
import dev.chaperone.postgres.analysis.OutputColumn;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.masking.ColumnMask;
import dev.chaperone.postgres.masking.ColumnNet;
import dev.chaperone.postgres.masking.RowMask;
import dev.chaperone.postgres.wire.RowDescription;
import dev.chaperone.proto.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The obligations of one permit, in the form that they are carried out in.
 *
 * @param masks what to mask, by field
 * @param atSource true when the statement does more with a masked field than deliver it, and may: it has to be rewritten to work
 *     on masked values, see {@link SourceRewrite}
 * @param limits how much it may deliver
 * @param readOnly run it in a read-only transaction
 * @param timeout longest time that the server may work on it, null for no bound
 * @param keepOriginals record what masks replace
 * @param keepBack the caller does not get to see everything: what the server says besides rows is put into other words, and what
 *     its own catalogs hold besides the description of the schema is delivered as null
 * @param net what to look for in what no mask covers, null for nothing
 */
record Terms(
        Map<String, Masking> masks,
        boolean atSource,
        Limits limits,
        boolean readOnly,
        @Nullable Duration timeout,
        boolean keepOriginals,
        boolean keepBack,
        @Nullable ContentNet net) {

    /** No obligations. */
    static final Terms NONE = new Terms(Map.of(), false, Limits.NONE, false, null, true, true, null);

    private static final MaskingFunction NOTHING = new Replacement(null);

    /** One mask and the function that it names. */
    record Masking(Mask mask, MaskingFunction function) {

        boolean everywhere() {
            return mask.getScope() == Mask.Scope.SCOPE_EVERYWHERE;
        }

        boolean does(Masking other) {
            return mask.getFunction().equals(other.mask.getFunction())
                    && mask.getParametersMap().equals(other.mask.getParametersMap());
        }
    }

    Terms {
        masks = Map.copyOf(masks);
    }

    /**
     * Reads the obligations of a permit, or of what is permitted once people have granted it, and checks that each can be carried out for the statement.
     *
     * @param analysis what the statement touches; null for one that touches no relation that is known
     * @param rewritable whether the statement can be made to work on masked values
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE naming the one that cannot
     */
    static Terms of(
            Decision decision,
            @Nullable QueryAnalysis analysis,
            boolean rewritable,
            Function<Mask, MaskingFunction> functions,
            Detectors detectors) {
        Map<String, Masking> masks = new HashMap<>();
        List<Detect> detects = new ArrayList<>();
        Limits limits = Limits.NONE;
        boolean readOnly = false;
        Duration timeout = null;
        boolean levelGiven = false;
        boolean full = false;
        for (Obligation obligation : decision.getObligationsList()) {
            switch (obligation.getObligationCase()) {
                case MASK -> add(masks, obligation.getMask(), analysis, functions);
                case LIMIT -> limits = limits.and(obligation.getLimit());
                case READ_ONLY -> readOnly = true;
                case TIMEOUT -> timeout = shorter(timeout, obligation);
                case RECORD_LEVEL -> {
                    levelGiven = true;
                    full |= obligation.getRecordLevel().getLevel() != RecordLevel.Level.LEVEL_DELIVERED;
                }
                case DETECT -> detects.add(obligation.getDetect());
                case HOLD -> requireWhatWaits(decision);
                case OBLIGATION_NOT_SET ->
                    throw unfulfillable("the policy asks for something that this enforcer does not know");
            }
        }
        boolean atSource = analysis != null && needsSource(masks, analysis, rewritable);
        ContentNet net = detectors.of(detects);
        // An error's text may quote what the net would find in a row.
        boolean keepBack = !decision.getVerbatim() || !masks.isEmpty() || net != null;
        if (keepBack && analysis != null && !analysis.restricted().isEmpty()) {
            throw unfulfillable(String.join(", ", analysis.restricted())
                    + " may hold anybody's data, and can only be read where the policy keeps nothing back");
        }
        if (keepBack && analysis != null && !analysis.definitions().isEmpty()) {
            if (!rewritable) {
                throw definitions(analysis);
            }
            atSource = true;
        }
        return new Terms(masks, atSource, limits, readOnly, timeout, !levelGiven || full, keepBack, net);
    }

    /** Terms for waiting come once, and with something that waits: the statement, or what goes over one of its limits. */
    private static void requireWhatWaits(Decision decision) {
        List<Obligation> obligations = decision.getObligationsList();
        boolean limit = obligations.stream()
                .anyMatch(obligation -> obligation.getLimit().getOnExceed() == Effect.EFFECT_HOLD);
        if (decision.getEffect() != Effect.EFFECT_HOLD && !limit) {
            throw unfulfillable("terms for holding came with a permit that holds nothing");
        }
        if (obligations.stream().filter(Obligation::hasHold).count() > 1) {
            throw unfulfillable("the policy gives two sets of terms for holding");
        }
    }

    private static Duration shorter(@Nullable Duration timeout, Obligation obligation) {
        var asked = obligation.getTimeout().getDuration();
        Duration duration = Duration.ofSeconds(asked.getSeconds(), asked.getNanos());
        if (duration.isNegative() || duration.isZero()) {
            throw unfulfillable("the policy gives the statement no time at all");
        }
        return timeout == null || duration.compareTo(timeout) < 0 ? duration : timeout;
    }

    private static void add(
            Map<String, Masking> masks,
            Mask mask,
            @Nullable QueryAnalysis analysis,
            Function<Mask, MaskingFunction> functions) {
        if (analysis == null) {
            throw unfulfillable(
                    "field `" + mask.getField() + "` is to be masked in a statement whose output is not known");
        }
        if (!known(mask.getField(), analysis.relations())) {
            throw unfulfillable(
                    "field `" + mask.getField() + "` is to be masked and is in none of the statement's relations");
        }
        MaskingFunction function;
        try {
            function = functions.apply(mask);
        } catch (EnforcementException e) {
            throw unfulfillable(String.valueOf(e.getMessage()));
        }
        Masking before = masks.put(mask.getField(), new Masking(mask, function));
        if (before != null && !before.mask().equals(mask)) {
            throw unfulfillable("field `" + mask.getField() + "` is to be masked in two ways, `"
                    + before.mask().getFunction() + "` and `" + mask.getFunction() + "`");
        }
    }

    /**
     * True when a mask on the wire, which covers what is delivered unchanged and nothing else, is not enough, and the policy
     * lets the statement be rewritten.
     */
    private static boolean needsSource(Map<String, Masking> masks, QueryAnalysis analysis, boolean rewritable) {
        boolean needed = false;
        for (Masking masking : masks.values()) {
            String problem = beyondDelivery(masking.mask().getField(), analysis.relations());
            if (problem != null && !(masking.everywhere() && rewritable)) {
                throw unfulfillable(problem);
            }
            needed |= problem != null;
        }
        boolean everywhere = masks.values().stream().allMatch(Masking::everywhere) && rewritable;
        for (OutputColumn output : analysis.outputs()) {
            boolean mixed = mixed(output, masks);
            if (mixed && !everywhere) {
                requireNoOracle(output, masks);
            }
            needed |= mixed && everywhere;
        }
        return needed;
    }

    /** True when only some of the values of a column are to be masked: those of one query of a UNION ALL, say. */
    private static boolean mixed(OutputColumn output, Map<String, Masking> masks) {
        List<Masking> found = output.sources().stream()
                .map(source -> masks.get(source.field()))
                .filter(Objects::nonNull)
                .toList();
        return !found.isEmpty()
                && !(output.passThrough()
                        && found.size() == output.sources().size()
                        && found.stream().allMatch(found.get(0)::does));
    }

    /** The pseudonym of a value that the agent chose, beside those of others, would tell whether it is one of them. */
    private static void requireNoOracle(OutputColumn output, Map<String, Masking> masks) {
        for (FieldRef source : output.sources()) {
            Masking masking = masks.get(source.field());
            if (masking != null && masking.function() instanceof Pseudonym) {
                throw unfulfillable(
                        "column `" + source.field() + "` must be given as pseudonyms, and the statement puts other"
                                + " values into the same output column; select them separately");
            }
        }
    }

    /**
     * Checks that the obligations can be carried out for a statement of which nobody knows what it touches.
     *
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE naming the one that cannot
     */
    void requireUnanalysed() {
        if (readOnly) {
            // What runs code may end the read-only transaction and begin another.
            throw unfulfillable("the policy lets this statement read only, and it is not known what it would do");
        }
    }

    /**
     * Checks that what the rewritten statement still does with masked fields is covered by masks on the wire.
     *
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE naming the field that is not
     */
    void requireDelivered(QueryAnalysis rewritten) {
        if (keepBack && !rewritten.definitions().isEmpty()) {
            throw definitions(rewritten);
        }
        for (String field : masks.keySet()) {
            String problem = beyondDelivery(field, rewritten.relations());
            if (problem != null) {
                throw unfulfillable(problem);
            }
        }
        for (OutputColumn output : rewritten.outputs()) {
            if (mixed(output, masks)) {
                requireNoOracle(output, masks);
            }
        }
    }

    /** True when it is these fields, and no others, that are to be masked, and in the same way. */
    boolean masksAs(Map<String, Masking> others) {
        return masks.keySet().equals(others.keySet())
                && masks.values().stream().allMatch(masking -> {
                    Masking other = others.get(masking.mask().getField());
                    return other != null && masking.does(other);
                });
    }

    private static boolean known(String field, List<Relation> relations) {
        return relations.stream().anyMatch(relation -> field.startsWith(prefix(relation)));
    }

    private static String prefix(Relation relation) {
        return relation.getDatabase() + '.' + relation.getSchema() + '.' + relation.getName() + '.';
    }

    /** What is done with the field besides delivering it unchanged; null when nothing is. */
    private static @Nullable String beyondDelivery(String field, List<Relation> relations) {
        for (Relation relation : relations) {
            if (!field.startsWith(prefix(relation))) {
                continue;
            }
            String name = field.substring(prefix(relation).length());
            for (Column column : relation.getColumnsList()) {
                if (column.getName().equals("*")) {
                    return "column `" + field + "` must be masked, and the statement uses the whole row of `"
                            + relation.getName() + "` as one value; name the columns instead";
                }
                String how = column.getName().equals(name) ? beyondDelivery(column) : null;
                if (how != null) {
                    return "column `" + field + "` must be masked, and the statement uses it " + how
                            + "; select the column as it is, and use it for nothing else";
                }
            }
        }
        return null;
    }

    private static @Nullable String beyondDelivery(Column column) {
        for (Use use : column.getUsesList()) {
            String how = switch (use) {
                case USE_OUTPUT -> null;
                case USE_PREDICATE -> "to choose, order or group rows";
                case USE_WRITE -> "to be written to";
                default -> "in an expression";
            };
            if (how != null) {
                return how;
            }
        }
        return null;
    }

    private static EnforcementException definitions(QueryAnalysis analysis) {
        return unfulfillable(
                String.join(", ", analysis.definitions())
                        + " holds definitions, and the constants in them may be values of the data; select the definition by itself");
    }

    private static EnforcementException unfulfillable(String message) {
        return new EnforcementException(ErrorCode.OBLIGATION_UNFULFILLABLE, message);
    }

    /**
     * What to mask in the rows of a result, and what to search.
     *
     * @param analysis what the statement delivers; null for one of which nobody knows it, so that nothing can be masked
     * @param described the columns as the server announces them
     * @return null when nothing is masked or searched
     * @throws EnforcementException with UPSTREAM_MISMATCH when the result is not the analysed one, with
     *     OBLIGATION_UNFULFILLABLE when one of its columns cannot be masked
     */
    @Nullable
    RowMask rowMask(@Nullable QueryAnalysis analysis, RowDescription described) {
        List<RowDescription.Column> columns = described.columns();
        Map<Integer, ColumnMask> masked = analysis == null ? Map.of() : columnMasks(analysis.outputs(), columns);
        RowMask mask = new RowMask(columns.size(), masked, columnNets(analysis, columns));
        return mask.isEmpty() ? null : mask;
    }

    private Map<Integer, ColumnNet> columnNets(@Nullable QueryAnalysis analysis, List<RowDescription.Column> columns) {
        Map<Integer, ColumnNet> nets = new HashMap<>();
        for (int i = 0; i < columns.size() && net != null; i++) {
            RowDescription.Column column = columns.get(i);
            Set<FieldRef> sources = analysis == null
                    ? Set.of()
                    : Set.copyOf(analysis.outputs().get(i).sources());
            String field = sources.size() == 1 ? sources.iterator().next().field() : column.name();
            nets.put(i, new ColumnNet(field, net, column.typeOid(), column.typeModifier(), column.format()));
        }
        return nets;
    }

    private Map<Integer, ColumnMask> columnMasks(List<OutputColumn> expected, List<RowDescription.Column> columns) {
        if (expected.size() != columns.size()) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_MISMATCH,
                    "the database announces " + columns.size() + " columns where the analysis says " + expected.size());
        }
        Map<Integer, ColumnMask> byPosition = new HashMap<>();
        for (int i = 0; i < columns.size(); i++) {
            RowDescription.Column column = columns.get(i);
            OutputColumn output = expected.get(i);
            if (column.tableOid() != output.tableOid() || column.attributeNumber() != output.attributeNumber()) {
                throw new EnforcementException(
                        ErrorCode.UPSTREAM_MISMATCH,
                        "the database announces another origin of column " + (i + 1) + " than the analysis says");
            }
            ColumnMask mask = columnMask(output, column);
            if (mask != null) {
                byPosition.put(i, mask);
            }
        }
        return byPosition;
    }

    private @Nullable ColumnMask columnMask(OutputColumn output, RowDescription.Column column) {
        if (keepBack && output.definition()) {
            return DefinitionMasks.of(output, column);
        }
        String field;
        MaskingFunction function;
        if (keepBack && output.withheld()) {
            field = output.sources().iterator().next().field();
            function = NOTHING;
        } else {
            Masking masking = maskOf(output.sources());
            if (masking == null) {
                return null;
            }
            field = masking.mask().getField();
            function = masking.function();
        }
        // In any other format the server delivers nothing but an error.
        boolean known = column.format() == 0 || column.format() == 1;
        return new ColumnMask(
                field,
                known ? function : NOTHING,
                column.typeOid(),
                column.typeModifier(),
                known ? column.format() : 0);
    }

    private @Nullable Masking maskOf(Collection<FieldRef> sources) {
        return maskOf(sources.stream().map(FieldRef::field).toList());
    }

    /** The one mask of a value that comes unchanged from one of the fields; null when none of them is masked. */
    @Nullable
    Masking maskOf(List<String> fields) {
        Masking found = null;
        for (String field : fields) {
            Masking masking = masks.get(field);
            if (masking == null) {
                continue;
            }
            if (found != null && !found.does(masking)) {
                throw unfulfillable(String.format(
                        Locale.ROOT,
                        "an output column mixes `%s` and `%s`, which are to be masked differently; select them separately",
                        found.mask().getField(),
                        masking.mask().getField()));
            }
            found = masking;
        }
        return found;
    }
}
