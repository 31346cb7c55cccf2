package dev.chaperone.pdp;

import com.google.protobuf.Timestamp;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Use;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Policies, catalogs and requests that tests share, in a directory of their own. */
final class TestingPolicies {

    static final String READS = """
            package test

            rule "reads are permitted"
            when
              Request( actionClass == "read" )
            then
              verdict.permit("reads are permitted");
            end

            rule "identifiers are masked"
            when
              $field : Field( identifier == true, output == true )
            then
              verdict.mask($field, "redact");
            end

            rule "schema changes are denied"
            when
              Request( actionClass == "schema" )
            then
              verdict.deny("schema changes are denied");
            end
            """;

    static final String NOTHING = """
            package test

            rule "nothing is permitted any more"
            when
              Request( )
            then
              verdict.deny("nothing is permitted any more");
            end
            """;

    static final String BROKEN = """
            package test

            rule "broken"
            when
              Request( colour == "red" )
            then
              System.exit(1);
            end
            """;

    static final String CATALOG =
            "databases: { clinic: { schemas: { public: { patients: { columns: { ssn: G, city: NONE } } } } } }\n";

    private final Path directory;

    TestingPolicies(Path root) {
        this.directory = root.resolve("policies");
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        policy(READS);
        catalog(CATALOG);
    }

    /** Replaces the one policy at once, as a rename does. */
    void policy(String text) {
        write(directory.resolve("test.drl"), text);
    }

    void catalog(String text) {
        write(catalogFile(), text);
    }

    void remove() {
        try {
            Files.delete(directory.resolve("test.drl"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path catalogFile() {
        return directory.resolveSibling("catalog.yaml");
    }

    private void write(Path file, String text) {
        try {
            Path written = Files.writeString(directory.resolveSibling("written"), text);
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    PdpConfig config() {
        return config(new PdpConfig.Listen("127.0.0.1", 0, null, true, null));
    }

    PdpConfig config(PdpConfig.Listen listen) {
        return config(listen, List.of(), catalogFile());
    }

    PdpConfig config(PdpConfig.Listen listen, List<String> packs, @Nullable Path catalog) {
        return new PdpConfig(
                listen,
                packs,
                directory,
                catalog,
                Duration.ofMillis(20),
                Duration.ofSeconds(10),
                PdpConfig.Limits.DEFAULTS);
    }

    /** Reads columns of the patients table. */
    static DecideRequest select(String... columns) {
        Relation.Builder patients =
                Relation.newBuilder().setDatabase("clinic").setSchema("public").setName("patients");
        for (String column : columns) {
            patients.addColumns(Column.newBuilder().setName(column).addUses(Use.USE_OUTPUT));
        }
        return request("select", ActionClass.ACTION_CLASS_READ, patients);
    }

    static DecideRequest drop() {
        return request(
                "drop table",
                ActionClass.ACTION_CLASS_SCHEMA,
                Relation.newBuilder()
                        .setDatabase("clinic")
                        .setSchema("public")
                        .setName("patients")
                        .setWritten(true));
    }

    private static DecideRequest request(String operation, ActionClass actionClass, Relation.Builder relation) {
        return DecideRequest.newBuilder()
                .setRequestId("request-1")
                .setPrincipal(Principal.newBuilder()
                        .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                        .setSubject("alice")
                        .setAgent("assistant")
                        .setExpiresAt(timestamp(Instant.now().plusSeconds(3_600))))
                .setAction(Action.newBuilder()
                        .setProtocol("postgres")
                        .setOperation(operation)
                        .setClass_(actionClass)
                        .setAnalysis(Analysis.ANALYSIS_COMPLETE))
                .setResource(Resource.newBuilder().setUpstream("clinic").addRelations(relation))
                .setContext(Context.newBuilder().setTime(timestamp(Instant.now())))
                .build();
    }

    private static Timestamp timestamp(Instant instant) {
        return Timestamp.newBuilder().setSeconds(instant.getEpochSecond()).build();
    }

    /** Waits until a condition holds, at most half a minute. */
    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never happened: " + what);
            }
            LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
        }
    }
}
