package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.enforcer.Value;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PostgreSQL itself is the judge: its own send functions say what the binary format of a text is. */
@SuppressWarnings("NullAway.Init")
class WireTypeIT {

    private static final int ROUNDS = 300;

    private static PostgresBackend server;
    private static Connection connection;

    @BeforeAll
    static void start() throws SQLException {
        server = Backends.postgres();
        connection = server.connect("postgres");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET datestyle = 'ISO, MDY'");
            statement.execute("SET timezone = 'America/St_Johns'");
        }
    }

    @AfterAll
    static void stop() throws SQLException {
        connection.close();
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "int2, int2send, 21",
        "int4, int4send, 23",
        "int8, int8send, 20",
        "oid, oidsend, 26",
        "float4, float4send, 700",
        "float8, float8send, 701",
        "numeric, numeric_send, 1700",
        "date, date_send, 1082",
        "timestamp, timestamp_send, 1114",
        "timestamptz, timestamptz_send, 1184",
        "uuid, uuid_send, 2950",
        "bpchar(12), bpcharsend, 1042",
        "varchar, varcharsend, 1043",
        "text, textsend, 25",
        "bytea, byteasend, 17",
    })
    void agreesWithTheServer(String type, String send, int oid) throws SQLException {
        List<String> literals = literals(type);
        try (PreparedStatement query = connection.prepareStatement("SELECT v::" + type + "::text, " + send + "(v::"
                + type + ") FROM unnest(?::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n")) {
            query.setArray(1, connection.createArrayOf("text", literals.toArray()));
            try (ResultSet rows = query.executeQuery()) {
                int read = 0;
                while (rows.next()) {
                    read++;
                    agrees(WireType.of(oid, 16), rows.getString(1), rows.getBytes(2));
                }
                assertThat(read).isEqualTo(literals.size());
            }
        }
    }

    private static void agrees(WireType type, String text, byte[] binary) {
        ByteBuf source = Unpooled.wrappedBuffer(binary);
        ByteBuf out = Unpooled.buffer();
        Value fromText = type.parse(text);
        Value fromBinary = type.read(source, 0, binary.length);
        assertThat(fromText).as(text).isNotEqualTo(Value.NULL);
        if (!(fromText instanceof Value.Opaque)) {
            assertThat(fromBinary).as(text).isEqualTo(fromText);
        }
        assertThat(type.write(fromText, out)).isTrue();
        assertThat(ByteBufUtil.hexDump(out)).as(text).isEqualTo(ByteBufUtil.hexDump(source));
        out.release();
        source.release();
    }

    /** What is written as text must be what the server would have written, but for the zone. */
    @Test
    void writesTextThatTheServerReadsAsTheSame() throws SQLException {
        for (String type : List.of("int4", "float4", "float8", "numeric", "date", "timestamp", "timestamptz", "uuid")) {
            List<String> literals = literals(type);
            List<String> written = new ArrayList<>();
            WireType wireType = WireType.of(oid(type), -1);
            for (String literal : canonical(type, literals)) {
                written.add(String.valueOf(wireType.format(wireType.parse(literal))));
            }
            assertThat(canonical(type, written)).isEqualTo(canonical(type, literals));
        }
    }

    private static List<String> canonical(String type, List<String> literals) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "SELECT v::" + type + "::text FROM unnest(?::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n")) {
            query.setArray(1, connection.createArrayOf("text", literals.toArray()));
            List<String> texts = new ArrayList<>();
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    texts.add(rows.getString(1));
                }
            }
            return texts;
        }
    }

    private static int oid(String type) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT ?::regtype::oid::int")) {
            query.setString(1, type);
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }

    private static List<String> literals(String type) {
        Random random = new Random(42);
        Function<Random, String> maker = maker(type);
        List<String> literals = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            literals.add(maker.apply(random));
        }
        return literals;
    }

    private static Function<Random, String> maker(String type) {
        switch (type) {
            case "int2":
                return random -> Short.toString((short) random.nextInt());
            case "int4":
                return random -> Integer.toString(random.nextInt() >> random.nextInt(32));
            case "int8":
                return random -> Long.toString(random.nextLong() >> random.nextInt(64));
            case "oid":
                return random -> Integer.toUnsignedString(random.nextInt());
            case "float4":
                return random -> Float.toString(random.nextInt(2_000_000) / 1000f - 1000f);
            case "float8":
                return random -> Double.toString(random.nextGaussian() * Math.pow(10, random.nextInt(200) - 100));
            case "numeric":
                return random -> new BigDecimal(
                                new BigInteger(random.nextInt(120), random), random.nextInt(30) - random.nextInt(10))
                        .multiply(BigDecimal.valueOf(random.nextBoolean() ? 1 : -1))
                        .toPlainString();
            case "date":
                return random ->
                        LocalDate.ofEpochDay(random.nextInt(800_000) - 700_000).toString();
            case "timestamp":
            case "timestamptz":
                return random -> LocalDateTime.ofEpochSecond(
                                random.nextInt() * 10L, random.nextInt(1_000_000) * 1000, ZoneOffset.UTC)
                        .toString();
            case "uuid":
                return random -> new UUID(random.nextLong(), random.nextLong()).toString();
            case "bytea":
                return random -> "\\x" + String.format("%016x", random.nextLong());
            default:
                return random -> "caf\u00e9 " + random.nextInt(1000);
        }
    }
}
