package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.RecordLevel;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.postgres.analysis.FieldRef;
import dev.chaperone.postgres.analysis.OutputColumn;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.masking.ColumnMask;
import dev.chaperone.postgres.masking.RowMask;
import dev.chaperone.postgres.wire.RowDescription;
import dev.chaperone.proto.ErrorCode;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The obligations of one permit, in the form that they are carried out in.
 *
 * @param masks what to mask, by field
 * @param maxRows most rows to deliver, {@link Long#MAX_VALUE} for no bound
 * @param maxBytes most payload bytes to deliver, {@link Long#MAX_VALUE} for no bound
 * @param readOnly run it in a read-only transaction
 * @param timeout longest time that the server may work on it, null for no bound
 * @param keepOriginals record what masks replace
 */
record Terms(
        Map<String, Masking> masks,
        long maxRows,
        long maxBytes,
        boolean readOnly,
        @Nullable Duration timeout,
        boolean keepOriginals) {

    /** No obligations. */
    static final Terms NONE = new Terms(Map.of(), Long.MAX_VALUE, Long.MAX_VALUE, false, null, true);

    /** One mask and the function that it names. */
    record Masking(Mask mask, MaskingFunction function) {}

    Terms {
        masks = Map.copyOf(masks);
    }

    /**
     * Reads the obligations of a permit and checks that each can be carried out for the statement.
     *
     * @param analysis what the statement touches; null for one that touches no relation that is known
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE naming the one that cannot
     */
    static Terms of(Decision decision, @Nullable QueryAnalysis analysis, Function<Mask, MaskingFunction> functions) {
        Map<String, Masking> masks = new HashMap<>();
        long maxRows = Long.MAX_VALUE;
        long maxBytes = Long.MAX_VALUE;
        boolean readOnly = false;
        Duration timeout = null;
        boolean levelGiven = false;
        boolean full = false;
        for (Obligation obligation : decision.getObligationsList()) {
            switch (obligation.getObligationCase()) {
                case MASK -> add(masks, obligation.getMask(), analysis, functions);
                case LIMIT -> {
                    Limit limit = obligation.getLimit();
                    maxRows = limit.getMaxRows() > 0 ? Math.min(maxRows, limit.getMaxRows()) : maxRows;
                    maxBytes = limit.getMaxBytes() > 0 ? Math.min(maxBytes, limit.getMaxBytes()) : maxBytes;
                }
                case READ_ONLY -> readOnly = true;
                case TIMEOUT -> timeout = shorter(timeout, obligation);
                case RECORD_LEVEL -> {
                    levelGiven = true;
                    full |= obligation.getRecordLevel().getLevel() != RecordLevel.Level.LEVEL_DELIVERED;
                }
                case HOLD -> throw unfulfillable("terms for holding came with a permit");
                case OBLIGATION_NOT_SET ->
                    throw unfulfillable("the policy asks for something that this enforcer does not know");
            }
        }
        return new Terms(masks, maxRows, maxBytes, readOnly, timeout, !levelGiven || full);
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
        requireMaskable(mask.getField(), analysis.relations());
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

    /** A mask on the wire covers what is delivered unchanged and nothing else. */
    private static void requireMaskable(String field, List<Relation> relations) {
        boolean known = false;
        for (Relation relation : relations) {
            String prefix = relation.getDatabase() + '.' + relation.getSchema() + '.' + relation.getName() + '.';
            if (!field.startsWith(prefix)) {
                continue;
            }
            known = true;
            String name = field.substring(prefix.length());
            for (Column column : relation.getColumnsList()) {
                if (column.getName().equals("*")) {
                    throw unfulfillable(
                            "column `" + field + "` must be masked, and the statement uses the whole row of `"
                                    + relation.getName() + "` as one value; name the columns instead");
                }
                if (column.getName().equals(name)) {
                    for (Use use : column.getUsesList()) {
                        requireOutput(field, use);
                    }
                }
            }
        }
        if (!known) {
            throw unfulfillable("field `" + field + "` is to be masked and is in none of the statement's relations");
        }
    }

    private static void requireOutput(String field, Use use) {
        String how = switch (use) {
            case USE_OUTPUT -> null;
            case USE_PREDICATE -> "to choose, order or group rows";
            case USE_WRITE -> "to be written to";
            default -> "in an expression";
        };
        if (how != null) {
            throw unfulfillable("column `" + field + "` must be masked, and the statement uses it " + how
                    + "; select the column as it is, and use it for nothing else");
        }
    }

    private static EnforcementException unfulfillable(String message) {
        return new EnforcementException(ErrorCode.OBLIGATION_UNFULFILLABLE, message);
    }

    /**
     * What to mask in the rows of a result.
     *
     * @param described the columns as the server announces them
     * @return null when nothing is masked
     * @throws EnforcementException with UPSTREAM_MISMATCH when the result is not the analysed one, with
     *     OBLIGATION_UNFULFILLABLE when one of its columns cannot be masked
     */
    @Nullable
    RowMask rowMask(QueryAnalysis analysis, RowDescription described) {
        List<OutputColumn> expected = analysis.outputs();
        List<RowDescription.Column> columns = described.columns();
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
            Masking masking = maskOf(output.sources());
            if (masking != null) {
                byPosition.put(
                        i,
                        new ColumnMask(
                                masking.mask().getField(),
                                masking.function(),
                                column.typeOid(),
                                column.typeModifier(),
                                column.format()));
            }
        }
        return byPosition.isEmpty() ? null : new RowMask(columns.size(), byPosition);
    }

    private @Nullable Masking maskOf(Collection<FieldRef> sources) {
        Masking found = null;
        for (FieldRef source : sources) {
            Masking masking = masks.get(source.field());
            if (masking == null) {
                continue;
            }
            if (found != null
                    && !(found.mask().getFunction().equals(masking.mask().getFunction())
                            && found.mask()
                                    .getParametersMap()
                                    .equals(masking.mask().getParametersMap()))) {
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
