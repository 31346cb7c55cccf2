package dev.chaperone.audit;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;
import dev.chaperone.audit.v1.EvidenceAccess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Who asked for what of the ledger, a JSON document on each line of a file beside it. A line is on disk before the question is
 * answered, and names the SHA-256 of the line before it, so that one that is taken out or altered shows. The same question of the
 * same person within a minute is one line: a page that follows what goes on asks every few seconds.
 */
final class AccessLog implements AutoCloseable {

    static final String FILE = "evidence-access.jsonl";

    private static final Duration SAME = Duration.ofMinutes(1);
    private static final int MOST_SAME = 1_000;
    private static final int LONGEST_LINE = 1 << 16;

    private final JsonFormat.Printer json = JsonFormat.printer().omittingInsignificantWhitespace();
    private final FileChannel channel;
    private final Clock clock;
    private final Map<EvidenceAccess, Instant> latest = new LinkedHashMap<>();
    private String previous;

    private AccessLog(FileChannel channel, Clock clock, String previous) {
        this.channel = channel;
        this.clock = clock;
        this.previous = previous;
    }

    /**
     * Opens the file of a ledger, or begins it.
     *
     * @throws IOException when it cannot be written, or another process writes it
     */
    @SuppressWarnings("UnusedVariable") // the lock lives as long as its channel
    static AccessLog open(Path ledger, Clock clock) throws IOException {
        Path file = Files.createDirectories(ledger).resolve(FILE);
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw new IOException("another process writes `" + file + "`; one sink answers for one ledger");
            }
            String last = lastLine(channel);
            channel.position(channel.size());
            return new AccessLog(channel, clock, last.isEmpty() ? "" : sha256(last));
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new IOException("another sink of this process writes `" + file + "`", e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** The last line; one that a crash has cut off is ended, and counts like any other. */
    private static String lastLine(FileChannel channel) throws IOException {
        long size = channel.size();
        ByteBuffer tail = ByteBuffer.allocate((int) Math.min(size, LONGEST_LINE));
        while (tail.hasRemaining() && channel.read(tail, size - tail.remaining()) > 0) {}
        String text = new String(tail.array(), 0, tail.position(), StandardCharsets.UTF_8);
        if (!text.isEmpty() && !text.endsWith("\n")) {
            channel.write(ByteBuffer.wrap(new byte[] {'\n'}), size);
        }
        String stripped = text.stripTrailing();
        return stripped.substring(stripped.lastIndexOf('\n') + 1);
    }

    /**
     * Puts a question on record; returns once it is on disk.
     *
     * @param access the question, without time and predecessor
     * @throws IOException when that cannot be: nothing is to be answered then
     */
    synchronized void record(EvidenceAccess access) throws IOException {
        Instant now = clock.instant();
        Instant last = latest.get(access);
        if (last != null && now.isBefore(last.plus(SAME))) {
            return;
        }
        String line = line(access.toBuilder()
                .setAt(Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()))
                .setPrevious(previous)
                .build());
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        long end = channel.position();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(false);
        } catch (IOException e) {
            channel.truncate(end);
            throw e;
        }
        previous = sha256(line);
        latest.remove(access);
        latest.put(access, now);
        if (latest.size() > MOST_SAME) {
            latest.remove(latest.keySet().iterator().next());
        }
    }

    private String line(EvidenceAccess access) throws IOException {
        try {
            return json.print(access);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException("the question cannot be written down", e);
        }
    }

    /** What the next line names this one by. */
    static String sha256(String line) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(line.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
