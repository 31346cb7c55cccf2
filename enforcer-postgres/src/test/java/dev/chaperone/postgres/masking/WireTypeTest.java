package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WireTypeTest {

    private static final int TEXT_FORMAT = 0;
    private static final int BINARY_FORMAT = 1;

    static Stream<Arguments> values() {
        return Stream.of(
                Arguments.of(TypeOids.TEXT, new Value.Text("J\u00e9"), "J\u00e9", "4ac3a9"),
                Arguments.of(TypeOids.VARCHAR, new Value.Text(""), "", ""),
                Arguments.of(TypeOids.NAME, new Value.Text("patients"), "patients", "70617469656e7473"),
                Arguments.of(TypeOids.CHAR, new Value.Text("r"), "r", "72"),
                Arguments.of(TypeOids.INT2, new Value.Integer(-2), "-2", "fffe"),
                Arguments.of(TypeOids.INT4, new Value.Integer(Integer.MIN_VALUE), "-2147483648", "80000000"),
                Arguments.of(
                        TypeOids.INT8, new Value.Integer(Long.MAX_VALUE), "9223372036854775807", "7fffffffffffffff"),
                Arguments.of(TypeOids.OID, new Value.Integer(4294967295L), "4294967295", "ffffffff"),
                Arguments.of(TypeOids.FLOAT4, new Value.Decimal(new BigDecimal("1.5")), "1.5", "3fc00000"),
                Arguments.of(TypeOids.FLOAT8, new Value.Decimal(new BigDecimal("-0.1")), "-0.1", "bfb999999999999a"),
                Arguments.of(TypeOids.NUMERIC, number("0"), "0", "0000000000000000"),
                Arguments.of(TypeOids.NUMERIC, number("0.00"), "0.00", "0000000000000002"),
                Arguments.of(TypeOids.NUMERIC, number("90"), "90", "0001000000000000005a"),
                Arguments.of(TypeOids.NUMERIC, number("12345.678"), "12345.678", "0003000100000003000109291a7c"),
                Arguments.of(TypeOids.NUMERIC, number("-0.0001"), "-0.0001", "0001ffff400000040001"),
                Arguments.of(TypeOids.NUMERIC, number("10000"), "10000", "00010001000000000001"),
                Arguments.of(TypeOids.DATE, new Value.Date(LocalDate.of(2000, 1, 2)), "2000-01-02", "00000001"),
                Arguments.of(TypeOids.DATE, new Value.Date(LocalDate.of(1936, 1, 1)), "1936-01-01", "ffffa4b0"),
                Arguments.of(
                        TypeOids.TIMESTAMP,
                        new Value.Timestamp(LocalDateTime.of(2000, 1, 1, 0, 0, 1, 500_000_000)),
                        "2000-01-01 00:00:01.5",
                        "000000000016e360"),
                Arguments.of(
                        TypeOids.TIMESTAMPTZ,
                        new Value.Timestamp(LocalDateTime.of(1999, 12, 31, 23, 59, 59)),
                        "1999-12-31 23:59:59+00",
                        "fffffffffff0bdc0"),
                Arguments.of(
                        TypeOids.UUID,
                        new Value.Uuid(UUID.fromString("00112233-4455-8677-8899-aabbccddeeff")),
                        "00112233-4455-8677-8899-aabbccddeeff",
                        "00112233445586778899aabbccddeeff"),
                Arguments.of(TypeOids.BOOL, new Value.Bool(true), "t", "01"),
                Arguments.of(TypeOids.BOOL, new Value.Bool(false), "f", "00"));
    }

    @ParameterizedTest
    @MethodSource("values")
    void readsAndWritesBothFormats(int oid, Value value, String text, String binary) {
        assertThat(decode(oid, TEXT_FORMAT, text.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(value);
        assertThat(decode(oid, BINARY_FORMAT, ByteBufUtil.decodeHexDump(binary)))
                .isEqualTo(value);
        assertThat(encodedText(oid, -1, value)).isEqualTo(text);
        assertThat(encodedHex(oid, value)).isEqualTo(binary);
    }

    @Test
    void readsAndWritesBytes() {
        Value value = decode(TypeOids.BYTEA, TEXT_FORMAT, "\\x00ff".getBytes(StandardCharsets.UTF_8));
        assertThat(((Value.Opaque) value).value()).containsExactly(0, 0xff);
        assertThat(encodedText(TypeOids.BYTEA, -1, value)).isEqualTo("\\x00ff");
        assertThat(encodedHex(TypeOids.BYTEA, value)).isEqualTo("00ff");
    }

    @Test
    void readsZonesAsUtc() {
        for (String text : new String[] {
            "2024-03-10 02:00:00+02",
            "2024-03-09 18:30:00-05:30",
            "2024-03-09 20:29:08-03:30:52",
            "2024-03-10 00:00:00.000+00"
        }) {
            assertThat(decode(TypeOids.TIMESTAMPTZ, TEXT_FORMAT, text.getBytes(StandardCharsets.UTF_8)))
                    .as(text)
                    .isEqualTo(new Value.Timestamp(LocalDateTime.of(2024, 3, 10, 0, 0)));
        }
    }

    @Test
    void padsBlankPaddedText() {
        assertThat(decode(TypeOids.BPCHAR, TEXT_FORMAT, "MA  ".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(new Value.Text("MA"));
        assertThat(encodedText(TypeOids.BPCHAR, 8, new Value.Text("\ud83d\ude00a")))
                .isEqualTo("\ud83d\ude00a  ");
        assertThat(encodedText(TypeOids.BPCHAR, 8, new Value.Text("[redacted]")))
                .isNull();
        assertThat(encodedText(TypeOids.VARCHAR, 8, new Value.Text("[redacted]")))
                .isNull();
        assertThat(encodedText(TypeOids.VARCHAR, 8, new Value.Text("a"))).isEqualTo("a");
        assertThat(encodedText(TypeOids.BPCHAR, -1, new Value.Text("a"))).isEqualTo("a");
    }

    @Test
    void writesTextAsAJsonString() {
        Value words = new Value.Text("a\"\\\n\u00e9");
        assertThat(encodedText(TypeOids.JSON, -1, words)).isEqualTo("\"a\\\"\\\\\\u000a\u00e9\"");
        assertThat(encodedHex(TypeOids.JSONB, new Value.Text("x"))).isEqualTo("01227822");
        assertThat(encodedText(TypeOids.JSONB, -1, new Value.Text("x"))).isEqualTo("\"x\"");
        assertThat(decode(TypeOids.JSONB, BINARY_FORMAT, ByteBufUtil.decodeHexDump("01227822")))
                .isEqualTo(Value.NULL);
    }

    @ParameterizedTest
    @CsvSource({
        "20, 9223372036854775808",
        "23, 2147483648",
        "21, 1e3",
        "23, ''",
        "26, -1",
        "700, NaN",
        "701, Infinity",
        "701, 1e999",
        "1700, NaN",
        "1700, 1e5",
        "1700, -",
        "1082, infinity",
        "1082, 0044-03-15 BC",
        "1082, 02/29/2024",
        "1082, 2023-02-29",
        "1082, 10000-01-01",
        "1114, -infinity",
        "1114, 'Sat Mar 09 10:00:00 2024'",
        "1114, 2024-02-30 10:00:00",
        "1184, 2024-03-09 10:00:00",
        "1184, 2024-03-09 10:00:00 EST",
        "2950, 00112233-4455-8677-8899-aabbccddeeg0",
        "2950, 1-2-3-4-5",
        "16, true",
        "17, \\x0g",
        "17, abc",
        "869, 10.0.0",
        "869, 10.0.0.256",
        "869, 10.0.0.1/33",
        "869, 1::2::3",
        "869, 1:2:3",
        "829, 08002b010203",
        "1186, P1Y",
        "1186, 1 fortnight",
        "3904, '[1,2'",
        "3904, '[a,2)'",
        "3912, '[2020-01-01,infinity)'",
        "4451, '[1,2)'",
        "1083, 10:00:00",
        "1009, '{a,b}'",
        "114, '{}'",
    })
    void readsAsNullWhatItDoesNotUnderstand(int oid, String text) {
        assertThat(decode(oid, TEXT_FORMAT, text.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(Value.NULL);
    }

    @ParameterizedTest
    @CsvSource({
        "21, 000001",
        "23, 0000",
        "20, 00",
        "26, ''",
        "700, 7fc00000",
        "701, 7ff0000000000000",
        "1700, 00000000c0000000",
        "1700, 00010000000000002711",
        "1700, 000100000000000000",
        "1700, 00017fff000000000001",
        "1700, 0001000000003fff0001",
        "1700, ''",
        "1082, 7fffffff",
        "1082, 80000000",
        "1114, 7fffffffffffffff",
        "1184, 8000000000000000",
        "1114, 7ffffffffffffffe",
        "2950, 00",
        "16, 0101",
        "25, ff",
        "1043, c0af",
    })
    void readsAsNullWhatIsNoSuchBinary(int oid, String hex) {
        assertThat(decode(oid, BINARY_FORMAT, ByteBufUtil.decodeHexDump(hex))).isEqualTo(Value.NULL);
    }

    @Test
    void writesOnlyWhatTheTypeHolds() {
        assertThat(encodedText(TypeOids.INT2, -1, new Value.Integer(40_000))).isNull();
        assertThat(encodedText(TypeOids.OID, -1, new Value.Integer(-1))).isNull();
        assertThat(encodedText(TypeOids.CHAR, -1, new Value.Text("[redacted]"))).isNull();
        assertThat(encodedText(TypeOids.NAME, -1, new Value.Text("x".repeat(64))))
                .isNull();
        assertThat(encodedText(TypeOids.TEXT, -1, new Value.Text("a\0b"))).isNull();
        assertThat(encodedText(TypeOids.FLOAT4, -1, new Value.Decimal(new BigDecimal("1e300"))))
                .isNull();
        assertThat(encodedText(TypeOids.NUMERIC, -1, new Value.Decimal(new BigDecimal("1e2000"))))
                .isNull();
        assertThat(encodedText(TypeOids.DATE, -1, new Value.Date(LocalDate.of(10_000, 1, 1))))
                .isNull();
        assertThat(encodedText(TypeOids.INET, -1, new Value.Text("10.0.0.1"))).isNull();
        assertThat(encodedText(TypeOids.DATE, -1, new Value.Text("2020-01-01"))).isNull();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void neverThrowsAndWritesBackWhatItRead(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 4000; i++) {
            int oid = TypeOids.ALL[random.nextInt(TypeOids.ALL.length)];
            int format = random.nextInt(2);
            byte[] cell = new byte[random.nextInt(24)];
            random.nextBytes(cell);
            if (format == TEXT_FORMAT) {
                for (int at = 0; at < cell.length; at++) {
                    cell[at] = (byte) "0123456789-+.: eENaTtf\\x{}\"".charAt(random.nextInt(27));
                }
            }
            Value value = decode(oid, format, cell);
            if (value == Value.NULL || value instanceof Value.Opaque) {
                continue;
            }
            ByteBuf out = Unpooled.buffer();
            if (WireType.of(oid, -1).encode(value, format, out)) {
                assertThat(decode(oid, format, ByteBufUtil.getBytes(out))).isEqualTo(value);
            }
            out.release();
        }
    }

    private static Value number(String text) {
        return new Value.Decimal(new BigDecimal(text));
    }

    private static Value decode(int oid, int format, byte[] bytes) {
        // Surrounded by other bytes: a cell is a slice, and what is around it is somebody else's.
        ByteBuf source = Unpooled.buffer().writeByte(0x7f).writeBytes(bytes).writeByte(0x7f);
        try {
            return WireType.of(oid, -1).decode(source, 1, bytes.length, format);
        } finally {
            source.release();
        }
    }

    private static @Nullable String encodedText(int oid, int typeModifier, Value value) {
        ByteBuf out = Unpooled.buffer();
        try {
            boolean held = WireType.of(oid, typeModifier).encode(value, TEXT_FORMAT, out);
            assertThat(held || !out.isReadable()).isTrue();
            return held ? out.toString(StandardCharsets.UTF_8) : null;
        } finally {
            out.release();
        }
    }

    private static String encodedHex(int oid, Value value) {
        ByteBuf out = Unpooled.buffer();
        try {
            assertThat(WireType.of(oid, -1).encode(value, BINARY_FORMAT, out)).isTrue();
            return ByteBufUtil.hexDump(out);
        } finally {
            out.release();
        }
    }
}
