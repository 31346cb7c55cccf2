package dev.chaperone.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A client that asks until its connection breaks, and keeps every whole message that came. It speaks the protocol itself
 * (PostgreSQL documentation, "Message Formats"), so that nothing that arrived stays behind in a driver.
 */
final class KeepingClient {

    /** What it does all the time. */
    enum Work {
        /** One statement whose result never seems to end. */
        LONG_RESULT,
        /** Small reads by the simple protocol. */
        SHORT_READS,
        /** Small reads of a prepared statement. */
        PREPARED_READS,
        /** Single-row inserts, each with a number of its own. */
        WRITES
    }

    /** Where it stands when it is told that a moment has come. */
    enum Moment {
        /** A request is on its way. */
        SENT,
        /** A row has come. */
        ROW,
        /** A request is answered. */
        ANSWERED
    }

    /** Told of every moment with its number. */
    interface Witness {
        void at(Moment moment, long number);
    }

    private static final int PROTOCOL = 196608;

    /** So many rows of a result that never seems to end are kept before the kill; the rest is left where it is until then. */
    private static final long MOST_ROWS_BEFORE = 100_000;

    private final Work work;
    private final int round;
    private final Witness witness;
    private final CountDownLatch killed;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private byte[] whole = {};
    private long rows;
    private long answers;

    /** @param killed counted down once the enforcer is killed */
    KeepingClient(Work work, int round, Witness witness, CountDownLatch killed) {
        this.work = work;
        this.round = round;
        this.witness = witness;
        this.killed = killed;
    }

    /** What its statements carry, so that its session can be found in the ledger. */
    String mark() {
        return "/* round " + round + " " + work + " */";
    }

    /** Every byte of every whole message since it was let in, once the connection is broken. */
    byte[] kept() {
        return whole;
    }

    /** Rows that came. */
    long rows() {
        return rows;
    }

    /** Requests that were answered to the end. */
    long answers() {
        return answers;
    }

    /** Works until the connection breaks. */
    Void run(int port, String token) throws InterruptedException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(60_000);
            DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            login(in, out, token);
            for (long number = 1; ; number++) {
                out.write(request(number));
                out.flush();
                witness.at(Moment.SENT, number);
                answer(in);
                answers++;
                witness.at(Moment.ANSWERED, number);
            }
        } catch (IOException e) {
            return null; // the kill; what came before it is kept
        } finally {
            whole = kept.toByteArray();
        }
    }

    private void login(DataInputStream in, DataOutputStream out, String token) throws IOException {
        byte[] parameters = join(text("user"), text("dr.rivera"), text("database"), text("clinic"), new byte[1]);
        out.writeInt(8 + parameters.length);
        out.writeInt(PROTOCOL);
        out.write(parameters);
        out.flush();
        read(in);
        out.write(message('p', text(token)));
        while (read(in)[0] != 'Z') {
            // parameters of the session
        }
    }

    private void answer(DataInputStream in) throws IOException, InterruptedException {
        while (true) {
            if (rows == MOST_ROWS_BEFORE && !killed.await(2, TimeUnit.MINUTES)) {
                throw new AssertionError("the enforcer was not killed");
            }
            byte[] message = read(in);
            kept.writeBytes(message);
            if (message[0] == 'E') {
                throw new AssertionError(
                        work + " was refused: " + new String(message, 5, message.length - 5, StandardCharsets.UTF_8));
            }
            if (message[0] == 'D') {
                witness.at(Moment.ROW, ++rows);
            }
            if (message[0] == 'Z') {
                return;
            }
        }
    }

    private static byte[] read(DataInputStream in) throws IOException {
        byte tag = in.readByte();
        int length = in.readInt();
        byte[] message = new byte[1 + length];
        ByteBuffer.wrap(message).put(tag).putInt(length);
        in.readFully(message, 5, length - 4);
        return message;
    }

    private byte[] request(long number) {
        String sql = switch (work) {
            case LONG_RESULT ->
                "SELECT " + mark() + " p.patient_id, p.family_name, p.birth_date, a.name, b.floor"
                        + " FROM clinic.patients p CROSS JOIN clinic.departments a CROSS JOIN clinic.departments b";
            case SHORT_READS ->
                "SELECT " + mark() + " patient_id, given_name, ssn, state FROM clinic.patients" + " WHERE patient_id = "
                        + number;
            case PREPARED_READS ->
                "SELECT " + mark() + " patient_id, zip, phone FROM clinic.patients WHERE patient_id = $1";
            case WRITES ->
                "INSERT " + mark() + " INTO public.pgbench_history (tid, bid, aid, delta) VALUES (1, 1, 1, "
                        + (round * 1_000_000L + number) + ")";
        };
        return work == Work.PREPARED_READS ? prepared(sql, number) : message('Q', text(sql));
    }

    private static byte[] prepared(String sql, long number) {
        byte[] value = Long.toString(number).getBytes(StandardCharsets.US_ASCII);
        byte[] bind = join(
                text(""),
                text("s"),
                new byte[2],
                ByteBuffer.allocate(6).putShort((short) 1).putInt(value.length).array(),
                value,
                new byte[2]);
        byte[] execution = join(message('B', bind), message('E', text(""), new byte[4]), message('S'));
        return number == 1 ? join(message('P', text("s"), text(sql), new byte[2]), execution) : execution;
    }

    private static byte[] message(char tag, byte[]... parts) {
        byte[] body = join(parts);
        return ByteBuffer.allocate(5 + body.length)
                .put((byte) tag)
                .putInt(4 + body.length)
                .put(body)
                .array();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }

    private static byte[] text(String text) {
        return (text + '\0').getBytes(StandardCharsets.UTF_8);
    }
}
