package dev.chaperone.cli;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.KafkaBackend;
import dev.chaperone.testkit.OidcBackend;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import dev.chaperone.testkit.TokenSpec;
import java.util.concurrent.CompletableFuture;

/** The real parts that Chaperone stands between: PostgreSQL with the demonstration's clinic, Kafka, an OIDC provider. */
final class TestingWorld implements AutoCloseable {

    static final String ROLE = "chaperone_clinic";
    static final String ROLE_PASSWORD = "the-upstream-password-nobody-prints";

    private final PostgresBackend postgres;
    private final KafkaBackend kafka;
    private final OidcBackend oidc;

    private TestingWorld(PostgresBackend postgres, KafkaBackend kafka, OidcBackend oidc) {
        this.postgres = postgres;
        this.kafka = kafka;
        this.oidc = oidc;
    }

    static TestingWorld start() {
        Logging.toTerminal(false);
        CompletableFuture<PostgresBackend> database = CompletableFuture.supplyAsync(TestingWorld::clinic);
        KafkaBackend kafka = Backends.kafka();
        return new TestingWorld(database.join(), kafka, Backends.oidc());
    }

    private static PostgresBackend clinic() {
        PostgresBackend postgres = Backends.postgres(PostgresOptions.temporary().withTls());
        postgres.createDatabase(DemoWorld.DATABASE);
        postgres.createRole(ROLE, ROLE_PASSWORD);
        postgres.executeIn(DemoWorld.DATABASE, DemoFiles.resource("clinic.sql"));
        return postgres;
    }

    PostgresBackend postgres() {
        return postgres;
    }

    KafkaBackend kafka() {
        return kafka;
    }

    OidcBackend oidc() {
        return oidc;
    }

    /** A token of the demonstration's agent. */
    String token() {
        return oidc.token(TokenSpec.of(DemoWorld.SUBJECT)
                .withAgent(DemoWorld.AGENT)
                .withGroups(DemoWorld.GROUPS.toArray(String[]::new)));
    }

    @Override
    public void close() {
        try (Closing closing = new Closing()) {
            closing.add(postgres);
            closing.add(oidc);
            closing.add(kafka);
        }
    }
}
