package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whether a text is one statement: the server's own word against ours, over texts made to be misread. */
final class SplitterDifferentialIT {

    private static final String[] EXPRESSIONS = {
        "'a'",
        "'it''s'",
        "'\\'",
        "E'\\''",
        "E'a'\n'\\''",
        "E'a' '\\'",
        "e'\\\\'",
        "U&'\\0061'",
        "$$;'$$",
        "$x$ $y$ ; $x$",
        "$x$'$x$",
        "\"a;\"",
        "\"b\"\"\"",
        "N'x'",
        "B'1'",
        "X'1F'",
        "1.5e+3",
        "1",
        "a$b$",
        "$1",
        "(select ';')",
        "U&\"\\0061\"",
        "é",
        "1.",
        ".5",
        "'a'--x\n'b'"
    };
    private static final String[] GAPS = {
        " ",
        "\n",
        "\t",
        "/* ; */",
        "/* /* ' */ */",
        "-- ;'\n",
        "-- \"\r",
        "||",
        "+-- $$\n",
        ",",
        ";",
        " ; ",
        "*/* */",
        "",
        "--\n",
        "$",
        "'",
        "\\",
        "@-"
    };

    @Test
    void theServerSeesAsManyStatementsAsWeDo() throws Exception {
        try (EmbeddedPostgres server = EmbeddedPostgres.start();
                Socket socket = new Socket("localhost", server.getPort())) {
            DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
            DataOutputStream out = new DataOutputStream(new java.io.BufferedOutputStream(socket.getOutputStream()));
            startup(in, out);
            Random random = new Random(2026);
            int one = 0;
            int several = 0;
            for (int round = 0; round < 12_000; round++) {
                String sql = text(random);
                String answer = parse(in, out, sql);
                int ours;
                try {
                    ours = (int) StatementSplitter.split(sql).stream()
                            .filter(statement -> statement.statementClass() != StatementClass.EMPTY)
                            .count();
                } catch (UnanalysableException e) {
                    ours = -1;
                }
                if (answer.contains("multiple commands")) {
                    several++;
                    assertThat(ours).as(sql).isGreaterThan(1);
                } else if (!answer.startsWith("42601") && !answer.startsWith("22") && !answer.startsWith("42P05")) {
                    one++;
                    assertThat(ours).as(sql).isBetween(0, 1);
                }
            }
            assertThat(one).isGreaterThan(500);
            assertThat(several).isGreaterThan(200);
        }
    }

    private static String text(Random random) {
        StringBuilder sql = new StringBuilder("select ");
        for (int i = random.nextInt(5); i >= 0; i--) {
            sql.append(EXPRESSIONS[random.nextInt(EXPRESSIONS.length)]);
            String gap = GAPS[random.nextInt(GAPS.length)];
            sql.append(gap);
            if (gap.contains(";") && random.nextInt(4) > 0) {
                sql.append("select ");
            } else if (i > 0 && random.nextInt(3) > 0) {
                sql.append(',');
            }
        }
        return sql.toString();
    }

    private static void startup(DataInputStream in, DataOutputStream out) throws IOException {
        byte[] parameters =
                "user\0postgres\0database\0postgres\0client_encoding\0UTF8\0\0".getBytes(StandardCharsets.UTF_8);
        out.writeInt(8 + parameters.length);
        out.writeInt(196_608);
        out.write(parameters);
        out.flush();
        answer(in);
    }

    /** Empty when the server accepts the text as one statement, else its SQLSTATE and message. */
    private static String parse(DataInputStream in, DataOutputStream out, String sql) throws IOException {
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
        return answer(in);
    }

    private static String answer(DataInputStream in) throws IOException {
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
}
