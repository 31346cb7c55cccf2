package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One PostgreSQL type on the wire, in both formats. Reading gives {@link Value#NULL} for what is not positively understood:
 * its mask is then SQL NULL. Writing says so when a value has no valid form in the type.
 */
interface WireType {

    int TEXT_FORMAT = 0;

    /** Reads the text format, in ISO date style. */
    Value parse(String text);

    /** Writes the text format; null when the type cannot hold the value. */
    @Nullable
    String format(Value value);

    /** Reads the binary format. */
    Value read(ByteBuf source, int index, int length);

    /** Appends the binary format; false, with nothing appended, when the type cannot hold the value. */
    boolean write(Value value, ByteBuf out);

    /** Reads a cell in either format. */
    default Value decode(ByteBuf source, int index, int length, int format) {
        if (format != TEXT_FORMAT) {
            return read(source, index, length);
        }
        String text = utf8(source, index, length);
        return text == null ? Value.NULL : parse(text);
    }

    /** Appends a cell in either format; false, with nothing appended, when the type cannot hold the value. */
    default boolean encode(Value value, int format, ByteBuf out) {
        if (format != TEXT_FORMAT) {
            return write(value, out);
        }
        String text = format(value);
        if (text == null) {
            return false;
        }
        ByteBufUtil.writeUtf8(out, text);
        return true;
    }

    /** Most characters of a value of the type. */
    default int maxCharacters() {
        return Integer.MAX_VALUE;
    }

    /** The type of an OID (pg_type.dat); one that reads and writes nothing for a type not known here. */
    static WireType of(int oid, int typeModifier) {
        switch (oid) {
            case 16:
                return new BoolType();
            case 17:
                return new ByteaType();
            case 18:
                return new TextType(false, 1, 1);
            case 19:
                return new TextType(false, 63, 63);
            case 20:
                return new IntegerType(8, Long.MIN_VALUE, Long.MAX_VALUE);
            case 21:
                return new IntegerType(2, Short.MIN_VALUE, Short.MAX_VALUE);
            case 23:
                return new IntegerType(4, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case 26:
                return new IntegerType(4, 0, 0xFFFF_FFFFL);
            case 25:
                return new TextType(false, Integer.MAX_VALUE, Integer.MAX_VALUE);
            case 1042:
            case 1043:
                int most = typeModifier < 4 ? Integer.MAX_VALUE : typeModifier - 4;
                return new TextType(oid == 1042, most, Integer.MAX_VALUE);
            case 142:
                return new XmlType();
            case 114:
                return new JsonType(false);
            case 3802:
                return new JsonType(true);
            case 700:
                return new FloatType(4);
            case 701:
                return new FloatType(8);
            case 1082:
                return new DateType();
            case 1114:
                return new TimestampType(false);
            case 1184:
                return new TimestampType(true);
            case 1700:
                return new NumericType();
            case 2950:
                return new UuidType();
            case 650, 869:
                return new AddressType(oid == 650);
            case 829:
                return new HardwareAddressType(6);
            case 774:
                return new HardwareAddressType(8);
            case 1186:
                return new IntervalType();
            case 3904, 3926, 3908, 3910, 3912:
                return new RangeType(of(boundOf(oid), -1));
            case 4451, 4536, 4533, 4534, 4535:
                return new MultirangeType(new RangeType(of(boundOf(oid), -1)));
            default:
                return new UnknownType();
        }
    }

    /** The type of the bounds of a range or multirange. */
    private static int boundOf(int oid) {
        return switch (oid) {
            case 3904, 4451 -> 23;
            case 3926, 4536 -> 20;
            case 3912, 4535 -> 1082;
            case 3908, 4533 -> 1114;
            case 3910, 4534 -> 1184;
            default -> throw new IllegalArgumentException("no range that is known here");
        };
    }

    /** Strictly decoded text; null when the bytes are not UTF-8. */
    static @Nullable String utf8(ByteBuf source, int index, int length) {
        return ByteBufUtil.isText(source, index, length, StandardCharsets.UTF_8)
                ? source.toString(index, length, StandardCharsets.UTF_8)
                : null;
    }
}
