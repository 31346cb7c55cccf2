package dev.chaperone.benchmarks;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.postgres.masking.ColumnMask;
import dev.chaperone.postgres.masking.DataRowMasker;
import dev.chaperone.postgres.masking.OriginalsCollector;
import dev.chaperone.postgres.masking.RowMask;
import dev.chaperone.proto.Secret;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
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

/** One DataRow of ten text columns, of which none or two are masked. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class RowMaskBenchmark {

    private static final int COLUMNS = 10;
    private static final int TEXT_OID = 25;

    @Param({"none", "redact", "last4", "pseudonym"})
    String mask;

    private RowMask plan;
    private ByteBuf row;
    private ByteBuf out;

    @Setup
    public void row() {
        MaskingFunctions functions = new MaskingFunctions(new Secret("a key of at least thirty-two bytes"));
        Map<Integer, ColumnMask> masks = new HashMap<>();
        if (!mask.equals("none")) {
            for (int position : new int[] {2, 7}) {
                Mask obligation = Mask.newBuilder()
                        .setField("clinic.clinic.patients.c" + position)
                        .setFunction(mask)
                        .build();
                masks.put(position, new ColumnMask(obligation.getField(), functions.of(obligation), TEXT_OID, -1, 0));
            }
        }
        plan = new RowMask(COLUMNS, masks);
        row = PooledByteBufAllocator.DEFAULT.directBuffer();
        out = PooledByteBufAllocator.DEFAULT.directBuffer();
        row.writeShort(COLUMNS);
        for (int column = 0; column < COLUMNS; column++) {
            byte[] cell = ("900-12-34" + (100 + column)).getBytes(StandardCharsets.UTF_8);
            row.writeInt(cell.length).writeBytes(cell);
        }
    }

    @TearDown
    public void release() {
        row.release();
        out.release();
    }

    @Benchmark
    public int mask() {
        row.readerIndex(0);
        out.clear();
        return DataRowMasker.mask(row, plan, out, 0, OriginalsCollector.NONE);
    }
}
