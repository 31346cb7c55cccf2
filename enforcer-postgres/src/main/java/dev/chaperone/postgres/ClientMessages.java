package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.postgres.wire.RowDescription;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The setting {@code client_min_messages} as the client knows it. The server's own stands at {@code log}, or no tree would come;
 * the client's is kept in a setting of another name, so that transactions, SET LOCAL and RESET do to it what they do to any, and
 * notices below it are left out.
 */
final class ClientMessages {

    static final String SETTING = "client_min_messages";

    /** The setting in which the server keeps the client's. */
    static final String SHADOW = "chaperone.client_min_messages";

    /** What a session starts with unless its client asks for something else. */
    static final String DEFAULT = "notice";

    static final String OWN = StatementFlow.RESERVED + "messages";

    /** The levels that can be set, and where the server ranks them for a client; INFO is always sent. */
    private static final Map<String, Integer> RANKS = Map.ofEntries(
            Map.entry("debug5", 10),
            Map.entry("debug4", 11),
            Map.entry("debug3", 12),
            Map.entry("debug2", 13),
            Map.entry("debug", 13),
            Map.entry("debug1", 14),
            Map.entry("log", 15),
            Map.entry("info", 17),
            Map.entry("notice", 18),
            Map.entry("warning", 19),
            Map.entry("error", 21));

    private final String initial;
    private String current;
    private boolean unsettled;
    private boolean several;

    /** @param initial what the session starts with */
    ClientMessages(String initial) {
        this.initial = initial;
        this.current = initial;
    }

    /** The level as the server spells it, null when there is none of that name. */
    static @Nullable String level(String value) {
        String level = value.toLowerCase(Locale.ROOT);
        return !RANKS.containsKey(level) ? null : level.equals("debug") ? "debug2" : level;
    }

    /**
     * The level that a client starts with.
     *
     * @throws EnforcementException when there is none of that name
     */
    static String required(String value) {
        String level = level(value);
        if (level == null) {
            throw new EnforcementException(
                    ErrorCode.PROTOCOL_VIOLATION, "startup parameter `" + SETTING + "` is not one of its levels");
        }
        return level;
    }

    // ---- statements ------------------------------------------------------------------------------------------------

    /** True for a statement about the level. */
    static boolean concerns(SqlStatement statement) {
        return statement.detail() instanceof StatementDetail.Setting setting
                && setting.name().equals(SETTING);
    }

    /** The text that the server gets for a statement. */
    static String sent(SqlStatement statement) {
        if (!concerns(statement) || !(statement.detail() instanceof StatementDetail.Setting setting)) {
            return statement.text();
        }
        return switch (statement.statementClass()) {
            case SHOW -> "SHOW " + SHADOW;
            case RESET -> "RESET " + SHADOW;
            default -> {
                String value = setting.values().isEmpty()
                        ? "DEFAULT"
                        : "'" + level(setting.values().get(0)) + "'";
                yield "SET " + (setting.local() ? "LOCAL " : "") + SHADOW + " TO " + value;
            }
        };
    }

    /** Why the server would refuse a value; null when it would not. */
    static @Nullable GatewayError refusal(SqlStatement statement) {
        if (!concerns(statement) || !(statement.detail() instanceof StatementDetail.Setting setting)) {
            return null;
        }
        if (setting.values().size() > 1) {
            return new GatewayError(
                    "22023", ErrorCode.PROTOCOL_VIOLATION, "SET " + SETTING + " takes only one argument", "", "");
        }
        if (setting.values().isEmpty() || level(setting.values().get(0)) != null) {
            return null;
        }
        return new GatewayError(
                "22023", // invalid_parameter_value
                ErrorCode.PROTOCOL_VIOLATION,
                "invalid value for parameter \"" + SETTING + "\": \""
                        + setting.values().get(0) + "\"",
                "",
                "Available values: debug5, debug4, debug3, debug2, debug1, log, notice, warning, error.");
    }

    /** What the client is told of the columns that a statement delivers. */
    static byte[] description(SqlStatement statement, RowDescription described, byte[] message) {
        if (!concerns(statement) || statement.statementClass() != StatementClass.SHOW) {
            return message;
        }
        ByteBuf out = Unpooled.buffer();
        BackendWriter.rowDescription(
                out,
                described.columns().stream()
                        .map(column -> new RowDescription.Column(
                                SETTING,
                                column.tableOid(),
                                column.attributeNumber(),
                                column.typeOid(),
                                column.typeSize(),
                                column.typeModifier(),
                                column.format()))
                        .toList());
        return ByteBufUtil.getBytes(out);
    }

    // ---- what holds now --------------------------------------------------------------------------------------------

    /** Whether the client wants to hear of it. */
    boolean wants(String severity) {
        int rank = severity.equals("DEBUG")
                ? RANKS.getOrDefault("debug1", 0)
                : RANKS.getOrDefault(severity.toLowerCase(Locale.ROOT), Integer.MAX_VALUE);
        return severity.equals("INFO") || rank >= RANKS.getOrDefault(current, 0);
    }

    /** Says whether what runs now is a string of several statements: one transaction block, of which the server knows nothing. */
    void several(boolean statements) {
        several = statements;
    }

    /** True for the warning that what holds for a transaction needs a block, which it is in. */
    boolean untrue(Report notice) {
        return several
                && notice.sqlState().equals("25P01") // no_active_sql_transaction
                && notice.field('R').equals("CheckTransactionBlock");
    }

    /** A statement has run that may have set it; goes on when it is known what holds now. */
    void ran(SqlStatement statement, UpstreamLink link, Runnable then) {
        StatementDetail detail = statement.detail();
        if (detail instanceof StatementDetail.Setting setting
                && (setting.name().equals(SETTING) || setting.name().equals("all"))
                && statement.statementClass() != StatementClass.SHOW) {
            String value =
                    setting.values().isEmpty() ? null : level(setting.values().get(0));
            current = value == null ? initial : value;
            unsettled = true;
        } else if (detail instanceof StatementDetail.Discard discard
                && discard.what().equals("all")) {
            current = initial;
        } else if (unsettled && statement.operation().equals("rollback to")) {
            ask(link, FrontendWriter::flush, "CE", then);
            return;
        }
        then.run();
    }

    /**
     * The transaction has ended in which it was set, perhaps for the transaction only, perhaps by being rolled back.
     *
     * @param then goes on when it is known what holds now
     */
    void settled(UpstreamLink link, Runnable then) {
        if (!unsettled) {
            then.run();
            return;
        }
        unsettled = false;
        ask(link, FrontendWriter::sync, "Z", then);
    }

    private void ask(UpstreamLink link, Consumer<ByteBuf> end, String last, Runnable then) {
        link.ask(
                out -> {
                    FrontendWriter.close(out, Target.PORTAL, OWN);
                    FrontendWriter.close(out, Target.STATEMENT, OWN);
                    FrontendWriter.parse(out, OWN, "SHOW " + SHADOW, List.of());
                    FrontendWriter.bind(out, new Bind(OWN, OWN, List.of(), List.of(), List.of()));
                    FrontendWriter.execute(out, OWN, 0);
                    end.accept(out);
                },
                "312DCEZ",
                last,
                message -> {
                    if (message.tag() == 'D') {
                        // One column: its number and length come first.
                        ByteBuf body = message.body();
                        String shown =
                                body.toString(body.readerIndex() + 6, body.readableBytes() - 6, StandardCharsets.UTF_8);
                        current = level(shown) == null ? initial : shown;
                    } else if (last.indexOf(message.tag()) >= 0) {
                        link.takeTrees();
                        then.run();
                    }
                });
    }
}
