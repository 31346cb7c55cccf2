package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** psql's commands that describe: an agent sees what the database says of its schema, and nothing of what is in it. */
class PsqlMetadataIT {

    /** What psql fails at by itself: for being older than the server, or for the role's lack of rights. */
    private static final Set<String> FAILING = Set.of("\\l", "\\l+", "\\dO", "\\dO+ registry.*", "\\db+");

    private static MetadataWorld world;

    @BeforeAll
    static void start() {
        world = new MetadataWorld();
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
                "\\d+ pg_catalog.pg_stats",
                "\\dt+ registry.*",
                "\\dt+ *.*",
                "\\di+ registry.*",
                "\\dv+ registry.*",
                "\\dm+ registry.*",
                "\\ds+ registry.*",
                "\\dE+ registry.*",
                "\\df+ registry.*",
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
                "\\sf registry.twice",
                "\\sf+ registry.touch",
                "\\sv registry.adults",
                "\\sv+ registry.adults",
                "\\lo_list+");
        return Stream.concat(plain, patterns);
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
