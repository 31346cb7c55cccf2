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
 */
record Subject(
        SqlStatement statement,
        ActionClass actionClass,
        @Nullable QueryAnalysis analysis,
        @Nullable UnanalysableException failure) {

    /** A statement that the server's tree says all about, or says nothing about. */
    static Subject analysed(SqlStatement statement, Analyses.Result result) {
        QueryAnalysis analysis = result.analysis();
        if (analysis == null) {
            return new Subject(statement, statement.actionClass(), null, result.failure());
        }
        ActionClass actionClass = analysis.deletes()
                ? ActionClass.ACTION_CLASS_DELETE
                : analysis.writes() ? ActionClass.ACTION_CLASS_WRITE : ActionClass.ACTION_CLASS_READ;
        return new Subject(statement, actionClass, analysis, null);
    }

    /** True when the statement is for the server's tree to explain. */
    static boolean needsTree(SqlStatement statement) {
        return switch (statement.statementClass()) {
            case QUERY, DML -> true;
            default -> false;
        };
    }

    /** A statement that the server does not plan. */
    static Subject plain(SqlStatement statement, @Nullable String tree) {
        UnanalysableException failure = switch (statement.statementClass()) {
            case TRANSACTION, SHOW, DISCARD, DEALLOCATE, EMPTY, TRUNCATE, SCHEMA, ADMIN -> null;
            case SET, RESET -> setting(statement);
            case COPY ->
                statement.detail() == null
                        ? new UnanalysableException("this form of `copy` is not recognised")
                        : unanalysed(statement.operation());
            case CURSOR, EXPLAIN, PREPARE, EXECUTE, LISTEN, LOCK -> unanalysed(statement.operation());
            case QUERY, DML, UNKNOWN -> new UnanalysableException("the statement is not recognised");
        };
        if (failure == null && statement.detail() == null) {
            failure = switch (statement.statementClass()) {
                case DISCARD, DEALLOCATE, SHOW ->
                    new UnanalysableException("this form of `" + statement.operation() + "` is not recognised");
                default -> null;
            };
        }
        if (failure == null) {
            failure = UtilityCheck.refusal(statement, tree);
        }
        return new Subject(statement, statement.actionClass(), null, failure);
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
        return refusal == null ? null : new UnanalysableException(ErrorCode.UNSUPPORTED, refusal);
    }

    private static UnanalysableException unanalysed(String operation) {
        return new UnanalysableException("what `" + operation + "` would touch is not analysed");
    }
}
