package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the database masks and what is masked on the wire are the same, in both formats, and valid in the column's type:
 * PostgreSQL is the judge of both.
 */
@SuppressWarnings("NullAway.Init")
class SqlMaskIT {

    private static final MaskingFunctions FUNCTIONS =
            new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"));

    /** Functions whose outcome has nothing to do with what the original looks like. */
    private static final Set<String> HIDING = Set.of("redact", "null", "pseudonym");

    private static PostgresBackend server;
    private static Connection connection;

    @BeforeAll
    static void start() throws SQLException {
        server = Backends.postgres();
        connection = server.connect("postgres");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET datestyle = 'ISO, MDY'");
            statement.execute("SET timezone = 'Asia/Tokyo'");
            statement.execute("SET intervalstyle = 'postgres'");
            statement.execute("CREATE TYPE pg_temp.mood AS ENUM ('calm', 'furious')");
            statement.execute("CREATE TYPE pg_temp.person AS (name text, ssn text)");
        }
    }

    @AfterAll
    static void stop() throws SQLException {
        connection.close();
        server.close();
    }

    static List<String> types() {
        return MaskedTypes.VALUES.keySet().stream().toList();
    }

    /** What the server says about one value. */
    private record Row(@Nullable String text, byte @Nullable [] binary, List<byte @Nullable []> masked) {}

    @ParameterizedTest
    @MethodSource("types")
    void agreesWithTheWire(String type) throws SQLException {
        List<String> names = new ArrayList<>(new TreeSet<>(MaskingFunctions.names()));
        String send = send(type);
        List<Row> rows = rows(type, send, names);
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            List<@Nullable String> texts = new ArrayList<>();
            for (Row row : rows) {
                byte[] expected = row.masked().get(i);
                String what = name + " of `" + row.text() + "` as " + type;
                byte[] text = row.text() == null ? null : row.text().getBytes(StandardCharsets.UTF_8);
                byte[] byText = onTheWire(name, type, 0, text);
                byte[] byBinary = onTheWire(name, type, 1, row.binary());
                assertThat(hex(byBinary)).as(what + ", binary").isEqualTo(hex(expected));
                texts.add(byText == null ? null : new String(byText, StandardCharsets.UTF_8));
                if (HIDING.contains(name) && byText != null && !isEmpty(row)) {
                    assertThat(byText).as(what).isNotEqualTo(text);
                    assertThat(byBinary).as(what).isNotEqualTo(row.binary());
                }
            }
            List<@Nullable String> accepted = accepted(type, send, texts);
            for (int row = 0; row < rows.size(); row++) {
                assertThat(accepted.get(row))
                        .as(name + " of `" + rows.get(row).text() + "` as " + type + ", text `" + texts.get(row) + "`")
                        .isEqualTo(hex(rows.get(row).masked().get(i)));
            }
        }
    }

    private static boolean isEmpty(Row row) {
        return Objects.requireNonNull(row.text()).replace("NULL", "").equals("{}");
    }

    private static List<Row> rows(String type, String send, List<String> names) throws SQLException {
        StringBuilder list = new StringBuilder("c::text, " + send + "(c)");
        for (String name : names) {
            Mask mask = mask(name);
            String expression = SqlMask.expression(mask, FUNCTIONS.of(mask), "\"c\"", type);
            list.append(", ").append(send).append("((").append(expression).append("))");
            list.append(", pg_typeof((").append(expression).append("))::text");
        }
        List<Row> found = new ArrayList<>();
        for (String value : Objects.requireNonNull(MaskedTypes.VALUES.get(type))) {
            String literal = "'" + value.replace("'", "''") + "'::" + type;
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(
                            "SELECT " + list + " FROM (SELECT " + literal + " c UNION ALL" + " SELECT NULL) t")) {
                row.next();
                found.add(new Row(row.getString(1), row.getBytes(2), masked(type, names, row)));
                row.next();
                assertThat(masked(type, names, row)).as("masks of null").containsOnlyNulls();
            }
        }
        return found;
    }

    private static List<byte @Nullable []> masked(String type, List<String> names, ResultSet row) throws SQLException {
        List<byte @Nullable []> masked = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            masked.add(row.getBytes(3 + 2 * i));
            assertThat(row.getString(4 + 2 * i))
                    .as("type of " + names.get(i))
                    .matches(".*" + Pattern.quote(type.replaceAll("^pg_temp\\.|\\(.*\\)", "")));
        }
        return masked;
    }

    /** What the server makes of masked texts. */
    private static List<@Nullable String> accepted(String type, String send, List<@Nullable String> texts)
            throws SQLException {
        List<@Nullable String> found = new ArrayList<>();
        try (PreparedStatement query =
                connection.prepareStatement("SELECT encode(" + send + "(v::" + type.replace("numeric(12,2)", "numeric")
                        + "), 'hex') FROM unnest(?::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n")) {
            query.setArray(1, connection.createArrayOf("text", texts.toArray()));
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    found.add(rows.getString(1));
                }
            }
        }
        return found;
    }

    private static byte @Nullable [] onTheWire(String name, String type, int format, byte @Nullable [] cell)
            throws SQLException {
        if (cell == null) {
            return null;
        }
        int modifier = type.contains("(14)") ? 14 + 4 : -1;
        ColumnMask column = new ColumnMask("d.s.t.c", FUNCTIONS.of(mask(name)), oid(type), modifier, format);
        ByteBuf out = Unpooled.buffer();
        CellMask.of(column).write(Unpooled.wrappedBuffer(cell), 0, cell.length, out);
        int length = out.readInt();
        assertThat(out.readableBytes()).isEqualTo(Math.max(length, 0));
        return length < 0 ? null : ByteBufUtil.getBytes(out);
    }

    private static int oid(String type) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT ('" + type + "'::regtype::oid::bigint)")) {
            row.next();
            return (int) row.getLong(1);
        }
    }

    private static String send(String type) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT typsend::text FROM pg_type WHERE oid = '" + type + "'::regtype")) {
            row.next();
            return row.getString(1);
        }
    }

    private static @Nullable String hex(byte @Nullable [] bytes) {
        return bytes == null ? null : ByteBufUtil.hexDump(bytes);
    }

    private static Mask mask(String name) {
        return Mask.newBuilder().setField("d.s.t.c").setFunction(name).build();
    }

    @Test
    void masksHaveAnOutcomeWhereTheTypeHasOne() throws SQLException {
        assertThat(masked("pseudonym", "10.1.2.3", "inet")).startsWith("fd").hasSizeGreaterThan(16);
        assertThat(masked("pseudonym", "10.1.2.3/32", "cidr"))
                .isEqualTo(masked("pseudonym", "10.1.2.3", "inet") + "/128");
        assertThat(masked("pseudonym", "08:00:2b:01:02:03", "macaddr")).matches(".[26ae](:..){5}");
        assertThat(masked("year", "[2020-03-05,2021-01-01)", "daterange")).isEqualTo("[2020-01-01,2021-01-01)");
        assertThat(masked("year", "[2020-03-05,2021-01-01]", "daterange")).isEqualTo("[2020-01-01,2022-01-01)");
        assertThat(masked("year", "{[2001-03-05,2002-03-05),[2020-01-01,)}", "datemultirange"))
                .isEqualTo("{[2001-01-01,)}");
        assertThat(masked("age90", "43 years 2 mons 5 days", "interval")).isEqualTo("43 years");
        assertThat(masked("age90", "40000 days", "interval")).isEqualTo("90 years");
        assertThat(masked("age90", "[85,96)", "int4range")).isEqualTo("[85,91)");
        assertThat(masked("redact", "{Ada,Grace}", "text[]")).isEqualTo("{[redacted],[redacted]}");
        assertThat(masked("redact", "{\"a\": 1}", "jsonb")).isEqualTo("\"[redacted]\"");
        assertThat(masked("last4", "{123-45-6789,NULL}", "text[]")).isEqualTo("{***-**-6789,NULL}");
        assertThat(masked("pseudonym", "furious", "pg_temp.mood")).isNull();
        assertThat(masked("redact", "(Ada,123-45-6789)", "pg_temp.person")).isNull();
    }

    private static @Nullable String masked(String name, String value, String type) throws SQLException {
        String canonical;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT '" + value + "'::" + type + "::text")) {
            row.next();
            canonical = row.getString(1);
        }
        byte[] masked = onTheWire(name, type, 0, canonical.getBytes(StandardCharsets.UTF_8));
        return masked == null ? null : new String(masked, StandardCharsets.UTF_8);
    }

    @Test
    void anUnknownFunctionIsRefused() {
        assertThatThrownBy(() -> SqlMask.expression(mask("rot13"), value -> value, "c", "text"))
                .isInstanceOf(EnforcementException.class)
                .hasMessageContaining("`rot13`");
    }
}
