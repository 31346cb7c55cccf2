package dev.chaperone.postgres.wire;

import dev.chaperone.postgres.wire.FrontendMessage.BoundParameter;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads what a client sends: first {@link StartupMessage}s, then {@link FrontendMessage}s. Every length is checked against
 * the bound of the phase before anything is kept for it; only CopyData has none, it is handed over in pieces as it comes. A
 * {@link ProtocolException} ends the reading for good.
 */
public final class FrontendDecoder extends ByteToMessageDecoder {

    private static final int PROTOCOL_SPECIAL = 1234;
    private static final int CANCEL_REQUEST = 5678;
    private static final int SSL_REQUEST = 5679;
    private static final int GSS_ENCRYPTION_REQUEST = 5680;

    /** Longest piece of CopyData, in bytes. */
    private static final int COPY_PIECE = 32 << 10;

    /** What may come next. */
    public enum Phase {
        /** A packet without tag. */
        STARTUP,
        /** The password, nothing else. */
        PASSWORD,
        /** Nothing: the client must wait for the answer. */
        SILENCE,
        /** Any message of a session. */
        SESSION,
        /** Whatever comes is thrown away. */
        IGNORE
    }

    private final int maxStartup;
    private final int maxPassword;
    private final int maxMessage;
    private Phase phase = Phase.STARTUP;
    /** Bytes of a CopyData message that are yet to come. */
    private int copyRest;

    /**
     * A decoder in phase {@link Phase#STARTUP}.
     *
     * @param maxStartup longest startup packet, in bytes
     * @param maxPassword longest password message
     * @param maxMessage longest message of a session
     */
    public FrontendDecoder(int maxStartup, int maxPassword, int maxMessage) {
        this.maxStartup = maxStartup;
        this.maxPassword = maxPassword;
        this.maxMessage = maxMessage;
    }

    /** Says what may come next; holds for the very next message, whether or not its bytes are here already. */
    public void expect(Phase next) {
        phase = next;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        try {
            switch (phase) {
                case STARTUP -> decodeStartup(in, out);
                case PASSWORD -> decodeTagged(in, out, maxPassword);
                case SESSION -> decodeTagged(in, out, maxMessage);
                case SILENCE -> throw new ProtocolException("message sent before the login was answered");
                case IGNORE -> in.skipBytes(in.readableBytes());
            }
        } catch (ProtocolException e) {
            phase = Phase.IGNORE;
            throw e;
        }
    }

    private void decodeStartup(ByteBuf in, List<Object> out) {
        if (in.readableBytes() < 4) {
            return;
        }
        int length = in.getInt(in.readerIndex());
        if (length < 8 || length > maxStartup) {
            throw new ProtocolException("startup packet of " + Integer.toUnsignedString(length)
                    + " bytes; expected 8 to " + maxStartup + " (is this a PostgreSQL client?)");
        }
        if (in.readableBytes() < length) {
            return;
        }
        WireReader reader = new WireReader(in.readSlice(length).skipBytes(4), "StartupMessage");
        StartupMessage message = startup(reader);
        if (!(message instanceof StartupMessage.Startup) && in.isReadable()) {
            // Bytes sent in the clear before a handshake would be taken as if they had come through it
            // (CVE-2021-23214).
            throw new ProtocolException("bytes follow a request that must be answered first");
        }
        out.add(message);
    }

    private static StartupMessage startup(WireReader reader) {
        ProtocolVersion version = ProtocolVersion.of(reader.readInt());
        if (version.major() != PROTOCOL_SPECIAL) {
            return new StartupMessage.Startup(version, version.major() == 3 ? parameters(reader) : Map.of());
        }
        StartupMessage message = switch (version.minor()) {
            case SSL_REQUEST -> new StartupMessage.SslRequest();
            case GSS_ENCRYPTION_REQUEST -> new StartupMessage.GssEncryptionRequest();
            case CANCEL_REQUEST -> new StartupMessage.CancelRequest(cancelKey(reader));
            default -> throw reader.malformed("an unknown request code " + version.minor());
        };
        reader.end();
        return message;
    }

    private static CancelKey cancelKey(WireReader reader) {
        int processId = reader.readInt();
        int length = reader.remaining();
        if (length < CancelKey.SHORT || length > CancelKey.LONGEST) {
            throw reader.malformed(
                    "a secret of " + length + " bytes; expected " + CancelKey.SHORT + " to " + CancelKey.LONGEST);
        }
        return new CancelKey(processId, reader.readBytes(length));
    }

    private static Map<String, String> parameters(WireReader reader) {
        Map<String, String> parameters = new LinkedHashMap<>();
        while (true) {
            String name = reader.readString();
            if (name.isEmpty()) {
                reader.end();
                return parameters;
            }
            if (parameters.putIfAbsent(name, reader.readString()) != null) {
                throw reader.malformed("the parameter `" + name + "` twice");
            }
        }
    }

    private void decodeTagged(ByteBuf in, List<Object> out, int most) {
        if (copyRest > 0) {
            copyPiece(in, out);
            return;
        }
        if (in.readableBytes() < 1) {
            return;
        }
        char tag = (char) in.getUnsignedByte(in.readerIndex());
        if ((phase == Phase.PASSWORD) != (tag == 'p') || !known(tag)) {
            throw new ProtocolException("unexpected message with tag `" + printable(tag) + "`");
        }
        if (in.readableBytes() < 5) {
            return;
        }
        int length = in.getInt(in.readerIndex() + 1);
        if (tag == 'd' && length > 4) {
            in.skipBytes(5);
            copyRest = length - 4;
            copyPiece(in, out);
            return;
        }
        if (length < 4 || length > most) {
            throw new ProtocolException(
                    "message `" + tag + "` of " + Integer.toUnsignedString(length) + " bytes; expected 4 to " + most);
        }
        if (in.readableBytes() < 1 + length) {
            return;
        }
        out.add(message(tag, in.readSlice(1 + length).skipBytes(5)));
    }

    /** Waits for a whole piece, so that data which trickles in does not become a message a byte. */
    private void copyPiece(ByteBuf in, List<Object> out) {
        int piece = Math.min(copyRest, COPY_PIECE);
        if (in.readableBytes() < piece) {
            return;
        }
        byte[] data = new byte[piece];
        in.readBytes(data);
        copyRest -= piece;
        out.add(new FrontendMessage.CopyData(data));
    }

    private static boolean known(char tag) {
        return "pQPBDECSHXFdcf".indexOf(tag) >= 0;
    }

    private static String printable(char tag) {
        return tag > ' ' && tag < 127 ? String.valueOf(tag) : String.format("0x%02x", (int) tag);
    }

    private static FrontendMessage message(char tag, ByteBuf body) {
        WireReader reader = new WireReader(body, "`" + tag + "`");
        FrontendMessage message = switch (tag) {
            case 'p' -> new FrontendMessage.Password(reader.readString());
            case 'Q' -> new FrontendMessage.Query(reader.readString());
            case 'P' -> parse(reader);
            case 'B' -> bind(reader);
            case 'D' -> new FrontendMessage.Describe(target(reader), reader.readName());
            case 'E' -> new FrontendMessage.Execute(reader.readName(), reader.readInt());
            case 'C' -> new FrontendMessage.Close(target(reader), reader.readName());
            case 'S' -> new FrontendMessage.Sync();
            case 'H' -> new FrontendMessage.Flush();
            case 'X' -> new FrontendMessage.Terminate();
            case 'd' -> new FrontendMessage.CopyData(new byte[0]);
            case 'c' -> new FrontendMessage.CopyDone();
            case 'f' -> new FrontendMessage.CopyFail(reader.readString());
            case 'F' -> functionCall(reader);
            default -> throw reader.malformed("a tag that is not known");
        };
        reader.end();
        return message;
    }

    private static FrontendMessage parse(WireReader reader) {
        String statement = reader.readName();
        String sql = reader.readString();
        int count = reader.readCount(4);
        List<Integer> types = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            types.add(reader.readInt());
        }
        return new FrontendMessage.Parse(statement, sql, types);
    }

    private static FrontendMessage bind(WireReader reader) {
        String portal = reader.readName();
        String statement = reader.readName();
        List<Integer> parameterFormats = reader.readFormats();
        List<BoundParameter> parameters = arguments(reader, parameterFormats);
        return new FrontendMessage.Bind(portal, statement, parameterFormats, parameters, reader.readFormats());
    }

    private static List<BoundParameter> arguments(WireReader reader, List<Integer> formats) {
        int count = reader.readCount(4);
        if (formats.size() > 1 && formats.size() != count) {
            throw reader.malformed(formats.size() + " parameter formats for " + count + " parameters");
        }
        List<BoundParameter> arguments = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int length = reader.readInt();
            if (length < -1) {
                throw reader.malformed("a parameter of length " + length);
            }
            arguments.add(new BoundParameter(length == -1 ? null : reader.readBytes(length)));
        }
        return arguments;
    }

    private static FrontendMessage functionCall(WireReader reader) {
        int function = reader.readInt();
        List<Integer> formats = reader.readFormats();
        List<BoundParameter> arguments = arguments(reader, formats);
        return new FrontendMessage.FunctionCall(function, formats, arguments, reader.readShort());
    }

    private static Target target(WireReader reader) {
        int code = reader.readByte();
        if (code == 'S') {
            return Target.STATEMENT;
        }
        if (code == 'P') {
            return Target.PORTAL;
        }
        throw reader.malformed("a target that is neither statement nor portal");
    }
}
