package dev.chaperone.benchmarks;

import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.analysis.UnanalysableException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Splitting and classifying a query string: a short one, one of a kilobyte, and such of a megabyte as are meant to take long,
 * none of which may take more than 50 ms.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class StatementSplitterBenchmark {

    private static final int MEGABYTE = 1 << 20;

    @Param({
        "short",
        "1KiB",
        "values",
        "statements",
        "nested-comments",
        "dollar-quotes",
        "parentheses",
        "list",
        "names",
        "copy-options",
        "set"
    })
    String text;

    private String sql;

    @Setup
    public void text() {
        sql = switch (text) {
            case "short" -> "select id, name, ssn from clinic.patients where id = $1";
            case "1KiB" -> values(1 << 10);
            case "values" -> values(MEGABYTE);
            case "statements" -> filled("", "select 1;", "");
            case "nested-comments" -> "select " + "/*".repeat(MEGABYTE / 4) + "*/".repeat(MEGABYTE / 4) + " 1";
            case "dollar-quotes" -> filled("select ", "$a$ $b$ $a$ ", "");
            case "parentheses" -> "select " + "(".repeat(MEGABYTE / 2) + "1" + ")".repeat(MEGABYTE / 2);
            case "list" -> filled("select * from t where id in (0", ",1", ")");
            case "names" -> filled("select ", "a.", "b");
            case "copy-options" -> filled("copy t (a", ",a", ") to stdout with (format csv)");
            case "set" -> filled("set search_path to a", ",a", "");
            default -> throw new IllegalStateException(text);
        };
    }

    @Benchmark
    public Object split() {
        try {
            return StatementSplitter.split(sql);
        } catch (UnanalysableException e) {
            return e; // what cannot be understood must not take long either
        }
    }

    private static String filled(String begin, String middle, String end) {
        return begin + middle.repeat((MEGABYTE - begin.length() - end.length()) / middle.length()) + end;
    }

    private static String values(int length) {
        StringBuilder sql = new StringBuilder("insert into t (a, b, \"c d\") values (0, 'x', null)");
        while (sql.length() < length) {
            sql.append(", (").append(sql.length()).append(", 'it''s /* not a comment */', $q$ ' $q$) -- why\n");
        }
        return sql.toString();
    }
}
