package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** psql's commands that describe: an agent sees what the database says of its schema, and nothing of what is in it. */
class PsqlMetadataIT {

    /** What psql fails at by itself: for being older than the server, or for the role's lack of rights. */
    private static final Set<String> FAILING = Set.of("\\l", "\\l+", "\\dO", "\\dO+ registry.*", "\\db+");

    private static MetadataWorld world;

    @BeforeAll
    static void start() {
        world = new MetadataWorld();
        world.gateway.backend.executeIn(
                Gateway.DATABASE,
                "create schema vault",
                "create table vault.secretive (id int default 77, note text default '" + MetadataWorld.CANARY + "',"
                        + " check (note <> '" + MetadataWorld.CANARY + "-check')) partition by list (note)",
                "create table vault.first partition of vault.secretive for values in ('" + MetadataWorld.CANARY
                        + "-1')",
                "create index on vault.first (id) where note = '" + MetadataWorld.CANARY + "-2'",
                "create policy everybody on vault.secretive using (note = '" + MetadataWorld.CANARY + "-3')",
                "create view vault.glass as select * from vault.secretive where note < '" + MetadataWorld.CANARY
                        + "-4'",
                "grant usage on schema vault to gateway",
                "grant select on all tables in schema vault to gateway");
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    static Stream<String> commands() {
        Stream<String> plain = Stream.of(
                        "a A Ac+ Af+ Ao+ Ap+ b c C d dd D E F Fd Fp Ft f fa fn fp ft fw i l L m n o O p P Pi Pt s t T u v X x y "
                                .split(" "))
                .map(kind -> "\\d" + (kind.equals("d") ? "" : kind));
        Stream<String> patterns = Stream.of(
                "\\d registry.*",
                "\\d+ registry.*",
                "\\d registry.people",
                "\\d+ registry.people",
                "\\d+ registry.visits",
                "\\d+ registry.measures",
                "\\d+ registry.measures_2024",
                "\\d+ registry.staff",
                "\\d+ registry.adults",
                "\\d+ registry.counts",
                "\\d+ registry.remote",
                "\\d registry.numbers",
                "\\d registry.people_pkey",
                "\\d+ registry.visits_by_day",
                "\\d+ registry.address",
                "\\d pg_class",
                "\\dt+ registry.*",
                "\\dt+ *.*",
                "\\di+ registry.*",
                "\\dv+ registry.*",
                "\\dm+ registry.*",
                "\\ds+ registry.*",
                "\\dE+ registry.*",
                "\\df lower",
                "\\df+ pg_catalog.lower",
                "\\da registry.*",
                "\\dn+",
                "\\dn+ registry",
                "\\dp registry.*",
                "\\z registry.*",
                "\\dT+ registry.*",
                "\\dD+ registry.*",
                "\\do+ registry.*",
                "\\dO+ registry.*",
                "\\dX registry.*",
                "\\dP+ registry.*",
                "\\dC+",
                "\\dF+ registry.*",
                "\\dFd+",
                "\\dFp+",
                "\\dFt+",
                "\\dL+",
                "\\dx+",
                "\\dx+ plpgsql",
                "\\dy+",
                "\\dew+",
                "\\des+",
                "\\det+",
                "\\du+",
                "\\dg+",
                "\\db+",
                "\\ddp",
                "\\dconfig+ work_mem",
                "\\dRp+",
                "\\dd registry.*",
                "\\l",
                "\\l+",
                "\\sv registry.adults",
                "\\sv+ registry.adults",
                "\\lo_list+");
        return Stream.concat(plain, patterns);
    }

    @ParameterizedTest
    @CsvSource(
            value = {
                "\\df+ registry.*|BEGIN RETURN new; END",
                "\\sf registry.twice|n * 2",
                "\\sf+ registry.touch|RETURN new",
                "\\d+ pg_catalog.pg_stats|stakind1 = 1",
                "\\d+ vault.secretive|" + MetadataWorld.CANARY,
                "\\d+ vault.first|" + MetadataWorld.CANARY,
                "\\d+ vault.glass|" + MetadataWorld.CANARY,
                "\\dp vault.*|" + MetadataWorld.CANARY
            },
            delimiter = '|')
    void describesWithoutConstantsAndBodies(String command, String keptBack) throws Exception {
        assertThat(world.psqlDirect("-v", "ON_ERROR_STOP=1", "-c", command).output())
                .contains(keptBack);
        MetadataWorld.Run through = world.psql("-v", "ON_ERROR_STOP=1", "-c", command);
        assertThat(through.status()).as(through.output()).isZero();
        assertThat(through.output()).doesNotContain(keptBack).containsPattern("\\*\\*\\*|touch");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void describesAsTheDatabaseItself(String command) throws Exception {
        MetadataWorld.Run direct = world.psqlDirect("-v", "ON_ERROR_STOP=1", "-c", command);
        MetadataWorld.Run through = world.psql("-v", "ON_ERROR_STOP=1", "-c", command);

        if (!FAILING.contains(command)) {
            assertThat(direct.status()).as(direct.output()).isZero();
        }
        if (direct.status() == 0) {
            assertThat(through.output()).isEqualTo(direct.output());
        }
        assertThat(through.status()).as(through.output()).isEqualTo(direct.status());
        assertThat(through.output()).doesNotContain(MetadataWorld.CANARY);
    }
}
