package dev.chaperone.postgres;

import static dev.chaperone.postgres.JdbcTelling.attempt;
import static dev.chaperone.postgres.JdbcTelling.failure;
import static dev.chaperone.postgres.JdbcTelling.rows;

import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Statements one after another: their failures, transactions, pages, batches and results. */
final class JdbcStatements {

    private JdbcStatements() {}

    static void failures(Connection connection, Consumer<String> say) throws SQLException {
        for (String sql : List.of(
                "select",
                "selec 1",
                "select * from no_such_table",
                "select 'é', no_such_column from patients",
                "select 1/0",
                "select 'x'::int",
                "select no_such_function(1)",
                "insert into patients (id) values (1)",
                "select 1 from patients group by",
                "select 1; select 1/0; select 3",
                "insert into ledger values (1, -1, 'x')",
                "set statement_timeout = 'x'",
                "savepoint a")) {
            try (Statement statement = connection.createStatement()) {
                attempt(() -> statement.execute(sql), say);
            }
            attempt(
                    () -> {
                        try (PreparedStatement statement = connection.prepareStatement(sql)) {
                            statement.execute();
                        }
                    },
                    say);
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            attempt(() -> statement.execute("select 1/0"), say);
            attempt(() -> rows(statement.executeQuery("select 2"), say), say);
            connection.rollback();
            rows(statement.executeQuery("select 3"), say);
        }
        connection.commit();
    }

    static void transactions(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table t (a int unique deferrable initially deferred)");
            connection.setAutoCommit(false);
            statement.execute("insert into t values (1)");
            Savepoint one = connection.setSavepoint();
            statement.execute("insert into t values (2)");
            Savepoint two = connection.setSavepoint("two");
            statement.execute("insert into t values (3)");
            connection.rollback(two);
            rows(statement.executeQuery("select * from t order by a"), say);
            connection.releaseSavepoint(one);
            connection.commit();
            statement.execute("insert into t values (1)");
            attempt(connection::commit, say);
            rows(statement.executeQuery("select * from t order by a"), say);
            connection.rollback();
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            rows(statement.executeQuery("show transaction_isolation"), say);
            connection.rollback();
            connection.setReadOnly(true);
            attempt(() -> statement.execute("create table nowhere (a int)"), say);
            connection.rollback();
        }
    }

    static void pages(Connection connection, Consumer<String> say) throws SQLException {
        connection.setAutoCommit(false);
        for (int size : new int[] {0, 1, 7, 1000}) {
            try (PreparedStatement statement =
                    connection.prepareStatement("select g, repeat('x', g) from generate_series(1, ?) g")) {
                statement.setFetchSize(size);
                statement.setInt(1, 40);
                long sum = 0;
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        sum += rows.getInt(1) * 1000L + rows.getString(2).length();
                        if (rows.getInt(1) == 20) {
                            // Something else in between.
                            try (Statement other = connection.createStatement()) {
                                rows(other.executeQuery("select 'between'"), say);
                            }
                        }
                    }
                }
                say.accept(size + " " + sum);
                statement.setMaxRows(3);
                rows(statement.executeQuery(), say);
            }
        }
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(2);
            ResultSet rows = statement.executeQuery("select g, 10 / (5 - g) from generate_series(1, 9) g");
            attempt(
                    () -> {
                        while (rows.next()) {
                            say.accept(rows.getString(1) + " " + rows.getString(2));
                        }
                    },
                    say);
            connection.rollback();
        }
        try (Statement statement =
                connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
            ResultSet rows = statement.executeQuery("select g from generate_series(1, 10) g");
            rows.absolute(-2);
            say.accept(rows.getString(1));
            rows.previous();
            say.accept(rows.getString(1) + " " + rows.getRow());
        }
        connection.commit();
    }

    static void batches(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table t (a int primary key, b text)");
            for (String sql : List.of("insert into t values (-1, 'x')", "update t set b = 'y'", "delete from t")) {
                statement.addBatch(sql);
            }
            say.accept(Arrays.toString(statement.executeBatch()));
        }
        try (PreparedStatement insert = connection.prepareStatement("insert into t values (?, ?)")) {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 40; i++) {
                    insert.setInt(1, round * 1000 + i);
                    insert.setString(2, "row " + i);
                    insert.addBatch();
                }
                int[] counts = insert.executeBatch();
                say.accept(counts.length + " " + counts[0] + " " + counts[39]);
            }
            for (int key : new int[] {5000, 1, 5001}) {
                insert.setInt(1, key);
                insert.setString(2, "again");
                insert.addBatch();
            }
            try {
                say.accept(Arrays.toString(insert.executeBatch()));
            } catch (BatchUpdateException e) {
                say.accept(Arrays.toString(e.getUpdateCounts()));
                failure(e, say);
            }
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into t values (?, 'key')", Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 6000; i < 6010; i++) {
                insert.setInt(1, i);
                insert.addBatch();
            }
            say.accept(Arrays.toString(insert.executeBatch()));
            rows(insert.getGeneratedKeys(), say);
        }
        try (Statement statement = connection.createStatement()) {
            rows(statement.executeQuery("select count(*), sum(a), max(b) from t"), say);
        }
    }

    static void generatedKeys(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table t (id int generated always as identity, a text, b int default 7)");
            say.accept(String.valueOf(
                    statement.executeUpdate("insert into t (a) values ('x'), ('y')", Statement.RETURN_GENERATED_KEYS)));
            rows(statement.getGeneratedKeys(), say);
            statement.executeUpdate("insert into t (a) values ('z')", new String[] {"id", "b"});
            rows(statement.getGeneratedKeys(), say);
            statement.executeUpdate("update t set b = 8 where a = 'x'", new String[] {"a"});
            rows(statement.getGeneratedKeys(), say);
            attempt(
                    () -> statement.executeUpdate("insert into t (a) values ('z')", new String[] {"no_such_column"}),
                    say);
            say.accept(String.valueOf(statement.executeLargeUpdate("delete from t where b > 7")));
        }
    }

    static void severalResults(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : List.of(
                    "create temp table t (a int); insert into t values (1), (2); select * from t; update t set a = 3;"
                            + " select count(*) from t",
                    "select 1; ; select 2",
                    ";",
                    "select 1; selec 2",
                    "begin; create temp table q (a int); commit; select * from q where",
                    "begin; select 1; rollback; select 2")) {
                attempt(
                        () -> {
                            boolean rows = statement.execute(sql);
                            while (rows || statement.getUpdateCount() >= 0) {
                                if (rows) {
                                    rows(statement.getResultSet(), say);
                                } else {
                                    say.accept("changed " + statement.getUpdateCount());
                                }
                                rows = statement.getMoreResults();
                            }
                        },
                        say);
            }
        }
        try (PreparedStatement statement =
                connection.prepareStatement("insert into t values (?); select a from t where a = ?")) {
            for (int i = 0; i < 6; i++) {
                statement.setInt(1, 10 + i);
                statement.setInt(2, 10 + i);
                attempt(
                        () -> {
                            say.accept(String.valueOf(statement.execute()));
                            statement.getMoreResults();
                            rows(statement.getResultSet(), say);
                        },
                        say);
            }
        }
    }

    static void updatableResults(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement plain = connection.createStatement();
                Statement statement =
                        connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
            plain.execute("create temp table t (id int primary key, a text)");
            plain.execute("insert into t values (1, 'x'), (2, 'y')");
            try (ResultSet rows = statement.executeQuery("select id, a from t order by id")) {
                rows.next();
                rows.updateString(2, "changed");
                rows.updateRow();
                rows.moveToInsertRow();
                rows.updateInt(1, 3);
                rows.updateString(2, "new");
                rows.insertRow();
                rows.absolute(2);
                rows.deleteRow();
            }
            rows(plain.executeQuery("select * from t order by id"), say);
        }
    }

    static void changedTables(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table c (a int)");
            statement.execute("insert into c values (1)");
            for (String change : List.of(
                    "select 1", "alter table c add column b text default 'x'", "alter table c alter a type bigint")) {
                statement.execute(change);
                try (PreparedStatement query = connection.prepareStatement("select * from c where a = ?")) {
                    for (int i = 0; i < 7; i++) {
                        query.setInt(1, 1);
                        attempt(() -> rows(query.executeQuery(), say), say);
                    }
                }
            }
            statement.execute("discard all");
            attempt(() -> rows(statement.executeQuery("select * from c"), say), say);
        }
    }
}
