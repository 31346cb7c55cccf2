package dev.chaperone.postgres;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What a program does with pgjdbc, and what it sees of it. */
final class JdbcConversation {

    /** A part of the conversation. */
    interface Step {
        void talk(Connection connection, Consumer<String> say) throws Exception;
    }

    /** Something that may fail. */
    private interface Attempt {
        void run() throws SQLException;
    }

    /** Steps in which the driver does the same however it was set up, or that it cannot take in every query mode. */
    static final Set<String> BY_DEFAULT_ONLY = Set.of(
            "metadata", "calls", "pages", "copies", "notifications", "large objects", "cancellation", "the session");

    static final Map<String, Step> STEPS = new LinkedHashMap<>();

    static {
        STEPS.put("values", JdbcConversation::values);
        STEPS.put("metadata", JdbcConversation::metadata);
        STEPS.put("parameters", JdbcConversation::parameters);
        STEPS.put("failures", JdbcConversation::failures);
        STEPS.put("transactions", JdbcConversation::transactions);
        STEPS.put("pages", JdbcConversation::pages);
        STEPS.put("batches", JdbcConversation::batches);
        STEPS.put("generated keys", JdbcConversation::generatedKeys);
        STEPS.put("several results", JdbcConversation::severalResults);
        STEPS.put("calls", JdbcConversation::calls);
        STEPS.put("copies", JdbcConversation::copies);
        STEPS.put("notifications", JdbcConversation::notifications);
        STEPS.put("large objects", JdbcConversation::largeObjects);
        STEPS.put("updatable results", JdbcConversation::updatableResults);
        STEPS.put("changed tables", JdbcConversation::changedTables);
        STEPS.put("the session", JdbcConversation::session);
        STEPS.put("cancellation", JdbcConversation::cancellation);
        STEPS.put("much", JdbcConversation::much);
    }

    private static final List<String> VALUES = List.of(
            "true",
            "1::int2",
            "-2147483648",
            "9223372036854775807",
            "1.50::numeric(10,2)",
            "'NaN'::numeric",
            "1e300::float8",
            "'Infinity'::float4",
            "'text é €'::text",
            "'abc'::varchar(10)",
            "'a'::char(3)",
            "'x'::\"char\"",
            "'\\x00ff'::bytea",
            "date '2024-02-29'",
            "date 'infinity'",
            "time '12:34:56.789'",
            "timetz '12:34:56+02'",
            "timestamp '2024-02-29 12:34:56'",
            "timestamptz '2024-02-29 12:34:56+02'",
            "interval '1 year 2 days 3.5 s'",
            "'01234567-89ab-cdef-0123-456789abcdef'::uuid",
            "'{\"a\": [1, null]}'::json",
            "'{\"a\": 1}'::jsonb",
            "'192.168.0.1/24'::inet",
            "B'101'",
            "'(1,2)'::point",
            "'[1,5)'::int4range",
            "array[1,2,null]",
            "array['a','b,c',null]",
            "array[[1,2],[3,4]]",
            "null::text",
            "row(1,'a')",
            "12.34::money",
            "16384::oid",
            "'pg_class'::regclass");

    private static final int OFTEN = 3;

    private JdbcConversation() {}

    private static void values(Connection connection, Consumer<String> say) throws SQLException {
        for (String value : VALUES) {
            // More often than it takes to have a statement prepared, for the first ones.
            int times = VALUES.indexOf(value) < OFTEN ? 6 : 1;
            try (Statement statement = connection.createStatement()) {
                rows(statement.executeQuery("select " + value + " as v"), say);
            }
            try (PreparedStatement statement = connection.prepareStatement("select " + value + " as v, ?::int as n")) {
                for (int i = 0; i < times; i++) {
                    statement.setInt(1, i);
                    rows(statement.executeQuery(), say);
                }
            }
        }
    }

    private static void metadata(Connection connection, Consumer<String> say) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select id, name, born from patients where id = ? or name = ?")) {
            columns(statement.getMetaData(), say);
            say.accept(statement.getParameterMetaData().getParameterTypeName(1) + " "
                    + statement.getParameterMetaData().getParameterTypeName(2));
        }
    }

    private static void parameters(Connection connection, Consumer<String> say) throws SQLException {
        Object[] values = {
            1,
            1L << 40,
            (short) 3,
            1.5,
            2.5f,
            new BigDecimal("1.10"),
            true,
            "é 'quoted' \\ text",
            new byte[] {0, 1, -1},
            UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"),
            Date.valueOf("2024-02-29"),
            Timestamp.valueOf("2024-02-29 12:34:56.789"),
            java.time.LocalDate.of(2024, 2, 29),
            java.time.LocalDateTime.of(2024, 2, 29, 1, 2, 3),
            java.time.OffsetDateTime.parse("2024-02-29T01:02:03+02:00"),
            connection.createArrayOf("int4", new Integer[] {1, null, 3}),
            connection.createArrayOf("text", new String[] {"a", "b,c", null})
        };
        for (Object value : values) {
            try (PreparedStatement statement = connection.prepareStatement("select ? as v")) {
                for (int i = 0; i < (value instanceof Number ? 6 : 1); i++) {
                    statement.setObject(1, value);
                    attempt(() -> rows(statement.executeQuery(), say), say);
                }
            }
        }
        try (PreparedStatement statement =
                connection.prepareStatement("select id, name from patients where id = ? or name = ? order by id")) {
            for (int i = 0; i < 7; i++) {
                statement.setInt(1, i);
                statement.setString(2, i % 2 == 0 ? "Joan" : null);
                rows(statement.executeQuery(), say);
            }
            statement.setNull(1, Types.INTEGER);
            statement.setObject(2, "x", Types.OTHER);
            attempt(() -> rows(statement.executeQuery(), say), say);
        }
    }

    private static void failures(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void transactions(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void pages(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void batches(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void generatedKeys(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void severalResults(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void calls(Connection connection, Consumer<String> say) throws SQLException {
        try (CallableStatement call = connection.prepareCall("{? = call left(?, ?)}")) {
            call.registerOutParameter(1, Types.VARCHAR);
            call.setString(2, "called");
            call.setInt(3, 4);
            call.execute();
            say.accept(call.getString(1));
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("create function pg_temp.two() returns refcursor language plpgsql as"
                    + " 'declare c refcursor; begin open c for select g from generate_series(1, 3) g; return c; end'");
            try (CallableStatement call = connection.prepareCall("{? = call pg_temp.two()}")) {
                call.registerOutParameter(1, Types.OTHER);
                call.execute();
                rows((ResultSet) call.getObject(1), say);
            }
            statement.execute("create procedure pg_temp.pair(inout a int, inout b text) language plpgsql as"
                    + " 'begin a := a + 1; b := b || ''!''; end'");
            rows(statement.executeQuery("call pg_temp.pair(1, 'x')"), say);
        }
        connection.rollback();
    }

    private static void copies(Connection connection, Consumer<String> say) throws Exception {
        CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table t (a int, b text)");
        }
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            rows.append(i).append("\tit's \\t ").append(i).append('\n');
        }
        say.accept(String.valueOf(copies.copyIn("copy t from stdin", new StringReader(rows.toString()))));
        say.accept(String.valueOf(
                copies.copyIn("copy t from stdin with (format csv)", new StringReader("1,\"a\"\"b\"\n2,\n"))));
        attempt(
                () -> {
                    try {
                        copies.copyIn("copy t from stdin", new StringReader("x\ty\n"));
                    } catch (java.io.IOException e) {
                        throw new SQLException(e);
                    }
                },
                say);
        attempt(
                () -> {
                    var copy = copies.copyIn("copy t from stdin");
                    copy.writeToCopy("5\tz\n".getBytes(StandardCharsets.UTF_8), 0, 4);
                    copy.cancelCopy();
                    say.accept("cancelled");
                },
                say);
        StringWriter out = new StringWriter();
        say.accept(copies.copyOut("copy (select * from t order by a, b) to stdout", out) + " "
                + out.toString().hashCode());
        ByteArrayOutputStream binary = new ByteArrayOutputStream();
        copies.copyOut("copy (select a, b from t where a < 50 order by 1, 2) to stdout (format binary)", binary);
        say.accept(binary.size() + " " + Arrays.hashCode(binary.toByteArray()));
        say.accept(String.valueOf(
                copies.copyIn("copy t from stdin (format binary)", new ByteArrayInputStream(binary.toByteArray()))));
        try (Statement statement = connection.createStatement()) {
            rows(statement.executeQuery("select count(*), sum(a) from t"), say);
        }
    }

    private static void notifications(Connection connection, Consumer<String> say) throws SQLException {
        PGConnection pg = connection.unwrap(PGConnection.class);
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen first");
            statement.execute("listen \"Second é\"");
            statement.execute("notify first, 'payload'");
            statement.execute("select pg_notify('Second é', 'other')");
            statement.execute("notify third");
            statement.execute("select 1");
            PGNotification[] came = pg.getNotifications();
            for (PGNotification notification : came == null ? new PGNotification[0] : came) {
                say.accept(notification.getName() + " " + notification.getParameter() + " "
                        + (notification.getPID() == pg.getBackendPID()));
            }
            statement.execute("unlisten *");
            statement.execute("notify first");
            PGNotification[] none = pg.getNotifications();
            say.accept(String.valueOf(none == null ? 0 : none.length));
        }
    }

    private static void largeObjects(Connection connection, Consumer<String> say) throws Exception {
        connection.setAutoCommit(false);
        LargeObjectManager manager = connection.unwrap(PGConnection.class).getLargeObjectAPI();
        long oid = manager.createLO(LargeObjectManager.READWRITE);
        byte[] content = new byte[100_000];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31);
        }
        try (LargeObject object = manager.open(oid, LargeObjectManager.READWRITE)) {
            object.write(content);
            object.seek64(5, LargeObject.SEEK_SET);
            say.accept(Arrays.toString(object.read(4)) + " " + object.tell64() + " " + object.size64());
            object.truncate64(70_000);
            say.accept(String.valueOf(object.size64()));
        }
        try (LargeObject object = manager.open(oid, LargeObjectManager.READ)) {
            byte[] read = object.getInputStream().readAllBytes();
            say.accept(read.length + " " + Arrays.equals(read, Arrays.copyOf(content, 70_000)));
        }
        connection.rollback();
        attempt(() -> manager.open(1L), say);
        connection.rollback();
    }

    private static void updatableResults(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void changedTables(Connection connection, Consumer<String> say) throws SQLException {
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

    private static void session(Connection connection, Consumer<String> say) throws SQLException {
        PGConnection pg = connection.unwrap(PGConnection.class);
        for (String name : List.of("server_version", "client_encoding", "DateStyle", "TimeZone", "is_superuser")) {
            say.accept(name + " " + pg.getParameterStatus(name));
        }
        say.accept(connection.getMetaData().getDatabaseProductVersion() + " " + connection.getCatalog());
        connection.setSchema("other");
        say.accept(connection.getSchema());
        connection.setClientInfo("ApplicationName", "talker");
        say.accept(connection.getClientInfo("ApplicationName") + " " + connection.isValid(20));
        try (Statement statement = connection.createStatement()) {
            rows(statement.executeQuery("select * from patients"), say);
            statement.execute("drop table if exists no_such_table");
            for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                say.accept(warning.getSQLState() + " " + warning.getMessage());
            }
            statement.execute("set timezone = 'Asia/Tokyo'");
            say.accept(String.valueOf(pg.getParameterStatus("TimeZone")));
            statement.execute("do $$ begin raise warning using message = 'w', detail = 'd', hint = 'h'; end $$");
            say.accept(String.valueOf(statement.getWarnings()));
        }
    }

    private static void cancellation(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            attempt(() -> statement.execute("select pg_sleep(30)"), say);
            statement.setQueryTimeout(0);
            rows(statement.executeQuery("select 'again'"), say);
            statement.execute("set statement_timeout = 200");
            attempt(() -> statement.execute("select pg_sleep(30)"), say);
        }
    }

    private static void much(Connection connection, Consumer<String> say) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select length(?), md5(?), repeat(?, 10)")) {
            String text = "é'".repeat(100_000);
            for (int i = 1; i <= 3; i++) {
                statement.setString(i, text);
            }
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                say.accept(row.getInt(1) + " " + row.getString(2) + " "
                        + row.getString(3).equals(text.repeat(10)));
            }
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select n, 'row ' || n from numbers order by n limit 20000")) {
            long sum = 0;
            while (rows.next()) {
                sum += rows.getInt(1) + rows.getString(2).length();
            }
            say.accept(String.valueOf(sum));
        }
        StringBuilder wide = new StringBuilder("select 0");
        for (int i = 1; i < 1600; i++) {
            wide.append(',').append(i);
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(wide.toString())) {
            rows.next();
            say.accept(rows.getMetaData().getColumnCount() + " " + rows.getInt(1600));
        }
    }

    private static void rows(@Nullable ResultSet rows, Consumer<String> say) throws SQLException {
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

    private static void columns(ResultSetMetaData columns, Consumer<String> say) throws SQLException {
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

    private static void attempt(Attempt attempt, Consumer<String> say) {
        try {
            attempt.run();
            say.accept("done");
        } catch (SQLException e) {
            failure(e, say);
        }
    }

    private static void failure(SQLException e, Consumer<String> say) {
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
