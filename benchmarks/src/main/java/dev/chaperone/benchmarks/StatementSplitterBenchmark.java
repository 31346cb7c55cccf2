package dev.chaperone.benchmarks;

import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementSplitter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Splitting and classifying a query string: a short one, one of a kilobyte, one of a megabyte. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class StatementSplitterBenchmark {

    @Param({"short", "1KiB", "1MiB"})
    String length;

    private String sql;

    @Setup
    public void text() {
        sql = switch (length) {
            case "short" -> "select id, name, ssn from clinic.patients where id = $1";
            case "1KiB" -> values(1 << 10);
            default -> values(1 << 20);
        };
    }

    @Benchmark
    public List<SqlStatement> split() {
        return StatementSplitter.split(sql);
    }

    private static String values(int length) {
        StringBuilder sql = new StringBuilder("insert into t (a, b, \"c d\") values (0, 'x', null)");
        while (sql.length() < length) {
            sql.append(", (").append(sql.length()).append(", 'it''s /* not a comment */', $q$ ' $q$) -- why\n");
        }
        return sql.toString();
    }
}
