package dev.chaperone.testkit.conformance;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a client sends (PostgreSQL documentation, chapter "Message Formats"), byte by byte. */
final class Frames {

    static final int PROTOCOL_3_0 = 196608;
    private static final int SSL_REQUEST = 80877103;

    private Frames() {}

    static byte[] startup(Map<String, String> parameters) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(int32(PROTOCOL_3_0));
        parameters.forEach((name, value) -> {
            body.writeBytes(string(name));
            body.writeBytes(string(value));
        });
        body.write(0);
        return join(int32(body.size() + 4), body.toByteArray());
    }

    static byte[] sslRequest() {
        return join(int32(8), int32(SSL_REQUEST));
    }

    static byte[] message(char tag, byte[]... parts) {
        byte[] body = join(parts);
        return join(new byte[] {(byte) tag}, int32(4 + body.length), body);
    }

    static byte[] query(String sql) {
        return message('Q', string(sql));
    }

    static byte[] parse(String name, String sql, List<Integer> types) {
        ByteArrayOutputStream oids = new ByteArrayOutputStream();
        oids.writeBytes(int16(types.size()));
        types.forEach(type -> oids.writeBytes(int32(type)));
        return message('P', string(name), string(sql), oids.toByteArray());
    }

    /** Parameters are text; a format for each column, one for all, or none. */
    static byte[] bind(String portal, String statement, List<@Nullable String> parameters, List<Integer> formats) {
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        rest.writeBytes(int16(0));
        rest.writeBytes(int16(parameters.size()));
        for (String parameter : parameters) {
            byte[] value = parameter == null ? new byte[0] : parameter.getBytes(StandardCharsets.UTF_8);
            rest.writeBytes(int32(parameter == null ? -1 : value.length));
            rest.writeBytes(value);
        }
        rest.writeBytes(int16(formats.size()));
        formats.forEach(format -> rest.writeBytes(int16(format)));
        return message('B', string(portal), string(statement), rest.toByteArray());
    }

    static byte[] describe(char target, String name) {
        return message('D', new byte[] {(byte) target}, string(name));
    }

    static byte[] execute(String portal, int rows) {
        return message('E', string(portal), int32(rows));
    }

    static byte[] close(char target, String name) {
        return message('C', new byte[] {(byte) target}, string(name));
    }

    static byte[] sync() {
        return message('S');
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }

    static byte[] string(String text) {
        return join(text.getBytes(StandardCharsets.UTF_8), new byte[1]);
    }

    static byte[] int32(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }

    private static byte[] int16(int value) {
        return ByteBuffer.allocate(Short.BYTES).putShort((short) value).array();
    }
}
