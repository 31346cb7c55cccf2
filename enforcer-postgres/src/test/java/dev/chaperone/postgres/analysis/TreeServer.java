package dev.chaperone.postgres.analysis;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLWarning;

/** A real server that prints its trees. */
final class TreeServer implements AutoCloseable {

    private static final String SCHEMA = """
            CREATE SCHEMA clinic;
            SET search_path = clinic;
            CREATE TABLE users (id int PRIMARY KEY, name text, ssn varchar(11) UNIQUE, city text, born date,
                                initial text GENERATED ALWAYS AS (left(name, 1)) STORED);
            CREATE TABLE visits (id int PRIMARY KEY, user_id int, cost numeric, diagnosis text);
            CREATE TABLE contacts (id int, ssn varchar(11), phone text);
            CREATE VIEW v_users AS SELECT id, name, ssn AS secret, city FROM users;
            CREATE VIEW v_age AS SELECT id, extract(year FROM born) AS year FROM users WHERE city <> 'x';
            CREATE MATERIALIZED VIEW m_users AS SELECT id, ssn FROM users;
            CREATE TABLE measures (id int, ssn text, value numeric) PARTITION BY RANGE (id);
            CREATE TABLE measures_low PARTITION OF measures FOR VALUES FROM (0) TO (100);
            CREATE FUNCTION leak(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
            CREATE FUNCTION same(text, text) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $2';
            CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
            CREATE TYPE mood AS ENUM ('good', 'bad');
            CREATE TABLE ruled (id int);
            CREATE TABLE ruled_log (id int);
            CREATE RULE ruled_also AS ON INSERT TO ruled DO ALSO INSERT INTO ruled_log VALUES (new.id);
            CREATE SEQUENCE numbers;
            """;

    private final PostgresBackend server;
    private final Connection connection;
    private CatalogSnapshot catalog;

    TreeServer(int major) throws SQLException {
        server = Backends.postgres(PostgresOptions.temporary().withMajor(major));
        connection = server.connect("postgres");
        try (Statement statement = connection.createStatement()) {
            statement.execute(SCHEMA);
            statement.execute(
                    "SET debug_pretty_print = off; SET debug_print_rewritten = on; SET client_min_messages = log");
        }
        catalog = loader().load();
    }

    CatalogLoader loader() {
        return new CatalogLoader("postgres", FunctionChoice.NONE, () -> server.connect("postgres"));
    }

    CatalogSnapshot catalog() {
        return catalog;
    }

    void execute(String sql) throws SQLException {
        try (Connection other = server.connect("postgres");
                Statement statement = other.createStatement()) {
            statement.execute(sql);
        }
        catalog = loader().load();
    }

    /** The tree as it arrives, from a Parse without execution. */
    String tree(String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.getMetaData();
            for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                if (warning instanceof PSQLWarning notice
                        && "rewritten parse tree:"
                                .equals(notice.getServerErrorMessage().getMessage())) {
                    return notice.getServerErrorMessage().getDetail();
                }
            }
        }
        throw new AssertionError("no tree for " + sql);
    }

    List<List<@Nullable String>> rows(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<List<@Nullable String>> rows = new ArrayList<>();
            while (result.next()) {
                List<@Nullable String> row = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.add(result.getString(i));
                }
                rows.add(row);
            }
            return rows;
        }
    }

    QueryAnalysis analyze(String sql) throws SQLException {
        return QueryAnalyzer.analyze(tree(sql), catalog);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
        server.close();
    }
}
