package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Cursor;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Transaction;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * vertx-pg-client, which sends many requests before the first is answered and reads everything in binary, has a conversation with
 * the server and the same one through the gateway under a policy that permits everything: its user must see the same.
 */
class VertxConversationsIT {

    private interface Step {
        void talk(PgConnection connection, Consumer<String> say) throws Exception;
    }

    private static final List<String> VALUES = List.of(
            "true",
            "1::int2",
            "-2147483648",
            "9223372036854775807",
            "1.50::numeric(10,2)",
            "'NaN'::numeric",
            "1e300::float8",
            "'text é €'::text",
            "'a'::char(3)",
            "'\\x00ff'::bytea",
            "date '2024-02-29'",
            "timestamp '2024-02-29 12:34:56'",
            "timestamptz '2024-02-29 12:34:56+02'",
            "interval '1 year 2 days 3.5 s'",
            "'01234567-89ab-cdef-0123-456789abcdef'::uuid",
            "'{\"a\": [1, null]}'::jsonb",
            "'(1,2)'::point",
            "array[1,2,null]",
            "array['a','b,c',null]",
            "null::text");

    private static final Map<String, Step> STEPS = new LinkedHashMap<>();

    static {
        STEPS.put("values", VertxConversationsIT::values);
        STEPS.put("parameters", VertxConversationsIT::parameters);
        STEPS.put("failures", VertxConversationsIT::failures);
        STEPS.put("a pipeline", VertxConversationsIT::pipeline);
        STEPS.put("batches", VertxConversationsIT::batches);
        STEPS.put("cursors", VertxConversationsIT::cursors);
        STEPS.put("transactions", VertxConversationsIT::transactions);
        STEPS.put("several results", VertxConversationsIT::severalResults);
        STEPS.put("notifications", VertxConversationsIT::notifications);
        STEPS.put("a cancellation", VertxConversationsIT::cancellation);
    }

    private static Gateway gateway;
    private static Vertx vertx;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.decisions.policy(request -> TestingDecisions.permitUnanalysed());
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void stop() throws Exception {
        get(vertx.close());
        gateway.close();
    }

    @TestFactory
    Stream<DynamicNode> theSameIsSeen() {
        return Map.of("prepared each time", false, "prepared once", true).entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(way -> DynamicContainer.dynamicContainer(
                        way.getKey(),
                        STEPS.entrySet().stream()
                                .map(step -> DynamicTest.dynamicTest(
                                        step.getKey(), () -> compare(way.getValue(), step.getValue())))));
    }

    private static void compare(boolean cached, Step step) throws Exception {
        List<String> direct = said(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD, cached, step);
        List<String> through = said(gateway.port(), "ada", TestingAuthenticator.HUMAN, cached, step);
        assertThat(direct).isNotEmpty();
        assertThat(through).isEqualTo(direct);
        gateway.recorder.forget();
    }

    private static List<String> said(int port, String user, String password, boolean cached, Step step)
            throws Exception {
        PgConnectOptions options = new PgConnectOptions()
                .setHost("127.0.0.1")
                .setPort(port)
                .setDatabase(Gateway.DATABASE)
                .setUser(user)
                .setPassword(password)
                .setCachePreparedStatements(cached)
                .setPipeliningLimit(64);
        List<String> said = new ArrayList<>();
        PgConnection connection = get(PgConnection.connect(vertx, options));
        try {
            step.talk(connection, said::add);
        } finally {
            get(connection.close());
        }
        return said;
    }

    private static void values(PgConnection connection, Consumer<String> say) throws Exception {
        for (String value : VALUES) {
            rows(get(connection.query("select " + value + " as v").execute()), say);
            for (int i = 0; i < 3; i++) {
                rows(
                        get(connection
                                .preparedQuery("select " + value + " as v, $1::int4 as n")
                                .execute(Tuple.of(i))),
                        say);
            }
        }
    }

    private static void parameters(PgConnection connection, Consumer<String> say) throws Exception {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("int4", 1);
        values.put("int8", 1L << 40);
        values.put("float8", 1.5);
        values.put("numeric", new BigDecimal("1.10"));
        values.put("bool", true);
        values.put("text", "é 'quoted' \\ text");
        values.put("bytea", Buffer.buffer(new byte[] {0, 1, -1}));
        values.put("uuid", UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"));
        values.put("date", LocalDate.of(2024, 2, 29));
        values.put("timestamp", LocalDateTime.of(2024, 2, 29, 1, 2, 3));
        values.put("jsonb", new JsonObject().put("a", 1));
        values.put("int4[]", new Integer[] {1, null, 3});
        values.put("text[]", new String[] {"a", "b,c", null});
        for (Map.Entry<String, Object> value : values.entrySet()) {
            rows(
                    get(connection
                            .preparedQuery("select $1::" + value.getKey() + " as v")
                            .execute(Tuple.of(value.getValue()))),
                    say);
        }
        attempt(() -> connection.preparedQuery("select $1::int4").execute(Tuple.of("x")), say);
        attempt(() -> connection.preparedQuery("select $1::int4").execute(Tuple.tuple()), say);
    }

    private static void failures(PgConnection connection, Consumer<String> say) throws Exception {
        for (String sql : List.of(
                "selec 1",
                "select * from no_such_table",
                "select 'é', no_such_column from patients",
                "select 1/0",
                "select 'x'::int",
                "insert into patients (id) values (1)",
                "insert into ledger values (1, -1, 'x')",
                "select 1; select 1/0; select 3")) {
            attempt(() -> connection.query(sql).execute(), say);
            attempt(() -> connection.preparedQuery(sql).execute(), say);
        }
        rows(get(connection.query("select 'still here'").execute()), say);
    }

    /** Fifty requests at once, some of which fail: each gets its own answer. */
    private static void pipeline(PgConnection connection, Consumer<String> say) throws Exception {
        List<Future<RowSet<Row>>> pending = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            pending.add(
                    i % 7 == 3
                            ? connection.preparedQuery("select 10 / $1::int4").execute(Tuple.of(i % 2))
                            : i % 7 == 5
                                    ? connection
                                            .query("select no_such_column, " + i)
                                            .execute()
                                    : connection
                                            .preparedQuery("select name, $1::int4 as n from patients where id = $2")
                                            .execute(Tuple.of(i, i % 4)));
        }
        for (Future<RowSet<Row>> one : pending) {
            attempt(() -> one, say);
        }
    }

    private static void batches(PgConnection connection, Consumer<String> say) throws Exception {
        get(connection.query("create temp table t (a int primary key, b text)").execute());
        List<Tuple> batch = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            batch.add(Tuple.of(i, "row " + i));
        }
        int count = 0;
        for (RowSet<Row> one = get(connection
                        .preparedQuery("insert into t values ($1, $2) returning a")
                        .executeBatch(batch));
                one != null;
                one = one.next()) {
            count += one.rowCount();
        }
        say.accept(String.valueOf(count));
        attempt(
                () -> connection
                        .preparedQuery("insert into t values ($1, $2)")
                        .executeBatch(List.of(Tuple.of(1000, "x"), Tuple.of(1, "y"), Tuple.of(1001, "z"))),
                say);
        rows(get(connection.query("select count(*), sum(a), max(b) from t").execute()), say);
    }

    private static void cursors(PgConnection connection, Consumer<String> say) throws Exception {
        Transaction transaction = get(connection.begin());
        PreparedStatement statement =
                get(connection.prepare("select g, repeat('x', g) from generate_series(1, $1::int4) g"));
        Cursor cursor = statement.cursor(Tuple.of(100));
        for (int size : new int[] {1, 7, 50}) {
            RowSet<Row> rows = get(cursor.read(size));
            say.accept(rows.size() + " " + cursor.hasMore());
        }
        rows(get(connection.query("select 'between'").execute()), say);
        RowSet<Row> rest = get(cursor.read(1000));
        say.accept(rest.size() + " " + cursor.hasMore());
        get(cursor.close());
        get(statement.close());
        get(transaction.commit());
    }

    private static void transactions(PgConnection connection, Consumer<String> say) throws Exception {
        get(connection.query("create temp table t (a int)").execute());
        Transaction transaction = get(connection.begin());
        get(connection.query("insert into t values (1)").execute());
        get(transaction.commit());
        transaction = get(connection.begin());
        get(connection.query("insert into t values (2)").execute());
        attempt(() -> connection.query("select 1/0").execute(), say);
        attempt(() -> connection.query("select 2").execute(), say);
        Transaction failed = transaction;
        attempt(() -> failed.commit().mapEmpty(), say);
        rows(get(connection.query("select * from t").execute()), say);
    }

    private static void severalResults(PgConnection connection, Consumer<String> say) throws Exception {
        for (RowSet<Row> one = get(connection
                        .query("select 1 as a; create temp table m (a int); insert into m values (1), (2); table m")
                        .execute());
                one != null;
                one = one.next()) {
            rows(one, say);
        }
    }

    private static void notifications(PgConnection connection, Consumer<String> say) throws Exception {
        ConcurrentLinkedQueue<String> came = new ConcurrentLinkedQueue<>();
        connection.notificationHandler(notification -> came.add(notification.getChannel() + " "
                + notification.getPayload() + " " + (notification.getProcessId() == connection.processId())));
        get(connection.query("listen talk").execute());
        get(connection.query("notify talk, 'first'").execute());
        get(connection.query("select pg_notify('talk', 'second')").execute());
        get(connection.query("select 1").execute());
        came.forEach(say);
    }

    private static void cancellation(PgConnection connection, Consumer<String> say) throws Exception {
        Future<RowSet<Row>> sleeping = connection.query("select slow()").execute();
        // A request to cancel that overtakes its statement cancels nothing.
        Eventually.holds(() -> gateway.running("slow") == 1);
        get(connection.cancelRequest());
        attempt(() -> sleeping, say);
        rows(get(connection.query("select 'again'").execute()), say);
    }

    private static void rows(RowSet<Row> rows, Consumer<String> say) {
        say.accept(rows.rowCount() + " " + rows.columnsNames());
        for (Row row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                Object value = row.getValue(i);
                line.append(value == null ? "null" : value.getClass().getSimpleName())
                        .append(' ')
                        .append(value instanceof Object[] array ? Arrays.deepToString(array) : value)
                        .append(" | ");
            }
            say.accept(line.toString());
        }
    }

    private interface Attempt {
        Future<RowSet<Row>> run();
    }

    private static void attempt(Attempt attempt, Consumer<String> say) throws Exception {
        try {
            RowSet<Row> rows = get(attempt.run());
            if (rows != null) {
                rows(rows, say);
            }
        } catch (ExecutionException e) {
            say.accept(
                    e.getCause() instanceof PgException pg
                            ? pg.getSqlState() + " " + pg.getSeverity() + " " + pg.getErrorMessage() + " at "
                                    + pg.getPosition() + " " + pg.getDetail() + " " + pg.getHint() + " "
                                    + pg.getConstraint()
                            : String.valueOf(e.getCause()));
        }
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
}
