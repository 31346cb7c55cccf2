package dev.chaperone.testkit.conformance;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client that sends what it is told and keeps every byte that its socket receives, understood or not. One thread uses it.
 */
public final class WireClient implements AutoCloseable {

    private static final int CONNECT_MILLIS = 10_000;
    /** Longest that the server may say nothing when something is awaited. */
    private static final int SILENCE_MILLIS = 30_000;
    /** Longest message that is read. */
    private static final int MAX_MESSAGE = 64 << 20;

    private final Socket socket;
    private final ByteArrayOutputStream captured = new ByteArrayOutputStream();
    private final List<Message> messages = new ArrayList<>();
    private final DataInputStream in;
    private final OutputStream out;
    private boolean ended;
    private char status = '?';

    private WireClient(Socket socket) throws IOException {
        this.socket = socket;
        in = new DataInputStream(new BufferedInputStream(new Tee(socket.getInputStream(), captured)));
        out = socket.getOutputStream();
    }

    /**
     * Connects and logs in.
     *
     * @param settings further startup parameters
     * @throws IOException when it is not let in; what was received until then is in the message
     */
    public static WireClient login(Endpoint endpoint, Map<String, String> settings) throws IOException {
        WireClient client = connect(endpoint, settings);
        if (client.status() != 'I') {
            client.close();
            throw new IOException(endpoint + " does not let the client in: "
                    + client.messages.stream().map(Message::printable).toList());
        }
        return client;
    }

    /** Connects and tries to log in; what came of it is to be seen from what was received. */
    public static WireClient connect(Endpoint endpoint, Map<String, String> settings) throws IOException {
        Socket plain = new Socket();
        plain.connect(new InetSocketAddress(endpoint.host(), endpoint.port()), CONNECT_MILLIS);
        plain.setSoTimeout(SILENCE_MILLIS);
        plain.setTcpNoDelay(true);
        WireClient client = new WireClient(endpoint.tls() ? Handshake.tls(plain, endpoint.host()) : plain);
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("user", endpoint.user());
        parameters.put("database", endpoint.database());
        parameters.putAll(settings);
        client.send(Frames.startup(parameters));
        new Handshake(client, endpoint).run();
        return client;
    }

    /** Sends bytes; that the server no longer listens shows when its answer is read. */
    void send(byte[] bytes) {
        try {
            out.write(bytes);
            out.flush();
        } catch (IOException e) {
            ended |= socket.isClosed();
        }
    }

    /** Reads up to and with the first message of one of the tags; false when the connection ended before. */
    boolean until(String tags) throws IOException {
        while (!ended) {
            Message message = read();
            if (message != null && tags.indexOf(message.tag()) >= 0) {
                return true;
            }
        }
        return false;
    }

    /** The next message, null at the end of the connection. */
    @Nullable
    Message read() throws IOException {
        try {
            char tag = (char) in.readUnsignedByte();
            int length = in.readInt() - Integer.BYTES;
            if (length < 0 || length > MAX_MESSAGE) {
                throw new EOFException("a message of " + length + " bytes");
            }
            byte[] body = new byte[length];
            in.readFully(body);
            Message message = new Message(tag, body);
            messages.add(message);
            if (tag == 'Z' && length == 1) {
                status = (char) body[0];
            }
            return message;
        } catch (EOFException | SocketException e) {
            ended = true;
            return null;
        }
    }

    /** Everything received since this was last asked. */
    Received take() {
        Received received = new Received(captured.toByteArray(), List.copyOf(messages), ended);
        captured.reset();
        messages.clear();
        return received;
    }

    /** The transaction status of the last ReadyForQuery, {@code ?} when there was none. */
    char status() {
        return status;
    }

    /** True when nothing more can come. */
    boolean ended() {
        return ended;
    }

    @Override
    public void close() throws IOException {
        if (!ended) {
            send(Frames.message('X'));
        }
        socket.close();
    }

    /** Copies what passes. */
    private static final class Tee extends FilterInputStream {
        private final ByteArrayOutputStream copy;

        Tee(InputStream in, ByteArrayOutputStream copy) {
            super(in);
            this.copy = copy;
        }

        @Override
        public int read() throws IOException {
            int read = super.read();
            if (read >= 0) {
                copy.write(read);
            }
            return read;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int read = super.read(into, offset, length);
            if (read > 0) {
                copy.write(into, offset, read);
            }
            return read;
        }
    }
}
