package dev.chaperone.postgres;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.exception.ScramException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Speaks the protocol byte by byte, to say what no driver would. */
final class RawClient implements AutoCloseable {

    /** One message of the server. */
    record Message(char tag, byte[] body) {

        /** As it came, tag and length included. */
        byte[] whole() {
            return message(tag, body);
        }

        /** A field of an error. */
        String field(char type) {
            for (String field : new String(body, StandardCharsets.UTF_8).split("\0")) {
                if (!field.isEmpty() && field.charAt(0) == type) {
                    return field.substring(1);
                }
            }
            return "";
        }

        /** The text columns of a DataRow. */
        List<String> columns() {
            List<String> columns = new ArrayList<>();
            ByteBuffer buffer = ByteBuffer.wrap(body);
            for (int i = buffer.getShort(); i > 0; i--) {
                int length = buffer.getInt();
                byte[] value = new byte[Math.max(length, 0)];
                buffer.get(value);
                columns.add(length < 0 ? "NULL" : new String(value, StandardCharsets.UTF_8));
            }
            return columns;
        }
    }

    static final int V3_0 = 3 << 16;
    static final int V3_2 = 3 << 16 | 2;
    static final int CANCEL_REQUEST = 1234 << 16 | 5678;
    static final int SSL_REQUEST = 1234 << 16 | 5679;
    static final int GSS_REQUEST = 1234 << 16 | 5680;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    private RawClient(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(socket.getOutputStream());
    }

    static RawClient open(int port) throws IOException {
        return new RawClient(new Socket("127.0.0.1", port));
    }

    /** Speaks over a connection that is there. */
    static RawClient over(Socket socket) throws IOException {
        return new RawClient(socket);
    }

    /** Connects and logs in. */
    static RawClient login(int port, String token) throws IOException {
        RawClient client = open(port);
        client.enter(V3_0, token);
        return client;
    }

    /** Logs in; what the gateway says from its first answer on. */
    List<Message> enter(int version, String token) throws IOException {
        startup(version, "user", "ada", "database", Gateway.DATABASE);
        List<Message> said = until("RE");
        if (said.get(said.size() - 1).tag() == 'R') {
            send('p', bytes(token));
            said.addAll(until("ZE"));
        }
        return said;
    }

    /** Asks for another session's statement to be cancelled, as libpq does, and waits until the gateway closes. */
    static void cancel(int port, byte[] key) throws IOException {
        try (RawClient client = open(port)) {
            client.raw(ByteBuffer.allocate(8 + key.length)
                    .putInt(8 + key.length)
                    .putInt(CANCEL_REQUEST)
                    .put(key)
                    .array());
            if (!client.ended()) {
                throw new IOException("a request to cancel was answered");
            }
        }
    }

    /** Asks for encryption: SSLRequest or GSSENCRequest. */
    int ask(int code) throws IOException {
        raw(ByteBuffer.allocate(8).putInt(8).putInt(code).array());
        return readByte();
    }

    /** Connects to a server itself, and logs in by SCRAM-SHA-256. */
    static RawClient direct(int port, String role, String password) throws IOException {
        RawClient client = open(port);
        client.startup(196608, "user", role, "database", Gateway.DATABASE);
        client.read();
        ScramClient scram = ScramClient.builder()
                .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                .username("*")
                .password(password.toCharArray())
                .build();
        byte[] first = scram.clientFirstMessage().toString().getBytes(StandardCharsets.UTF_8);
        client.send(
                'p',
                bytes("SCRAM-SHA-256"),
                ByteBuffer.allocate(4).putInt(first.length).array(),
                first);
        try {
            scram.serverFirstMessage(client.sasl());
            client.send('p', scram.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8));
            scram.serverFinalMessage(client.sasl());
        } catch (ScramException e) {
            throw new IOException(e);
        }
        client.until("ZE");
        return client;
    }

    private String sasl() throws IOException {
        byte[] body = read().body();
        return new String(body, 4, body.length - 4, StandardCharsets.UTF_8);
    }

    void startup(int version, String... parameters) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (String parameter : parameters) {
            body.write(bytes(parameter));
        }
        body.write(0);
        out.writeInt(body.size() + 8);
        out.writeInt(version);
        out.write(body.toByteArray());
        out.flush();
    }

    void raw(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    void send(char tag, byte[]... parts) throws IOException {
        out.write(message(tag, parts));
        out.flush();
    }

    static byte[] message(char tag, byte[]... parts) {
        byte[] body = join(parts);
        ByteBuffer message = ByteBuffer.allocate(5 + body.length);
        return message.put((byte) tag).putInt(4 + body.length).put(body).array();
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }

    static byte[] query(String sql) {
        return message('Q', bytes(sql));
    }

    static byte[] parse(String name, String sql) {
        return message('P', bytes(name), bytes(sql), new byte[2]);
    }

    static byte[] bind(String portal, String statement) {
        return message('B', bytes(portal), bytes(statement), new byte[6]);
    }

    static byte[] describe(char target, String name) {
        return message('D', new byte[] {(byte) target}, bytes(name));
    }

    static byte[] execute(String portal, int rows) {
        return message('E', bytes(portal), ByteBuffer.allocate(4).putInt(rows).array());
    }

    /** A FunctionCall with arguments in text format. */
    static byte[] call(int function, int resultFormat, String... arguments) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(ByteBuffer.allocate(8)
                .putInt(function)
                .putShort((short) 0)
                .putShort((short) arguments.length)
                .array());
        for (String argument : arguments) {
            byte[] value = argument.getBytes(StandardCharsets.UTF_8);
            body.writeBytes(ByteBuffer.allocate(4).putInt(value.length).array());
            body.writeBytes(value);
        }
        body.writeBytes(ByteBuffer.allocate(2).putShort((short) resultFormat).array());
        return message('F', body.toByteArray());
    }

    static byte[] sync() {
        return message('S');
    }

    static byte[] bytes(String text) {
        return (text + '\0').getBytes(StandardCharsets.UTF_8);
    }

    Message read() throws IOException {
        char tag = (char) in.readUnsignedByte();
        byte[] body = new byte[in.readInt() - 4];
        in.readFully(body);
        return new Message(tag, body);
    }

    /** How many bytes have come that nobody has read. */
    int available() throws IOException {
        return in.available();
    }

    int readByte() throws IOException {
        return in.read();
    }

    /** Reads up to and with the first message of one of the tags. */
    List<Message> until(String tags) throws IOException {
        List<Message> messages = new ArrayList<>();
        while (true) {
            Message message = read();
            messages.add(message);
            if (tags.indexOf(message.tag()) >= 0) {
                return messages;
            }
        }
    }

    /** The tags of messages, in order. */
    static String tags(List<Message> messages) {
        StringBuilder tags = new StringBuilder();
        messages.forEach(message -> tags.append(message.tag()));
        return tags.toString();
    }

    /** True when the server has closed the connection. */
    boolean ended() throws IOException {
        return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
