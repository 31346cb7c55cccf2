package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Writes the messages that the gateway itself says to a client. Each method appends one whole message. */
public final class BackendWriter {

    private BackendWriter() {}

    public static void authenticationCleartextPassword(ByteBuf out) {
        out.writeByte('R').writeInt(8).writeInt(3);
    }

    public static void authenticationOk(ByteBuf out) {
        out.writeByte('R').writeInt(8).writeInt(0);
    }

    /** Says which version will be spoken, and which protocol options are not known. */
    public static void negotiateProtocolVersion(
            ByteBuf out, ProtocolVersion version, Collection<String> unknownOptions) {
        int start = begin(out, 'v');
        out.writeInt(version.code()).writeInt(unknownOptions.size());
        unknownOptions.forEach(option -> string(out, option));
        end(out, start);
    }

    public static void parameterStatus(ByteBuf out, String name, String value) {
        int start = begin(out, 'S');
        string(out, name);
        string(out, value);
        end(out, start);
    }

    public static void backendKeyData(ByteBuf out, CancelKey key) {
        out.writeByte('K').writeInt(8 + key.secret().length).writeInt(key.processId());
        out.writeBytes(key.secret());
    }

    /** Says that the next request may come; the status is {@code I}, {@code T} or {@code E}. */
    public static void readyForQuery(ByteBuf out, char transactionStatus) {
        out.writeByte('Z').writeInt(5).writeByte(transactionStatus);
    }

    public static void parseComplete(ByteBuf out) {
        out.writeByte('1').writeInt(4);
    }

    public static void bindComplete(ByteBuf out) {
        out.writeByte('2').writeInt(4);
    }

    public static void closeComplete(ByteBuf out) {
        out.writeByte('3').writeInt(4);
    }

    public static void noData(ByteBuf out) {
        out.writeByte('n').writeInt(4);
    }

    public static void emptyQueryResponse(ByteBuf out) {
        out.writeByte('I').writeInt(4);
    }

    public static void portalSuspended(ByteBuf out) {
        out.writeByte('s').writeInt(4);
    }

    public static void copyDone(ByteBuf out) {
        out.writeByte('c').writeInt(4);
    }

    public static void commandComplete(ByteBuf out, String commandTag) {
        int start = begin(out, 'C');
        string(out, commandTag);
        end(out, start);
    }

    public static void rowDescription(ByteBuf out, List<RowDescription.Column> columns) {
        int start = begin(out, 'T');
        out.writeShort(columns.size());
        for (RowDescription.Column column : columns) {
            string(out, column.name());
            out.writeInt(column.tableOid()).writeShort(column.attributeNumber());
            out.writeInt(column.typeOid()).writeShort(column.typeSize());
            out.writeInt(column.typeModifier()).writeShort(column.format());
        }
        end(out, start);
    }

    public static void errorResponse(ByteBuf out, Map<Character, String> fields) {
        report(out, 'E', fields);
    }

    public static void noticeResponse(ByteBuf out, Map<Character, String> fields) {
        report(out, 'N', fields);
    }

    private static void report(ByteBuf out, char tag, Map<Character, String> fields) {
        int start = begin(out, tag);
        fields.forEach((type, value) -> {
            out.writeByte(type);
            string(out, value);
        });
        out.writeByte(0);
        end(out, start);
    }

    static int begin(ByteBuf out, char tag) {
        out.writeByte(tag);
        int start = out.writerIndex();
        out.writeInt(0);
        return start;
    }

    static void end(ByteBuf out, int start) {
        out.setInt(start, out.writerIndex() - start);
    }

    /** A zero byte would end the string early and shift what follows; none may come from text that others chose. */
    static void string(ByteBuf out, String value) {
        ByteBufUtil.writeUtf8(out, value.indexOf('\0') < 0 ? value : value.replace('\0', ' '));
        out.writeByte(0);
    }
}
