package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads the fields of one message and refuses to read beyond it. */
final class WireReader {

    private final ByteBuf body;
    private final String message;

    /**
     * A reader over one whole message body.
     *
     * @param message the message's name, for errors
     */
    WireReader(ByteBuf body, String message) {
        this.body = body;
        this.message = message;
    }

    int readByte() {
        require(1);
        return body.readUnsignedByte();
    }

    int readShort() {
        require(2);
        return body.readShort();
    }

    int readInt() {
        require(4);
        return body.readInt();
    }

    byte[] readBytes(int length) {
        require(length);
        byte[] bytes = new byte[length];
        body.readBytes(bytes);
        return bytes;
    }

    /** A zero-terminated string, which must be well-formed UTF-8: text that two readers may read differently is refused. */
    String readString() {
        int length = body.bytesBefore((byte) 0);
        if (length < 0) {
            throw malformed("a string without end");
        }
        byte[] bytes = readBytes(length);
        body.skipBytes(1);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw malformed("text that is not UTF-8");
        }
    }

    /** The name of a statement or portal, see {@link Names#cut}. */
    String readName() {
        return Names.cut(readString());
    }

    /** A zero-terminated string that is only shown to people: before the login a server may write in any encoding. */
    String readText() {
        int length = body.bytesBefore((byte) 0);
        if (length < 0) {
            throw malformed("a string without end");
        }
        String text = new String(readBytes(length), StandardCharsets.UTF_8);
        body.skipBytes(1);
        return text;
    }

    /** A count of items that each take at least {@code itemBytes}: one that cannot be true is refused before allocating. */
    int readCount(int itemBytes) {
        int count = Short.toUnsignedInt((short) readShort());
        if ((long) count * itemBytes > body.readableBytes()) {
            throw malformed("a count of " + count + " that its length cannot hold");
        }
        return count;
    }

    List<Integer> readFormats() {
        int count = readCount(2);
        List<Integer> formats = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            // What is neither 0 nor 1 is for the server to refuse, and no reason to end the session.
            formats.add((int) (short) readShort());
        }
        return formats;
    }

    int remaining() {
        return body.readableBytes();
    }

    void end() {
        if (body.isReadable()) {
            throw malformed(body.readableBytes() + " bytes too many");
        }
    }

    ProtocolException malformed(String what) {
        return new ProtocolException("message " + message + " has " + what);
    }

    private void require(int bytes) {
        if (bytes < 0 || body.readableBytes() < bytes) {
            throw malformed("a length that exceeds it");
        }
    }
}
