package dev.chaperone.postgres.wire;

import dev.chaperone.postgres.wire.FrontendMessage.BoundParameter;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Map;

/** Writes the messages that the gateway sends to the server. Each method appends one whole message. */
public final class FrontendWriter {

    private static final int CANCEL_REQUEST = 1234 << 16 | 5678;
    private static final int SSL_REQUEST = 1234 << 16 | 5679;

    private FrontendWriter() {}

    public static void sslRequest(ByteBuf out) {
        out.writeInt(8).writeInt(SSL_REQUEST);
    }

    public static void cancelRequest(ByteBuf out, CancelKey key) {
        out.writeInt(12 + key.secret().length).writeInt(CANCEL_REQUEST).writeInt(key.processId());
        out.writeBytes(key.secret());
    }

    public static void startup(ByteBuf out, ProtocolVersion version, Map<String, String> parameters) {
        int start = out.writerIndex();
        out.writeInt(0).writeInt(version.code());
        parameters.forEach((name, value) -> {
            BackendWriter.string(out, name);
            BackendWriter.string(out, value);
        });
        out.writeByte(0);
        BackendWriter.end(out, start);
    }

    public static void saslInitialResponse(ByteBuf out, String mechanism, byte[] response) {
        int start = BackendWriter.begin(out, 'p');
        BackendWriter.string(out, mechanism);
        out.writeInt(response.length).writeBytes(response);
        BackendWriter.end(out, start);
    }

    public static void saslResponse(ByteBuf out, byte[] response) {
        out.writeByte('p').writeInt(4 + response.length).writeBytes(response);
    }

    public static void parse(ByteBuf out, String statement, String sql, List<Integer> parameterTypes) {
        int start = BackendWriter.begin(out, 'P');
        BackendWriter.string(out, statement);
        BackendWriter.string(out, sql);
        out.writeShort(parameterTypes.size());
        parameterTypes.forEach(out::writeInt);
        BackendWriter.end(out, start);
    }

    public static void bind(ByteBuf out, FrontendMessage.Bind bind) {
        int start = BackendWriter.begin(out, 'B');
        BackendWriter.string(out, bind.portal());
        BackendWriter.string(out, bind.statement());
        formats(out, bind.parameterFormats());
        values(out, bind.parameters());
        formats(out, bind.resultFormats());
        BackendWriter.end(out, start);
    }

    public static void functionCall(ByteBuf out, FrontendMessage.FunctionCall call) {
        int start = BackendWriter.begin(out, 'F');
        out.writeInt(call.function());
        formats(out, call.argumentFormats());
        values(out, call.arguments());
        out.writeShort(call.resultFormat());
        BackendWriter.end(out, start);
    }

    private static void values(ByteBuf out, List<BoundParameter> parameters) {
        out.writeShort(parameters.size());
        for (BoundParameter parameter : parameters) {
            byte[] value = parameter.value();
            if (value == null) {
                out.writeInt(-1);
            } else {
                out.writeInt(value.length).writeBytes(value);
            }
        }
    }

    public static void describe(ByteBuf out, Target target, String name) {
        named(out, 'D', target, name);
    }

    public static void close(ByteBuf out, Target target, String name) {
        named(out, 'C', target, name);
    }

    public static void execute(ByteBuf out, String portal, int maxRows) {
        int start = BackendWriter.begin(out, 'E');
        BackendWriter.string(out, portal);
        out.writeInt(maxRows);
        BackendWriter.end(out, start);
    }

    /** The header of a CopyData; its data follows. */
    public static void copyData(ByteBuf out, int dataBytes) {
        out.writeByte('d').writeInt(4 + dataBytes);
    }

    public static void copyDone(ByteBuf out) {
        out.writeByte('c').writeInt(4);
    }

    public static void copyFail(ByteBuf out, String message) {
        int start = BackendWriter.begin(out, 'f');
        BackendWriter.string(out, message);
        BackendWriter.end(out, start);
    }

    public static void flush(ByteBuf out) {
        out.writeByte('H').writeInt(4);
    }

    public static void sync(ByteBuf out) {
        out.writeByte('S').writeInt(4);
    }

    public static void terminate(ByteBuf out) {
        out.writeByte('X').writeInt(4);
    }

    private static void formats(ByteBuf out, List<Integer> formats) {
        out.writeShort(formats.size());
        formats.forEach(out::writeShort);
    }

    private static void named(ByteBuf out, char tag, Target target, String name) {
        int start = BackendWriter.begin(out, tag);
        out.writeByte(target.code());
        BackendWriter.string(out, name);
        BackendWriter.end(out, start);
    }
}
