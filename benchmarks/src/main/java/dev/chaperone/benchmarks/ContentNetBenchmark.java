package dev.chaperone.benchmarks;

import dev.chaperone.decision.v1.Detect;
import dev.chaperone.enforcer.detect.ContentNet;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detector;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.postgres.masking.ColumnNet;
import dev.chaperone.postgres.masking.DataRowMasker;
import dev.chaperone.postgres.masking.OriginalsCollector;
import dev.chaperone.postgres.masking.RowMask;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** One DataRow of ten text columns, all of them searched by every detector. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class ContentNetBenchmark {

    private static final int COLUMNS = 10;
    private static final int TEXT_OID = 25;

    /**
     * What the columns hold: words; codes with digits in them; a note of 1 KiB with dates and numbers; the same not in ASCII; a
     * social security number; what looks most like one and is none.
     */
    @Param({"words", "codes", "note", "note-utf8", "ssn", "digits"})
    String content;

    /** What record numbers look like: nothing of their own, or a pattern. */
    @Param({"", "\\bH\\d{8}\\b"})
    String pattern;

    private RowMask plan;
    private ByteBuf row;
    private ByteBuf out;

    @Setup
    public void row() {
        Detect all = Detect.newBuilder().addAllDetectors(Detector.names()).build();
        ContentNet net = Objects.requireNonNull(
                new Detectors(new DetectionConfig(pattern.isEmpty() ? null : pattern)).of(List.of(all)));
        Map<Integer, ColumnNet> nets = new HashMap<>();
        for (int column = 0; column < COLUMNS; column++) {
            nets.put(column, new ColumnNet("clinic.clinic.notes.c" + column, net, TEXT_OID, -1, 0));
        }
        plan = new RowMask(COLUMNS, Map.of(), nets);
        row = PooledByteBufAllocator.DEFAULT.directBuffer();
        out = PooledByteBufAllocator.DEFAULT.directBuffer();
        row.writeShort(COLUMNS);
        byte[] cell = text().getBytes(StandardCharsets.UTF_8);
        for (int column = 0; column < COLUMNS; column++) {
            row.writeInt(cell.length).writeBytes(cell);
        }
    }

    private String text() {
        String note = "Seen 2024-03-01 for follow-up, BP 120/80, HbA1c 6.9 %, ICD E11.9, dose 500 mg twice a day. ";
        switch (content) {
            case "words":
                return "Essential hypertension";
            case "codes":
                return "J45.909-2024-001";
            case "note":
                return note.repeat(11);
            case "note-utf8":
                return note.replace("Seen", "Gesehen für").repeat(10);
            case "ssn":
                return "SSN 219-09-9999";
            default:
                return "123-45-67 123456789 4111 1111 1111 1112";
        }
    }

    @TearDown
    public void release() {
        row.release();
        out.release();
    }

    @Benchmark
    public int search() {
        row.readerIndex(0);
        out.clear();
        return DataRowMasker.mask(row, plan, out, 0, OriginalsCollector.NONE);
    }
}
