package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every function that a new database has, and whether it may be called: as reviewed, major version by major version. The file of
 * a version is what {@code target} holds after a run that failed; look at each line that differs before you copy it.
 */
class FunctionListIT {

    @ParameterizedTest
    @MethodSource("dev.chaperone.testkit.PostgresMajors#tested")
    void whatMayBeCalledIsAsReviewed(int major) throws IOException, SQLException {
        try (TreeServer server = new TreeServer(major)) {
            Map<String, Boolean> functions =
                    new TreeMap<>(server.catalog().functions().signatures());
            // Those of the fixture, and those that no statement can call.
            functions.keySet().removeIf(signature -> signature.startsWith("clinic."));
            functions
                    .entrySet()
                    .removeIf(function ->
                            !function.getValue() && function.getKey().contains("internal"));
            String actual = functions.entrySet().stream()
                    .map(function -> (function.getValue() ? "+ " : "- ") + function.getKey() + '\n')
                    .collect(Collectors.joining());
            Files.writeString(Path.of("target", "functions-" + major + ".txt"), actual);
            assertThat(List.of(actual.split("\n")))
                    .as("functions of PostgreSQL " + major)
                    .containsExactlyElementsOf(reviewed(major));
        }
    }

    private static List<String> reviewed(int major) throws IOException {
        try (@Nullable InputStream file = FunctionListIT.class.getResourceAsStream("/functions/" + major + ".txt")) {
            return file == null
                    ? List.of()
                    : List.of(new String(file.readAllBytes(), StandardCharsets.UTF_8).split("\n"));
        }
    }
}
