package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares where a text is cut with the server's own word. Nothing is executed: the server says of a text that it is asked to
 * parse whether it is one statement, several, or none that it can read.
 */
final class SplitterDifferential implements AutoCloseable {

    /** What the server makes of a text. */
    private enum Verdict {
        /** At most one statement. Whether it means anything is not asked. */
        ONE,
        /** More than one. */
        SEVERAL,
        /** It does not lex or does not parse. */
        UNREADABLE,
        /** It fails in a way from which none of this can be told. */
        UNKNOWN
    }

    private final EmbeddedPostgres server;
    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private int one;
    private int several;

    SplitterDifferential() throws IOException {
        server = EmbeddedPostgres.start();
        socket = new Socket("localhost", server.getPort());
        socket.setSoTimeout(30_000);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        byte[] parameters =
                "user\0postgres\0database\0postgres\0client_encoding\0UTF8\0\0".getBytes(StandardCharsets.UTF_8);
        out.writeInt(8 + parameters.length);
        out.writeInt(196_608);
        out.write(parameters);
        out.flush();
        answer();
    }

    /** How many texts were one statement for the server. */
    int one() {
        return one;
    }

    /** How many were several. */
    int several() {
        return several;
    }

    /** Fails when the text is cut elsewhere than the server cuts it. */
    void check(String sql) throws IOException {
        Verdict verdict = parse(sql);
        List<SqlStatement> ours = split(sql);
        switch (verdict) {
            case ONE -> {
                one++;
                assertThat(ours).as(sql).hasSizeLessThan(2);
            }
            case SEVERAL -> {
                several++;
                assertThat(ours).as(sql).hasSizeGreaterThan(1);
                // Each piece is one statement by itself, so that there are as many as the server sees, cut where it
                // cuts.
                for (SqlStatement piece : ours) {
                    assertThat(parse(piece.text()))
                            .as(piece.text() + "\nof\n" + sql)
                            .isIn(Verdict.ONE, Verdict.UNKNOWN);
                }
            }
            case UNREADABLE, UNKNOWN -> {
                // What the server does not read is refused by the server, however it is cut.
            }
        }
    }

    private static List<SqlStatement> split(String sql) {
        List<SqlStatement> statements = new ArrayList<>();
        try {
            StatementSplitter.split(sql).stream()
                    .filter(statement -> statement.statementClass() != StatementClass.EMPTY)
                    .forEach(statements::add);
        } catch (UnanalysableException e) {
            // It is refused: as good as not cut at all, and worse than the server only where the server reads it.
            return List.of();
        }
        return statements;
    }

    private Verdict parse(String sql) throws IOException {
        byte[] text = sql.getBytes(StandardCharsets.UTF_8);
        out.writeByte('P');
        out.writeInt(4 + 1 + text.length + 1 + 2);
        out.writeByte(0);
        out.write(text);
        out.writeByte(0);
        out.writeShort(0);
        out.writeByte('S');
        out.writeInt(4);
        out.flush();
        String error = answer();
        if (error.contains("cannot insert multiple commands")) {
            return Verdict.SEVERAL;
        }
        if (error.startsWith("42601 syntax error") || error.startsWith("42601 unterminated")) {
            return Verdict.UNREADABLE;
        }
        // Bad escapes and numbers that are none may come from reading, and from the meaning.
        return error.startsWith("42601") || error.startsWith("22") ? Verdict.UNKNOWN : Verdict.ONE;
    }

    /** Empty when nothing failed, else SQLSTATE and message. */
    private String answer() throws IOException {
        String error = "";
        while (true) {
            int type = in.readUnsignedByte();
            byte[] body = in.readNBytes(in.readInt() - 4);
            if (type == 'E') {
                String state = "";
                String message = "";
                for (String field : new String(body, StandardCharsets.UTF_8).split("\0")) {
                    if (field.startsWith("C")) {
                        state = field.substring(1);
                    } else if (field.startsWith("M")) {
                        message = field.substring(1);
                    }
                }
                error = state + ' ' + message;
            } else if (type == 'Z') {
                return error;
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
        server.close();
    }
}
