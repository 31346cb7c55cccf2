package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.Value;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the database masks and what is masked on the wire are the same. */
@SuppressWarnings("NullAway.Init")
class SqlMaskIT {

    private static final MaskingFunctions FUNCTIONS =
            new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"));

    private static final Map<String, Integer> TYPES = Map.of(
            "text", TypeOids.TEXT,
            "character varying(14)", TypeOids.VARCHAR,
            "smallint", TypeOids.INT2,
            "integer", TypeOids.INT4,
            "bigint", TypeOids.INT8,
            "numeric(12,2)", TypeOids.NUMERIC,
            "date", TypeOids.DATE,
            "timestamp without time zone", TypeOids.TIMESTAMP,
            "timestamp with time zone", TypeOids.TIMESTAMPTZ,
            "uuid", TypeOids.UUID);

    private static PostgresBackend server;
    private static Connection connection;

    @BeforeAll
    static void start() throws SQLException {
        server = Backends.postgres();
        connection = server.connect("postgres");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET datestyle = 'ISO, MDY'");
            statement.execute("SET timezone = 'Asia/Tokyo'");
        }
    }

    @AfterAll
    static void stop() throws SQLException {
        connection.close();
        server.close();
    }

    static Stream<Arguments> cases() {
        return TYPES.keySet().stream()
                .flatMap(type -> MaskingFunctions.names().stream().map(function -> Arguments.of(function, type)));
    }

    private static List<String> values(String type) {
        return switch (type) {
            case "smallint" -> List.of("0", "7", "-4", "89", "90", "32767", "-32768");
            case "integer", "bigint" -> List.of("0", "36", "89", "90", "203", "3601", "20301", "99999", "100000", "-5");
            case "numeric(12,2)" -> List.of("0", "89.00", "89.01", "89.99", "90", "-0.01", "123456.78");
            case "date" -> List.of("2024-02-29", "1900-01-01", "0001-01-01", "9999-12-31", "infinity", "0044-03-15 BC");
            case "timestamp without time zone", "timestamp with time zone" ->
                List.of(
                        "2024-01-01 00:30:00",
                        "1899-12-31 23:59:59.999999",
                        "infinity",
                        "-infinity",
                        "2024-12-31 23:59");
            case "uuid" -> List.of("00000000-0000-0000-0000-000000000000", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
            default ->
                List.of(
                        "",
                        " ",
                        "Ada",
                        "O'Brien",
                        "Zoë Müller",
                        "123-45-6789",
                        "1234567",
                        "4111 1111 1111 1111",
                        "03601",
                        "20301-1234",
                        "203011234",
                        " 94110 ",
                        "9411",
                        "2024-02-03",
                        "1901-12-31",
                        "2024-13-01",
                        "2024-02-03 10:00:00",
                        "2024-02-03T10:00:00Z",
                        "89",
                        "90",
                        "101",
                        "8x",
                        "a@b.example",
                        "(206) 555-0122");
        };
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheWire(String name, String type) throws SQLException {
        Mask mask = Mask.newBuilder().setField("d.s.t.c").setFunction(name).build();
        MaskingFunction function = FUNCTIONS.of(mask);
        WireType wire = WireType.of(Objects.requireNonNull(TYPES.get(type)), type.endsWith("(14)") ? 14 + 4 : -1);
        String expression = SqlMask.expression(mask, function, "\"c\"", type);
        for (String value : values(type)) {
            String sql = "SELECT " + expression + ", pg_typeof(" + expression + ")::text, c::text FROM (SELECT '"
                    + value.replace("'", "''") + "'::" + type + " AS c) t";
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(sql)) {
                row.next();
                String original = row.getString(3);
                Value expected = original == null ? Value.NULL : function.apply(wire.parse(original));
                if (expected instanceof Value.Text text && text.value().length() > wire.maxCharacters()) {
                    expected = function.shorten(text, wire.maxCharacters());
                }
                String text = expected instanceof Value.Null ? null : wire.format(expected);
                assertThat(same(row.getString(1), type))
                        .as("%s of `%s`", name, value)
                        .isEqualTo(same(text, type));
                assertThat(row.getString(2)).isEqualTo(type.replaceAll("\\(.*\\)", ""));
            }
        }
    }

    /** The wire writes zoned times in UTC, the server in the session's zone; scale is a matter of spelling. */
    private static Object same(@Nullable String text, String type) {
        if (text == null) {
            return "null";
        }
        return switch (type) {
            case "timestamp with time zone" ->
                OffsetDateTime.parse(text.replace(' ', 'T') + (text.length() == 22 ? ":00" : ""))
                        .toInstant();
            case "numeric(12,2)" -> new BigDecimal(text).stripTrailingZeros();
            default -> text;
        };
    }

    @Test
    void nullStaysNull() throws SQLException {
        for (String name : MaskingFunctions.names()) {
            for (String type : TYPES.keySet()) {
                Mask mask =
                        Mask.newBuilder().setField("d.s.t.c").setFunction(name).build();
                String expression = SqlMask.expression(mask, FUNCTIONS.of(mask), "c", type);
                try (Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery(
                                "SELECT " + expression + " FROM (SELECT NULL::" + type + " c) t")) {
                    row.next();
                    assertThat(row.getString(1)).as("%s of %s", name, type).isNull();
                }
            }
        }
    }

    @Test
    void aTypeWithoutAnOutcomeBecomesNull() throws SQLException {
        Mask mask =
                Mask.newBuilder().setField("d.s.t.c").setFunction("pseudonym").build();
        String expression = SqlMask.expression(mask, FUNCTIONS.of(mask), "c", "inet");
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT " + expression + " FROM (SELECT '10.1.2.3'::inet c) t")) {
            row.next();
            assertThat(row.getString(1)).isNull();
        }
    }

    @Test
    void anUnknownFunctionIsRefused() {
        Mask mask = Mask.newBuilder().setField("d.s.t.c").setFunction("rot13").build();
        assertThatThrownBy(() -> SqlMask.expression(mask, value -> value, "c", "text"))
                .isInstanceOf(EnforcementException.class)
                .hasMessageContaining("`rot13`");
    }
}
