package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/**
 * What the columns of the coming rows are.
 *
 * @param columns in order
 */
public record RowDescription(List<Column> columns) {

    /**
     * One column.
     *
     * @param name its label
     * @param tableOid OID of the relation it comes from, 0 when it comes from none
     * @param attributeNumber that relation's column number, else 0
     * @param typeOid its type
     * @param typeSize the type's size, negative when it varies
     * @param typeModifier the type's modifier, -1 for none
     * @param format 0 text, 1 binary
     */
    public record Column(
            String name, int tableOid, int attributeNumber, int typeOid, int typeSize, int typeModifier, int format) {

        /** The same of another type. */
        public Column ofType(int oid, int modifier) {
            return new Column(name, tableOid, attributeNumber, oid, typeSize, modifier, format);
        }
    }

    public RowDescription {
        columns = List.copyOf(columns);
    }

    /** The same with all columns in one format. */
    public RowDescription inFormat(int format) {
        return new RowDescription(columns.stream()
                .map(column -> new Column(
                        column.name(),
                        column.tableOid(),
                        column.attributeNumber(),
                        column.typeOid(),
                        column.typeSize(),
                        column.typeModifier(),
                        format))
                .toList());
    }

    /**
     * Reads the body of the message.
     *
     * @throws ProtocolException when it is malformed
     */
    public static RowDescription read(ByteBuf body) {
        WireReader reader = new WireReader(body, "RowDescription");
        int count = reader.readCount(19);
        List<Column> columns = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            columns.add(new Column(
                    reader.readString(),
                    reader.readInt(),
                    reader.readShort(),
                    reader.readInt(),
                    reader.readShort(),
                    reader.readInt(),
                    reader.readShort()));
        }
        reader.end();
        return new RowDescription(columns);
    }
}
