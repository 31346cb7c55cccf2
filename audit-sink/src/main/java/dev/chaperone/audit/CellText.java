package dev.chaperone.audit;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.HexFormat;
import java.util.UUID;

/** Shows PostgreSQL values as text. */
final class CellText {

    private static final LocalDate EPOCH = LocalDate.of(2000, 1, 1);

    private CellText() {}

    /** A cell in text format, or in the binary format of a type; what is not understood is hex with a leading {@code \x}. */
    static String of(byte[] cell, int type, boolean binary) {
        return binary ? binary(cell, type) : text(cell);
    }

    /** UTF-8, else hex. */
    static String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return hex(bytes);
        }
    }

    static String hex(byte[] bytes) {
        return "\\x" + HexFormat.of().formatHex(bytes);
    }

    /** Types by their OID in {@code pg_type}. */
    private static String binary(byte[] cell, int type) {
        ByteBuffer buffer = ByteBuffer.wrap(cell);
        return switch (type) {
            case 18, 19, 25, 114, 142, 1042, 1043, 705 -> text(cell);
            case 16 -> cell.length == 1 ? (cell[0] == 0 ? "f" : "t") : hex(cell);
            case 21 -> cell.length == 2 ? String.valueOf(buffer.getShort()) : hex(cell);
            case 23 -> cell.length == 4 ? String.valueOf(buffer.getInt()) : hex(cell);
            case 26 -> cell.length == 4 ? Integer.toUnsignedString(buffer.getInt()) : hex(cell);
            case 20 -> cell.length == 8 ? String.valueOf(buffer.getLong()) : hex(cell);
            case 700 -> cell.length == 4 ? String.valueOf(buffer.getFloat()) : hex(cell);
            case 701 -> cell.length == 8 ? String.valueOf(buffer.getDouble()) : hex(cell);
            case 1082 -> cell.length == 4 ? date(buffer.getInt(), cell) : hex(cell);
            case 1114, 1184 -> cell.length == 8 ? timestamp(buffer.getLong(), type, cell) : hex(cell);
            case 2950 -> cell.length == 16 ? new UUID(buffer.getLong(), buffer.getLong()).toString() : hex(cell);
            default -> hex(cell);
        };
    }

    private static String date(int days, byte[] cell) {
        return days == Integer.MAX_VALUE || days == Integer.MIN_VALUE
                ? hex(cell)
                : EPOCH.plusDays(days).toString();
    }

    private static String timestamp(long micros, int type, byte[] cell) {
        if (micros == Long.MAX_VALUE || micros == Long.MIN_VALUE) {
            return hex(cell);
        }
        LocalDateTime time = EPOCH.atStartOfDay()
                .plusSeconds(Math.floorDiv(micros, 1_000_000L))
                .plusNanos(Math.floorMod(micros, 1_000_000L) * 1000);
        return time + (type == 1184 ? "Z" : "");
    }
}
