package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.Value;
import dev.chaperone.postgres.FuzzInput;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What holds for maskers whatever the database sends. */
final class MaskingProperties {

    static final List<Integer> OIDS = List.of(
            16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 700, 701, 869, 1042, 1043, 1082, 1114, 1184, 1700, 2950, 3802,
            1000, 1001, 1005, 1007, 1009, 1015, 1016, 1115, 1182, 1185, 1231, 2951, 199, 3807, 99_999);

    private static final MaskingFunction IDENTITY = value -> value;
    private static final MaskingFunction LENGTH = value ->
            value instanceof Value.Text text ? new Value.Text("<" + text.value().length() + "\"\\,|\t\n>") : value;
    private static final List<MaskingFunction> FUNCTIONS =
            List.of(IDENTITY, LENGTH, new Replacement("[redacted]"), new Replacement(null));
    private static final int MAX_FIELD = 500;

    private MaskingProperties() {}

    /** Columns, masks, then the body of a DataRow. */
    static void dataRow(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int columns = input.below(6);
        Map<Integer, ColumnMask> masks = new HashMap<>();
        for (int column = 0; column < columns; column++) {
            if (input.flag()) {
                masks.put(column, mask(input));
            }
        }
        byte[] row = input.rest();
        RowMask plan = new RowMask(columns, masks);
        ByteBuf body = Unpooled.buffer().writeZero(3).writeBytes(row).skipBytes(3);
        ByteBuf out = Unpooled.buffer().writeBytes(new byte[] {1, 2, 3});
        List<byte[]> cells = cells(row, columns);
        int masked;
        try {
            masked = DataRowMasker.mask(body, plan, out, 1, OriginalsCollector.NONE);
        } catch (EnforcementException e) {
            assertThat(cells).as("only what is malformed is refused").isNull();
            assertThat(ByteBufUtil.getBytes(out)).containsExactly(1, 2, 3);
            return;
        }
        assertThat(cells).as("only what is well-formed passes").isNotNull();
        assertThat(out.getByte(3)).isEqualTo((byte) 'D');
        assertThat(out.getInt(4)).isEqualTo(out.writerIndex() - 4);
        List<byte[]> delivered = cells(ByteBufUtil.getBytes(out, 8, out.writerIndex() - 8), columns);
        assertThat(delivered).isNotNull();
        int expected = 0;
        for (int column = 0; column < columns; column++) {
            ColumnMask mask = masks.get(column);
            byte[] cell = cells.get(column);
            expected += mask != null && cell != null ? 1 : 0;
            assertThat(delivered.get(column)).isEqualTo(mask == null || cell == null ? cell : masked(mask, cell));
        }
        assertThat(masked).isEqualTo(expected);
    }

    private static ColumnMask mask(FuzzInput input) {
        return new ColumnMask("a.b.c.d", input.oneOf(FUNCTIONS), input.oneOf(OIDS), input.below(9) - 1, input.below(2));
    }

    private static byte @Nullable [] masked(ColumnMask mask, byte[] cell) {
        ByteBuf out = Unpooled.buffer();
        CellMask.of(mask).write(Unpooled.wrappedBuffer(cell), 0, cell.length, out);
        int length = out.readInt();
        assertThat(out.readableBytes()).isEqualTo(Math.max(length, 0));
        return length < 0 ? null : ByteBufUtil.getBytes(out);
    }

    /** The cells of a DataRow's body; null when it is malformed. */
    private static @Nullable List<byte @Nullable []> cells(byte[] row, int columns) {
        ByteBuf in = Unpooled.wrappedBuffer(row);
        if (in.readableBytes() < 2 || in.readShort() != columns) {
            return null;
        }
        List<byte @Nullable []> cells = new ArrayList<>();
        for (int column = 0; column < columns; column++) {
            int length = in.readableBytes() < 4 ? -2 : in.readInt();
            if (length < -1 || length > in.readableBytes()) {
                return null;
            }
            byte[] cell = new byte[Math.max(length, 0)];
            in.readBytes(cell);
            cells.add(length < 0 ? null : cell);
        }
        return in.isReadable() ? null : cells;
    }

    /** A mask, then a cell: what a type has read it writes so that it reads the same. */
    static void cell(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        ColumnMask mask = mask(input);
        byte[] cell = input.rest();
        byte[] once = masked(mask, cell);
        if (once == null) {
            return;
        }
        if (mask.function() == IDENTITY) {
            assertThat(masked(mask, once)).as("type " + mask.typeOid()).isEqualTo(once);
        }
        if (mask.function() == FUNCTIONS.get(2) && !List.of(17, 1001).contains(mask.typeOid())) {
            String text = new String(withoutHeader(mask, once), StandardCharsets.UTF_8);
            assertThat(text.replaceFirst("^(\\[[-0-9]+:[-0-9]+])+=", ""))
                    .as("but for its bounds")
                    .doesNotContainPattern("[0-9]{3}");
        }
    }

    /** Without the type of a binary array's elements, its sizes and its bounds, which stay. */
    private static byte[] withoutHeader(ColumnMask mask, byte[] cell) {
        boolean array = mask.format() == 1 && ArrayOids.elementOf(mask.typeOid()) != null;
        return array ? Arrays.copyOfRange(cell, 12 + 8 * ByteBuffer.wrap(cell).getInt(), cell.length) : cell;
    }

    /** Options, masks, cuts, then what a COPY sends. */
    static void copy(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        CopyFormat format = format(input);
        int columns = input.below(5);
        Map<Integer, ColumnMask> masks = new HashMap<>();
        MaskingFunction function = input.flag() ? new Replacement("[redacted]") : LENGTH;
        int wire = format.kind() == CopyFormat.Kind.BINARY ? 1 : 0;
        for (int column = 0; column < columns; column++) {
            if (input.flag()) {
                masks.put(column, new ColumnMask("a.b.c.d", function, 25, -1, wire));
            }
        }
        RowMask plan = new RowMask(columns, masks);
        int cuts = 1 + input.below(20);
        byte[] stream = input.rest();
        Copied whole;
        Copied cut;
        try {
            whole = copy(format, plan, stream, Integer.MAX_VALUE);
            cut = copy(format, plan, stream, cuts);
        } catch (EnforcementException e) {
            assertThat(e).as("a NULL that a value may be equal to").hasMessageContaining("format text");
            return;
        }
        assertThat(cut.refusal()).isEqualTo(whole.refusal());
        assertThat(cut.out()).startsWith(whole.out());
        if (whole.refusal() == null) {
            assertThat(cut).isEqualTo(whole);
            if (format.kind() != CopyFormat.Kind.BINARY) {
                readsAsMasked(format, masks, columns, latin(stream), whole.out());
            }
        }
    }

    /** A reader of the masked rows sees the other columns as they were, and no more rows than there were. */
    private static void readsAsMasked(
            CopyFormat format, Map<Integer, ColumnMask> masks, int columns, String before, String after) {
        List<List<@Nullable String>> originals = CopyReader.read(format, before);
        List<List<@Nullable String>> delivered = CopyReader.read(format, after);
        assertThat(delivered).hasSameSizeAs(originals);
        for (int row = 0; row < originals.size(); row++) {
            assertThat(delivered.get(row)).hasSize(Math.max(columns, 1));
            for (int column = 0; column < columns; column++) {
                String was = originals.get(row).get(column);
                String is = delivered.get(row).get(column);
                ColumnMask mask = masks.get(column);
                if (mask == null || was == null || format.header() && row == 0) {
                    assertThat(is).isEqualTo(was);
                } else if (mask.function() instanceof Replacement) {
                    assertThat(is).isEqualTo("[redacted]");
                } else if (is != null) {
                    assertThat(is).matches("<[0-9]+\"\\\\,\\|\t\n>");
                }
            }
        }
    }

    private static CopyFormat format(FuzzInput input) {
        CopyFormat.Kind kind = input.oneOf(List.of(CopyFormat.Kind.values()));
        boolean header = input.flag();
        String delimiter = input.oneOf(List.of("\t", ",", "|", ";", "é"));
        String nullText = input.oneOf(List.of("\\N", "", "NULL", "-"));
        String quote = input.oneOf(List.of("\"", "'", "q"));
        String escape = input.oneOf(List.of("\"", "'", "\\", "q"));
        boolean forced = input.flag();
        if (kind == CopyFormat.Kind.BINARY) {
            return CopyFormat.binary();
        }
        return new CopyFormat(
                kind,
                header,
                (byte) delimiter.charAt(0),
                nullText,
                (byte) quote.charAt(0),
                (byte) escape.charAt(0),
                forced ? Set.of(0, 2) : Set.of());
    }

    private record Copied(
            String out,
            long rows,
            long masked,
            List<String> originals,
            @Nullable String refusal) {}

    private static Copied copy(CopyFormat format, RowMask plan, byte[] stream, int longest) {
        List<String> originals = new ArrayList<>();
        CopyMasker masker = CopyMasker.of(
                format,
                plan,
                MAX_FIELD,
                (row, column, field, source, index, length) ->
                        originals.add(row + ":" + column + ":" + ByteBufUtil.hexDump(source, index, length)));
        ByteBuf out = Unpooled.buffer();
        String refusal = null;
        Random lengths = new Random(longest);
        int from = 0;
        try {
            while (from < stream.length) {
                int length = longest == Integer.MAX_VALUE
                        ? stream.length
                        : Math.min(1 + lengths.nextInt(longest), stream.length - from);
                masker.mask(Unpooled.wrappedBuffer(stream, from, length), out);
                from += length;
            }
            masker.end();
        } catch (EnforcementException e) {
            refusal = e.getMessage();
        }
        return new Copied(latin(ByteBufUtil.getBytes(out)), masker.rows(), masker.maskedValues(), originals, refusal);
    }

    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** An array's text: mapped to itself it stays what it is. */
    static void array(String text) {
        List<String> elements = new ArrayList<>();
        String same = ArrayText.map(text, element -> {
            elements.add(element);
            return element;
        });
        if (same == null) {
            return;
        }
        List<String> again = new ArrayList<>();
        assertThat(ArrayText.map(same, element -> {
                    again.add(element);
                    return element;
                }))
                .isEqualTo(same);
        assertThat(again).isEqualTo(elements);
        String nulls = ArrayText.map(text, element -> null);
        assertThat(nulls).isNotNull();
        elements.stream()
                .filter(element -> element.matches("[a-zA-Z]{5,}"))
                .forEach(element -> assertThat(nulls).doesNotContain(element));
    }
}
