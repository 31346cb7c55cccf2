package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.chaperone.audit.v1.MaskedOriginal;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.proto.ErrorCode;
import dev.chaperone.proto.Secret;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataRowMaskerTest {

    private static final MaskingFunctions FUNCTIONS =
            new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"));
    private static final List<String> NAMES =
            MaskingFunctions.names().stream().sorted().toList();

    /** Stands for SQL NULL among cells given as text. */
    private static final String NULL = "\0null";

    private final List<ByteBuf> buffers = new ArrayList<>();

    @AfterEach
    void nothingIsKept() {
        buffers.forEach(buffer -> {
            assertThat(buffer.refCnt()).isEqualTo(1);
            buffer.release();
        });
    }

    @Test
    void masksSomeColumnsAndPassesTheOthers() {
        RowMask plan = new RowMask(
                5,
                Map.of(
                        1, mask("redact", TypeOids.TEXT, 0),
                        2, mask("last4", TypeOids.VARCHAR, 0),
                        4, mask("redact", TypeOids.INT4, 1)));
        OriginalsBuffer originals = new OriginalsBuffer();
        ByteBuf out = buffer();
        int masked =
                DataRowMasker.mask(row("1", "Jane Roe", "900-12-3456", NULL, "\0\0\0\u0009"), plan, out, 7, originals);
        assertThat(masked).isEqualTo(3);
        assertThat(cells(out)).containsExactly("1", "[redacted]", "***-**-3456", NULL, NULL);
        assertThat(originals.bytes()).isEqualTo(8 + 11 + 4);
        assertThat(originals.count()).isEqualTo(3);
        List<MaskedOriginal> kept = originals.drain().getValuesList();
        assertThat(kept).extracting(MaskedOriginal::getColumn).containsExactly(1, 2, 4);
        assertThat(kept).extracting(MaskedOriginal::getRow).containsOnly(7L);
        assertThat(kept.get(0).getField()).isEqualTo("clinic.public.patients.redact");
        assertThat(kept.get(1).getValue().toStringUtf8()).isEqualTo("900-12-3456");
        assertThat(originals.count()).isZero();
        assertThat(originals.bytes()).isZero();
    }

    @Test
    void leavesNullsNull() {
        OriginalsBuffer originals = new OriginalsBuffer();
        ByteBuf out = buffer();
        RowMask plan = new RowMask(1, Map.of(0, mask("redact", TypeOids.TEXT, 0)));
        assertThat(DataRowMasker.mask(row(NULL), plan, out, 0, originals)).isZero();
        assertThat(originals.count()).isZero();
    }

    @Test
    void masksWithoutDecodingWhatIsTooLong() {
        String document = "x".repeat(200_000);
        ByteBuf out = buffer();
        RowMask plan = new RowMask(
                3,
                Map.of(
                        0, mask("redact", TypeOids.JSONB, 1),
                        1, mask("pseudonym", TypeOids.TEXT, 0),
                        2, mask("redact", TypeOids.BYTEA, 1)));
        DataRowMasker.mask(row(document, document, document), plan, out, 0, OriginalsCollector.NONE);
        assertThat(cells(out)).containsExactly("\u0001\"[redacted]\"", NULL, NULL);
    }

    @Test
    void appendsWholeMessages() {
        RowMask plan = new RowMask(1, Map.of());
        ByteBuf out = buffer();
        out.writeByte('x');
        DataRowMasker.mask(row("a"), plan, out, 0, OriginalsCollector.NONE);
        DataRowMasker.mask(row("b"), plan, out, 1, OriginalsCollector.NONE);
        assertThat(out.toString(StandardCharsets.ISO_8859_1))
                .isEqualTo("xD\0\0\0\u000b\0\u0001\0\0\0\u0001aD\0\0\0\u000b\0\u0001\0\0\0\u0001b");
    }

    @Test
    void refusesRowsThatAreNotAsPlanned() {
        RowMask plan = new RowMask(2, Map.of(1, mask("redact", TypeOids.TEXT, 0)));
        refuses(plan, row("a"));
        refuses(plan, row("a", "b", "c"));
        refuses(plan, row());
        refuses(plan, raw(0));
        refuses(plan, raw(0, 2));
        refuses(plan, raw(0, 2, 0, 0, 0));
        refuses(plan, raw(0, 2, 0, 0, 0, 1, 'a', 0, 0, 0, 2, 'b'));
        refuses(plan, raw(0, 2, 0, 0, 0, 1, 'a', 0, 0, 0, 1, 'b', 0));
        refuses(plan, raw(0, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1, 'b'));
        refuses(plan, raw(0, 2, 0x7f, 0xff, 0xff, 0xff, 'a'));
        refuses(plan, raw(0xff, 0xff));
    }

    @Test
    void passesNothingWhenAFunctionFails() {
        MaskingFunction failing = value -> {
            throw new IllegalStateException("a defect");
        };
        RowMask plan = new RowMask(2, Map.of(1, new ColumnMask("f", failing, TypeOids.TEXT, -1, 0)));
        ByteBuf out = buffer();
        assertThatIllegalStateException()
                .isThrownBy(() -> DataRowMasker.mask(row("a", "b"), plan, out, 0, OriginalsCollector.NONE));
        assertThat(out.isReadable()).isFalse();
    }

    @Test
    void refusesPlansThatCannotBe() {
        ColumnMask mask = mask("redact", TypeOids.TEXT, 0);
        assertThatIllegalArgumentException().isThrownBy(() -> new RowMask(1, Map.of(1, mask)));
        assertThatIllegalArgumentException().isThrownBy(() -> new RowMask(1, Map.of(-1, mask)));
        assertThatIllegalArgumentException().isThrownBy(() -> new RowMask(-1, Map.of()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ColumnMask("f", mask.function(), TypeOids.TEXT, -1, 2));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void touchesOnlyWhatIsPlanned(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            int columns = random.nextInt(12);
            Map<Integer, ColumnMask> masks = new HashMap<>();
            String[] cells = new String[columns];
            for (int column = 0; column < columns; column++) {
                cells[column] = random.nextInt(5) == 0 ? NULL : secret(random);
                if (random.nextInt(3) == 0) {
                    masks.put(column, mask(random));
                }
            }
            List<String> kept = new ArrayList<>();
            ByteBuf out = buffer();
            int masked = DataRowMasker.mask(
                    row(cells),
                    new RowMask(columns, masks),
                    out,
                    i,
                    (row, column, field, source, index, length) ->
                            kept.add(column + ":" + source.toString(index, length, StandardCharsets.ISO_8859_1)));
            List<String> delivered = cells(out);
            List<String> expected = new ArrayList<>();
            for (int column = 0; column < columns; column++) {
                String original = cells[column];
                if (original.equals(NULL) || !masks.containsKey(column)) {
                    assertThat(delivered.get(column)).isEqualTo(original);
                } else {
                    expected.add(column + ":" + original);
                    assertThat(delivered.get(column)).doesNotContain(original);
                }
            }
            assertThat(kept).isEqualTo(expected);
            assertThat(masked).isEqualTo(expected.size());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void malformedRowsNeverPass(long seed) {
        Random random = new Random(seed);
        RowMask plan = new RowMask(3, Map.of(1, mask("redact", TypeOids.TEXT, 0)));
        for (int i = 0; i < 500; i++) {
            ByteBuf row = row(secret(random), secret(random), secret(random));
            int flips = 1 + random.nextInt(3);
            for (int flip = 0; flip < flips; flip++) {
                row.setByte(random.nextInt(row.readableBytes()), random.nextInt(256));
            }
            if (random.nextBoolean()) {
                row.writerIndex(random.nextInt(row.writerIndex()));
            }
            if (isWellFormed(row, 3)) {
                continue;
            }
            refuses(plan, row);
        }
    }

    /** Another reading of the format, to judge by. */
    private static boolean isWellFormed(ByteBuf row, int columns) {
        ByteBuf copy = row.slice();
        try {
            if (copy.readShort() != columns) {
                return false;
            }
            for (int i = 0; i < columns; i++) {
                int length = copy.readInt();
                if (length < -1) {
                    return false;
                }
                copy.skipBytes(Math.max(0, length));
            }
            return !copy.isReadable();
        } catch (IndexOutOfBoundsException e) {
            return false;
        }
    }

    private void refuses(RowMask plan, ByteBuf row) {
        ByteBuf out = buffer();
        out.writeByte('x');
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(() -> DataRowMasker.mask(row, plan, out, 0, OriginalsCollector.NONE))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UPSTREAM_MISMATCH));
        assertThat(out.readableBytes()).isEqualTo(1);
    }

    private static ColumnMask mask(Random random) {
        String name = NAMES.get(random.nextInt(NAMES.size()));
        return mask(name, TypeOids.ALL[random.nextInt(TypeOids.ALL.length)], random.nextInt(2));
    }

    private static ColumnMask mask(String function, int oid, int format) {
        Mask mask = Mask.newBuilder()
                .setField("clinic.public.patients." + function)
                .setFunction(function)
                .build();
        return new ColumnMask(mask.getField(), FUNCTIONS.of(mask), oid, -1, format);
    }

    /** Neither an age nor a short value: nothing that a function may rightly leave as it is. */
    private static String secret(Random random) {
        return "secret-" + Long.toUnsignedString(random.nextLong()) + "-value";
    }

    private ByteBuf buffer() {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer();
        buffers.add(buffer);
        return buffer;
    }

    private ByteBuf raw(int... bytes) {
        ByteBuf body = buffer();
        for (int b : bytes) {
            body.writeByte(b);
        }
        return body;
    }

    private ByteBuf row(String... cells) {
        ByteBuf body = buffer();
        body.writeShort(cells.length);
        for (String cell : cells) {
            if (cell.equals(NULL)) {
                body.writeInt(-1);
            } else {
                body.writeInt(cell.length()).writeCharSequence(cell, StandardCharsets.ISO_8859_1);
            }
        }
        return body;
    }

    private static List<String> cells(ByteBuf message) {
        ByteBuf in = message.slice();
        assertThat(in.readByte()).isEqualTo((byte) 'D');
        assertThat(in.readInt()).isEqualTo(message.readableBytes() - 1);
        List<String> cells = new ArrayList<>();
        int columns = in.readShort();
        for (int i = 0; i < columns; i++) {
            int length = in.readInt();
            cells.add(
                    length < 0
                            ? NULL
                            : in.readCharSequence(length, StandardCharsets.ISO_8859_1)
                                    .toString());
        }
        assertThat(in.isReadable()).isFalse();
        return cells;
    }
}
