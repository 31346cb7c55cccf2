package dev.chaperone.postgres;

import static dev.chaperone.postgres.JdbcTelling.attempt;
import static dev.chaperone.postgres.JdbcTelling.columns;
import static dev.chaperone.postgres.JdbcTelling.rows;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/** Values of every kind, as they come and as they go. */
final class JdbcValues {

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

    private JdbcValues() {}

    static void values(Connection connection, Consumer<String> say) throws SQLException {
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

    static void metadata(Connection connection, Consumer<String> say) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select id, name, born from patients where id = ? or name = ?")) {
            columns(statement.getMetaData(), say);
            say.accept(statement.getParameterMetaData().getParameterTypeName(1) + " "
                    + statement.getParameterMetaData().getParameterTypeName(2));
        }
    }

    static void parameters(Connection connection, Consumer<String> say) throws SQLException {
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

    static void much(Connection connection, Consumer<String> say) throws SQLException {
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
}
