package dev.chaperone.postgres;

import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Says what came of something. */
final class JdbcTelling {

    /** Something that may fail. */
    interface Attempt {
        void run() throws SQLException;
    }

    private JdbcTelling() {}

    static void rows(@Nullable ResultSet rows, Consumer<String> say) throws SQLException {
        if (rows == null) {
            say.accept("no result");
            return;
        }
        try (rows) {
            ResultSetMetaData columns = rows.getMetaData();
            columns(columns, say);
            while (rows.next()) {
                StringBuilder line = new StringBuilder();
                for (int i = 1; i <= columns.getColumnCount(); i++) {
                    Object value = rows.getObject(i);
                    String text = value instanceof byte[] bytes ? Arrays.toString(bytes) : rows.getString(i);
                    line.append(value == null ? "null" : value.getClass().getSimpleName())
                            .append(' ')
                            .append(text)
                            .append(" | ");
                }
                say.accept(line.toString());
            }
        }
    }

    static void columns(ResultSetMetaData columns, Consumer<String> say) throws SQLException {
        StringBuilder line = new StringBuilder();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            line.append(columns.getColumnName(i))
                    .append(' ')
                    .append(columns.getColumnTypeName(i))
                    .append(' ')
                    .append(columns.getColumnType(i))
                    .append(' ')
                    .append(columns.getPrecision(i))
                    .append(' ')
                    .append(columns.getScale(i))
                    .append(' ')
                    .append(columns.getColumnDisplaySize(i))
                    .append(" | ");
        }
        say.accept(line.toString());
    }

    static void attempt(Attempt attempt, Consumer<String> say) {
        try {
            attempt.run();
            say.accept("done");
        } catch (SQLException e) {
            failure(e, say);
        }
    }

    static void failure(SQLException e, Consumer<String> say) {
        ServerErrorMessage server = e instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
        // What the driver itself says may hold ports and times.
        say.accept(e.getClass().getSimpleName() + " " + e.getSQLState() + " "
                + (server == null
                        ? ""
                        : server.getSeverity() + " " + server.getMessage() + " at " + server.getPosition() + " detail "
                                + server.getDetail() + " hint " + server.getHint() + " constraint "
                                + server.getConstraint() + " " + server.getTable()));
    }
}
