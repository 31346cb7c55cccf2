package dev.chaperone.benchmarks.load;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A client that keeps nothing of what it is sent: drivers hold whole rows, and some whole results. Speaks the simple query
 * protocol and COPY.
 */
final class WireClient implements AutoCloseable {

    private static final int PROTOCOL_3_0 = 3 << 16;
    private static final int PIECE = 64 << 10;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final byte[] buffer = new byte[PIECE];
    private long received;

    private WireClient(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), PIECE));
        this.out = new DataOutputStream(socket.getOutputStream());
    }

    /** Connects and logs in with the password in clear text. */
    static WireClient connect(Endpoint endpoint) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
        try {
            WireClient client = new WireClient(socket);
            client.startup(endpoint.user());
            client.send('p', zeroEnded(endpoint.password()));
            client.untilReady();
            return client;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Runs a query; returns how many bytes came in answer. */
    long query(String sql) throws IOException {
        send('Q', zeroEnded(sql));
        return untilReady();
    }

    /** Runs a query; returns when its first row came, by {@link System#nanoTime}. */
    long firstRow(String sql) throws IOException {
        send('Q', zeroEnded(sql));
        char tag = next();
        while (tag != 'D' && tag != 'Z') {
            tag = next();
        }
        long came = System.nanoTime();
        if (tag == 'Z') {
            throw new IOException("there was no row");
        }
        untilReady();
        return came;
    }

    /** Runs a COPY FROM STDIN with that many bytes of lines; returns how many were sent. */
    long copyIn(String sql, long bytes) throws IOException {
        send('Q', zeroEnded(sql));
        if (next() != 'G') {
            throw new IOException("the server does not begin to copy");
        }
        byte[] lines = ("x".repeat(1023) + "\n").repeat(PIECE / 1024).getBytes(StandardCharsets.US_ASCII);
        long sent = 0;
        while (sent < bytes) {
            send('d', lines);
            sent += lines.length;
        }
        send('c', new byte[0]);
        untilReady();
        return sent;
    }

    private void startup(String user) throws IOException {
        byte[] parameters = zeroEnded("user\0" + user + "\0database\0" + Endpoint.DATABASE + "\0");
        out.writeInt(8 + parameters.length);
        out.writeInt(PROTOCOL_3_0);
        out.write(parameters);
        if (next() != 'R') {
            throw new IOException("the server asks for no password");
        }
    }

    private static byte[] zeroEnded(String text) {
        return (text + '\0').getBytes(StandardCharsets.UTF_8);
    }

    private void send(char tag, byte[] body) throws IOException {
        byte[] message = ByteBuffer.allocate(5 + body.length)
                .put((byte) tag)
                .putInt(4 + body.length)
                .put(body)
                .array();
        out.write(message);
    }

    private long untilReady() throws IOException {
        long before = received;
        while (next() != 'Z') {}
        return received - before;
    }

    /** Reads one message and throws its body away; an error is thrown. */
    private char next() throws IOException {
        char tag = (char) in.readUnsignedByte();
        int left = in.readInt() - 4;
        received += 5L + left;
        if (tag == 'E') {
            byte[] error = in.readNBytes(left);
            throw new IOException(new String(error, StandardCharsets.UTF_8).replace('\0', ' '));
        }
        while (left > 0) {
            int count = in.read(buffer, 0, Math.min(left, buffer.length));
            if (count < 0) {
                throw new EOFException();
            }
            left -= count;
        }
        return tag;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
