package dev.chaperone.postgres;

import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SettingsPolicy;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.proto.ErrorCode;
import org.jspecify.annotations.Nullable;

/**
 * A statement as the decision is asked about it.
 *
 * @param statement the statement
 * @param actionClass what it does
 * @param analysis what it touches; null for one that touches nothing that is known, and when that could not be established
 * @param failure why it is not known what it would touch; null when it is known. Such a statement is carried only if the
 *     decision says so in so many words, and some not even then ({@link UnanalysableException#carriable})
 * @param rewritable true when it can be made to work on masked values
 * @param behind the text of what it runs and does not say: what was prepared, what a cursor was declared for; empty for others
 */
record Subject(
        SqlStatement statement,
        ActionClass actionClass,
        @Nullable QueryAnalysis analysis,
        @Nullable UnanalysableException failure,
        boolean rewritable,
        String behind) {

    /** A statement that the server's tree says all about, or says nothing about. */
    static Subject analysed(SqlStatement statement, Analyses.Result result) {
        QueryAnalysis analysis = result.analysis();
        return analysis == null
                ? new Subject(statement, statement.actionClass(), null, result.failure(), false, "")
                : new Subject(statement, actionClass(analysis), analysis, null, rewritable(analysis), "");
    }

    /** What is done by a statement that touches that. */
    static ActionClass actionClass(QueryAnalysis analysis) {
        if (analysis.deletes()) {
            return ActionClass.ACTION_CLASS_DELETE;
        }
        // Whoever locks rows keeps those out who change them.
        return analysis.writes() || !analysis.locks().isEmpty()
                ? ActionClass.ACTION_CLASS_WRITE
                : ActionClass.ACTION_CLASS_READ;
    }

    /** Only reads can be made to work on masked values. */
    static boolean rewritable(QueryAnalysis analysis) {
        return analysis.command() == QueryAnalysis.Command.SELECT && !analysis.writes();
    }

    /** True when the statement is for the server's tree to explain. */
    static boolean needsTree(SqlStatement statement) {
        return switch (statement.statementClass()) {
            case QUERY, DML -> !(statement.detail() instanceof StatementDetail.CreateAs);
            default -> false;
        };
    }

    /** The whole text of what runs, for the record. */
    String text() {
        return behind.isEmpty() ? statement.text() : statement.text() + "\n-- runs: " + behind;
    }

    /** A statement that the server does not plan. */
    static Subject plain(SqlStatement statement, @Nullable String tree) {
        UnanalysableException failure = switch (statement.statementClass()) {
            case TRANSACTION, SHOW, DISCARD, DEALLOCATE, PREPARE, LISTEN, EMPTY, TRUNCATE, SCHEMA, ADMIN -> null;
            case SET, RESET -> setting(statement);
            case COPY ->
                statement.detail() == null
                        // What the server would want to hear next is not known either.
                        ? new UnanalysableException(ErrorCode.UNSUPPORTED, "this form of `copy` is not recognised")
                        : unanalysed(statement.operation());
            case CURSOR -> statement.operation().equals("close") ? null : unanalysed(statement.operation());
            case EXPLAIN, EXECUTE, LOCK -> unanalysed(statement.operation());
            case QUERY, DML, UNKNOWN -> new UnanalysableException("the statement is not recognised");
        };
        if (failure == null && statement.detail() == null) {
            failure = switch (statement.statementClass()) {
                case DISCARD, DEALLOCATE, SHOW, PREPARE, CURSOR ->
                    new UnanalysableException("this form of `" + statement.operation() + "` is not recognised");
                default -> null;
            };
        }
        if (failure == null) {
            failure = UtilityCheck.refusal(statement, tree);
        }
        return new Subject(statement, statement.actionClass(), null, failure, false, "");
    }

    Analysis outcome() {
        return failure == null ? Analysis.ANALYSIS_COMPLETE : Analysis.ANALYSIS_FAILED;
    }

    /** True when it touches no data: transaction control, settings. */
    boolean session() {
        return failure == null && actionClass == ActionClass.ACTION_CLASS_SESSION;
    }

    /** True when it may change something. */
    boolean changes() {
        if (failure != null) {
            return true;
        }
        return switch (actionClass) {
            case ACTION_CLASS_READ, ACTION_CLASS_SESSION -> false;
            default -> true;
        };
    }

    private static @Nullable UnanalysableException setting(SqlStatement statement) {
        if (!(statement.detail() instanceof StatementDetail.Setting setting)) {
            return new UnanalysableException("this form of `" + statement.operation() + "` is not recognised");
        }
        String refusal = SettingsPolicy.refusal(setting.name(), setting.values());
        if (refusal == null) {
            return null;
        }
        return SettingsPolicy.pinned(setting.name())
                ? new UnanalysableException(ErrorCode.UNSUPPORTED, refusal)
                : new UnanalysableException(refusal);
    }

    private static UnanalysableException unanalysed(String operation) {
        return new UnanalysableException("what `" + operation + "` would touch is not analysed");
    }
}
