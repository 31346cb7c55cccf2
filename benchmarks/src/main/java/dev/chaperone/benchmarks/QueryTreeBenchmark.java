package dev.chaperone.benchmarks;

import dev.chaperone.postgres.analysis.CatalogLoader;
import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.FunctionChoice;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.QueryAnalyzer;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.postgresql.util.PSQLWarning;

/** Reading and analysing the query tree that a real server printed, for a lookup by key and for a join with a subquery. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class QueryTreeBenchmark {

    private static final String LOOKUP = "select id, name, ssn from patients where id = 7";
    private static final String JOIN = """
            with recent as (select patient_id, max(at) as last from encounters where at > '2026-01-01' group by patient_id)
            select p.id, p.name, p.ssn, r.last, (select count(*) from encounters e where e.patient_id = p.id) as visits
            from patients p left join recent r on r.patient_id = p.id
            where p.id between 10 and 20 order by r.last desc limit 5""";

    @Param({"lookup", "join"})
    String statement;

    private CatalogSnapshot catalog;
    private String tree;

    @Setup
    public void tree() throws Exception {
        try (PostgresBackend server = Backends.postgres();
                Connection connection = server.connect("postgres")) {
            server.execute(
                    "create table patients (id int primary key, name text, ssn text, city text)",
                    "create table encounters (patient_id int, at date, diagnosis text)");
            catalog = new CatalogLoader("postgres", FunctionChoice.NONE, () -> server.connect("postgres")).load();
            connection
                    .createStatement()
                    .execute(
                            "set debug_pretty_print = off; set debug_print_rewritten = on; set client_min_messages = log");
            tree = printed(connection, statement.equals("lookup") ? LOOKUP : JOIN);
        }
    }

    @Benchmark
    public QueryAnalysis analyze() {
        return QueryAnalyzer.analyze(tree, catalog);
    }

    private static String printed(Connection connection, String sql) throws SQLException {
        try (PreparedStatement prepared = connection.prepareStatement(sql)) {
            prepared.getMetaData();
            for (SQLWarning warning = prepared.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                if (warning instanceof PSQLWarning notice && notice.getServerErrorMessage() != null) {
                    String detail = notice.getServerErrorMessage().getDetail();
                    if (detail != null) {
                        return detail;
                    }
                }
            }
        }
        throw new IllegalStateException("the server printed no tree");
    }
}
