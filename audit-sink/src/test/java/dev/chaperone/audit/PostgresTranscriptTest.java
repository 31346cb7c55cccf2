package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class PostgresTranscriptTest {

    @Test
    void aMessageMayGoOnInTheNextPayload() {
        byte[] whole = join(row("Ada"), row("Grace"), message('C', "SELECT 2\0"));
        for (int cut = 0; cut <= whole.length; cut++) {
            PostgresTranscript transcript = new PostgresTranscript();
            List<PostgresTranscript.Reading> readings = List.of(
                    transcript.read(Arrays.copyOfRange(whole, 0, cut), 10),
                    transcript.read(Arrays.copyOfRange(whole, cut, whole.length), 10));
            assertThat(rows(readings)).containsExactly(List.of("Ada"), List.of("Grace"));
            assertThat(readings.get(0).messages().size()
                            + readings.get(1).messages().size())
                    .isEqualTo(1);
        }
    }

    @Test
    void aMessageThatIsTooLongToBeShownIsPassedOver() {
        byte[] whole = join(row("Ada"), row("x".repeat(3 << 20)), row("Grace"));
        PostgresTranscript transcript = new PostgresTranscript();
        List<PostgresTranscript.Reading> readings = new ArrayList<>();
        for (int i = 0; i < whole.length; i += 100_000) {
            readings.add(transcript.read(Arrays.copyOfRange(whole, i, Math.min(i + 100_000, whole.length)), 10));
        }
        assertThat(rows(readings)).containsExactly(List.of("Ada"), List.of("Grace"));
        assertThat(readings.get(0).messages())
                .containsExactly("message 'D' of " + ((3 << 20) + 10) + " bytes, too long to be shown");
    }

    @Test
    void aLengthThatCannotBeIsSaid() {
        byte[] broken = ByteBuffer.allocate(5).put((byte) 'D').putInt(3).array();
        assertThat(new PostgresTranscript().read(broken, 10).messages())
                .containsExactly("unreadable: message 'D' claims 3 bytes");
    }

    private static List<List<@Nullable String>> rows(List<PostgresTranscript.Reading> readings) {
        List<List<@Nullable String>> rows = new ArrayList<>();
        for (PostgresTranscript.Reading reading : readings) {
            TableView table = reading.table();
            if (table != null) {
                rows.addAll(table.rows());
            }
        }
        return rows;
    }

    private static byte[] row(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(11 + bytes.length)
                .put((byte) 'D')
                .putInt(10 + bytes.length)
                .putShort((short) 1)
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] message(char tag, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(5 + bytes.length)
                .put((byte) tag)
                .putInt(4 + bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }
}
