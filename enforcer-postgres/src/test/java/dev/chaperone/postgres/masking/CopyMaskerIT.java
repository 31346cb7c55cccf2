package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresMajors;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** PostgreSQL itself is the judge: what it copied out, masked, it must be able to copy in. */
@SuppressWarnings("NullAway.Init")
class CopyMaskerIT {

    private static final MaskingFunctions FUNCTIONS =
            new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"));
    private static final int MAX_FIELD = 1 << 20;

    /** Column, its type, its mask (empty for none). */
    private static final List<List<String>> COLUMNS = List.of(
            List.of("id", "int4", ""),
            List.of("name", "text", "redact"),
            List.of("note", "text", ""),
            List.of("code", "varchar(12)", "pseudonym"),
            List.of("short", "varchar(4)", "redact"),
            List.of("padded", "char(14)", "redact"),
            List.of("born", "date", "year"),
            List.of("seen", "timestamptz", "year"),
            List.of("at", "timestamp", ""),
            List.of("visits", "int8", "pseudonym"),
            List.of("age", "int2", "age90"),
            List.of("amount", "numeric(12,3)", "redact"),
            List.of("ratio", "float8", ""),
            List.of("doc", "jsonb", "redact"),
            List.of("raw", "json", ""),
            List.of("blob", "bytea", "redact"),
            List.of("bytes", "bytea", ""),
            List.of("key", "uuid", "pseudonym"),
            List.of("host", "inet", "redact"),
            List.of("flag", "bool", ""),
            List.of("tags", "text[]", ""),
            List.of("phones", "text[]", "redact"),
            List.of("span", "int4range", ""),
            List.of("lasts", "interval", ""));

    private static PostgresBackend server;
    private static Connection connection;

    @BeforeAll
    static void start() throws SQLException {
        server = Backends.postgres();
        connection = server.connect("postgres");
        StringBuilder columns = new StringBuilder();
        for (List<String> column : COLUMNS) {
            columns.append(columns.isEmpty() ? "" : ", ")
                    .append(column.get(0))
                    .append(' ')
                    .append(column.get(1));
        }
        String text = "E'canary a,b|c\\td\\ne\\rf \"g\" \\\\N \\\\. \\'h\\' é \\b\\f\\v\\x01' || n";
        execute("create table source (" + columns + ")");
        execute("create table target (like source)");
        execute("insert into source select n, " + text + ", " + text
                + ", 'canary-' || n, 'can' || n % 10, 'canary\"' || n, date '1931-02-03' + n, now(), now(), 900000000 + n,"
                + " 85 + n % 10, n + 0.125, n / 3.0, jsonb_build_object('canary', " + text + "), json_build_array("
                + text + "), convert_to('canary', 'utf8'), decode('00ff0a5c2c22', 'hex'), gen_random_uuid(),"
                + " '10.1.2.3', n % 2 = 0, array[" + text + ", null, ''], array['canary', null, '{\"x\"}'],"
                + " int4range(n, n + 5), make_interval(hours => n) from generate_series(1, 40) n");
        execute("insert into source (id, name, code) values (41, '', ''), (42, null, null), (43, E'\\\\.', E'\\\\N')");
        execute("insert into source select 44, repeat('canary', 5000), repeat('x', 100000)");
    }

    @AfterAll
    static void stop() throws SQLException {
        connection.close();
        server.close();
    }

    static Stream<Map<String, String>> options() {
        return Stream.<Map<String, String>>of(
                        Map.of(),
                        Map.of("delimiter", "|"),
                        Map.of("null", ""),
                        Map.of("header", "true"),
                        Map.of("format", "csv"),
                        Map.of("format", "csv", "header", "true", "null", "[redacted]"),
                        Map.of("format", "csv", "delimiter", "|", "quote", "'", "escape", "\\", "force_quote", "*"),
                        Map.of(
                                "format",
                                "csv",
                                "delimiter",
                                "1",
                                "quote",
                                "a",
                                "escape",
                                "n",
                                "force_quote",
                                "name, note"),
                        Map.of("format", "binary"))
                // Before 15 only CSV has a header.
                .filter(options -> PostgresMajors.chosen() >= 15
                        || !options.containsKey("header")
                        || "csv".equals(options.get("format")));
    }

    @ParameterizedTest
    @MethodSource("options")
    void withoutMasksEveryByteStays(Map<String, String> options) throws SQLException, IOException {
        byte[] out = copyOut("source", options);
        assertThat(masked(out, options, Map.of())).isEqualTo(out);
    }

    @ParameterizedTest
    @MethodSource("options")
    void theServerReadsWhatIsMasked(Map<String, String> options) throws SQLException, IOException {
        execute("truncate target");
        byte[] out = masked(copyOut("source", options), options, masks(options));
        assertThat(new String(out, StandardCharsets.ISO_8859_1).split("canary", -1).length)
                .as("only the unmasked columns hold what was planted")
                .isLessThanOrEqualTo(40 * 4 + 1);
        copyIn("target", options, out);
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select s.*, t.* from source s full join target t using (id) order by coalesce(s.id, t.id)")) {
            int read = 0;
            while (rows.next()) {
                read++;
                compare(rows, options.getOrDefault("null", "\\N").isEmpty());
            }
            assertThat(read).isEqualTo(44);
        }
    }

    private static void compare(ResultSet rows, boolean emptyIsNull) throws SQLException {
        int width = COLUMNS.size();
        for (int i = 1; i <= width; i++) {
            List<String> column = COLUMNS.get(i - 1);
            String before = rows.getString(i);
            String after = rows.getString(width + i);
            if (column.get(2).isEmpty()) {
                boolean lost = emptyIsNull && "".equals(before) && after == null;
                assertThat(lost ? before : after).as(column.get(0)).isEqualTo(before);
            } else if (before == null) {
                assertThat(after).as(column.get(0)).isNull();
            } else if (after != null && !column.get(2).equals("age90")) {
                assertThat(after).as(column.get(0)).doesNotContain("canary").isNotEqualTo(before);
            }
        }
        if (rows.getInt("id") <= 40) {
            assertThat(rows.getString(width + 2)).isEqualTo("[redacted]");
            assertThat(rows.getString(width + 7)).endsWith("-01-01");
            assertThat(rows.getString(width + 14)).isEqualTo("\"[redacted]\"");
            assertThat(rows.getShort(width + 11)).isLessThanOrEqualTo((short) 90);
        }
    }

    private static Map<Integer, ColumnMask> masks(Map<String, String> options) throws SQLException {
        int format = options.getOrDefault("format", "text").equals("binary") ? 1 : 0;
        Map<Integer, ColumnMask> masks = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select atttypid::int, atttypmod from pg_attribute"
                        + " where attrelid = 'source'::regclass and attnum > 0 order by attnum")) {
            for (int i = 0; rows.next(); i++) {
                String function = COLUMNS.get(i).get(2);
                if (!function.isEmpty()) {
                    String field = "clinic.public.source." + COLUMNS.get(i).get(0);
                    Mask mask = Mask.newBuilder()
                            .setField(field)
                            .setFunction(function)
                            .build();
                    masks.put(i, new ColumnMask(field, FUNCTIONS.of(mask), rows.getInt(1), rows.getInt(2), format));
                }
            }
        }
        return masks;
    }

    private static byte[] masked(byte[] data, Map<String, String> options, Map<Integer, ColumnMask> masks) {
        List<String> names = COLUMNS.stream().map(column -> column.get(0)).toList();
        CopyMasker masker = CopyMasker.of(
                CopyFormat.of(options, names), new RowMask(COLUMNS.size(), masks), MAX_FIELD, OriginalsCollector.NONE);
        Random random = new Random(data.length);
        ByteBuf out = Unpooled.buffer();
        for (int at = 0; at < data.length; ) {
            int length = Math.min(data.length - at, 1 + random.nextInt(random.nextBoolean() ? 9 : 9000));
            masker.mask(Unpooled.wrappedBuffer(data, at, length), out);
            at += length;
        }
        masker.end();
        assertThat(masker.rows()).isEqualTo(44);
        return ByteBufUtil.getBytes(out);
    }

    private static byte[] copyOut(String table, Map<String, String> options) throws SQLException, IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        copies().copyOut("copy " + table + " to stdout" + with(options, true), out);
        return out.toByteArray();
    }

    private static void copyIn(String table, Map<String, String> options, byte[] data)
            throws SQLException, IOException {
        copies().copyIn("copy " + table + " from stdin" + with(options, false), new ByteArrayInputStream(data));
    }

    private static CopyManager copies() throws SQLException {
        return connection.unwrap(PGConnection.class).getCopyAPI();
    }

    private static String with(Map<String, String> options, boolean out) {
        List<String> written = new ArrayList<>();
        options.forEach((name, value) -> {
            if (name.equals("force_quote")) {
                written.add(out ? name + (value.equals("*") ? " *" : " (" + value + ")") : "");
            } else {
                boolean word = name.equals("format") || name.equals("header");
                written.add(name + " " + (word ? value : "'" + value.replace("'", "''") + "'"));
            }
        });
        written.remove("");
        return written.isEmpty() ? "" : " (" + String.join(", ", written) + ")";
    }

    private static void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
