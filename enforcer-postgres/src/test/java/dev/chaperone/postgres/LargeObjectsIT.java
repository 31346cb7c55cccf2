package dev.chaperone.postgres;

import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PSQLException;

/** Large objects, as psql and pgjdbc come by them: by functions that they call by message. */
class LargeObjectsIT {

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void permitAll() {
        gateway.decisions.policy(request -> permit());
    }

    @Test
    void psqlImportsExportsAndUnlinks(@TempDir Path directory) throws Exception {
        Path there = directory.resolve("there");
        Path back = directory.resolve("back");
        byte[] content = new byte[300_000];
        new Random(3).nextBytes(content);
        Files.write(there, content);

        String output = psql(
                "\\set ON_ERROR_STOP 1",
                "\\lo_import '" + there + "'",
                "\\lo_export :LASTOID '" + back + "'",
                "\\lo_unlink :LASTOID",
                "select count(*) from pg_largeobject_metadata where oid = :LASTOID;");

        assertThat(output).isEqualTo("0");
        assertThat(Files.readAllBytes(back)).isEqualTo(content);
    }

    @Test
    void pgjdbcReadsAndWrites() throws SQLException, IOException {
        byte[] content = new byte[200_000];
        new Random(4).nextBytes(content);
        try (Connection connection = gateway.connect(TestingAuthenticator.HUMAN)) {
            connection.setAutoCommit(false);
            LargeObjectManager manager = connection.unwrap(PGConnection.class).getLargeObjectAPI();
            long oid = manager.createLO();
            try (LargeObject object = manager.open(oid, LargeObjectManager.READWRITE)) {
                try (OutputStream out = object.getOutputStream()) {
                    out.write(content);
                }
            }
            connection.commit();
            try (LargeObject object = manager.open(oid, LargeObjectManager.READ)) {
                assertThat(object.size64()).isEqualTo(content.length);
                object.seek(100_000);
                assertThat(object.tell()).isEqualTo(100_000);
                object.seek(0);
                try (InputStream in = object.getInputStream()) {
                    assertThat(in.readAllBytes()).isEqualTo(content);
                }
            }
            manager.delete(oid);
            connection.commit();
        }
        assertThat(gateway.decisions.requests())
                .flatExtracting(request -> request.getResource().getFunctionsList())
                .contains("pg_catalog.lo_creat", "pg_catalog.lo_open", "pg_catalog.loread", "pg_catalog.lo_unlink");
    }

    @Test
    void whatThePolicyForbidsToReadIsNotRead() throws SQLException {
        gateway.decisions.policy(
                request -> request.getResource().getFunctionsList().contains("pg_catalog.loread")
                        ? TestingDecisions.deny("what a large object holds is not known")
                        : permit());
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            connection.setAutoCommit(false);
            LargeObjectManager manager = connection.unwrap(PGConnection.class).getLargeObjectAPI();
            long oid = manager.createLO();
            try (LargeObject object = manager.open(oid, LargeObjectManager.READWRITE)) {
                object.write("canary".getBytes(StandardCharsets.UTF_8));
                object.seek(0);
                assertThatThrownBy(() -> object.read(6))
                        .isInstanceOfSatisfying(
                                PSQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("42501"))
                        .hasMessageContaining("what a large object holds is not known");
            } catch (SQLException e) {
                // Closing it fails, too: the transaction has failed.
                assertThat(e.getSQLState()).isEqualTo("25P02");
            }
            connection.rollback();
        }
    }

    private static String psql(String... commands) throws IOException, InterruptedException {
        MetadataWorld.Run run = MetadataWorld.run(
                List.of("psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", Integer.toString(gateway.port())),
                Map.of(
                        "PGUSER",
                        "ada",
                        "PGPASSWORD",
                        TestingAuthenticator.HUMAN,
                        "PGDATABASE",
                        Gateway.DATABASE,
                        "PGSSLMODE",
                        "disable"),
                String.join("\n", commands),
                "postgresql-client");
        assertThat(run.status()).as(run.output()).isZero();
        return run.output().strip();
    }
}
