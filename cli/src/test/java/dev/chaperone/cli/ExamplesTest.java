package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.cli.config.ConfigBinder;
import dev.chaperone.pdp.PhiCatalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every configuration in examples/ is one that Chaperone takes. */
class ExamplesTest {

    private static final Path EXAMPLES = Path.of("..", "examples");
    private static final Map<String, String> SECRETS = Map.of(
            "CLINIC_DB_PASSWORD",
            "secret",
            "RESEARCH_DB_PASSWORD",
            "secret",
            "PSEUDONYM_KEY",
            "0123456789abcdef0123456789abcdef");

    @ParameterizedTest
    @ValueSource(strings = {"all-in-one.yaml", "pdp.yaml", "postgres.yaml", "sink.yaml"})
    void aConfigurationBinds(String file) {
        ChaperoneConfig config = ConfigBinder.bind(ChaperoneConfig.class, EXAMPLES.resolve(file), SECRETS);

        assertThat(config.pdp() != null
                        || config.sink() != null
                        || !config.postgres().isEmpty())
                .isTrue();
    }

    @Test
    void theAllInOneExampleNamesEveryPart() {
        ChaperoneConfig config = ConfigBinder.bind(ChaperoneConfig.class, EXAMPLES.resolve("all-in-one.yaml"), SECRETS);

        assertThat(config.pdp()).isNotNull();
        assertThat(config.sink()).isNotNull();
        assertThat(config.postgres()).containsOnlyKeys("clinic");
    }

    @Test
    void anEnforcersProcessNeedsNoSecretOfAnotherPart() {
        ChaperoneConfig config = ConfigBinder.bind(
                ChaperoneConfig.class, EXAMPLES.resolve("all-in-one.yaml"), Map.of(), Set.of("pdp", "management"));

        assertThat(config.pdp()).isNotNull();
        assertThat(config.sink()).isNull();
        assertThat(config.postgres()).isEmpty();
    }

    @Test
    void theCatalogIsUnderstood() {
        Assertions.assertThatNoException().isThrownBy(() -> PhiCatalog.read(EXAMPLES.resolve("catalog.yaml")));
    }

    @Test
    void noExampleIsLeftOut() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            assertThat(files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".yaml"))
                            .collect(Collectors.toSet()))
                    .containsExactlyInAnyOrder(
                            "all-in-one.yaml", "pdp.yaml", "postgres.yaml", "sink.yaml", "catalog.yaml");
        }
    }
}
