package dev.chaperone.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Secret;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigBinderTest {

    @TempDir
    Path directory;

    @Test
    void anEmptyFileTakesEveryDefault() {
        Sample sample = bind("");

        assertThat(sample.server())
                .isEqualTo(new Sample.Server(
                        "127.0.0.1",
                        8080,
                        10_000_000_000L,
                        true,
                        0.5,
                        Duration.ofSeconds(5),
                        ByteSize.parse("64MiB"),
                        Sample.Mode.VERIFY_FULL));
        assertThat(sample.tls()).isNull();
        assertThat(sample.upstreams()).isEmpty();
        assertThat(sample.names()).containsExactly("a", "b");
        assertThat(sample.labels()).containsExactly(Map.entry("x", "1"));
    }

    @Test
    void everyTypeIsReadFromTheFile() throws IOException {
        Files.writeString(directory.resolve("password"), "s3cret\n");

        Sample sample = bind("""
                server:
                  host: ::1
                  port: 0
                  most: 1_000
                  enabled: false
                  ratio: 1e-2
                  timeout: 250ms
                  max-size: 1GiB
                  mode: off
                tls:
                  certificate: certs/../server.pem
                  password: file:password
                upstreams:
                  Clinic_1:
                    uri: https://clinic.example/x?y#z
                    roots: [a.pem, /b.pem]
                    limit: 3
                  other: {uri: "urn:x"}
                names:
                  - 010
                  - no
                labels: {one: 1.0, two: "true"}
                """);

        assertThat(sample.server())
                .isEqualTo(new Sample.Server(
                        "::1", 0, 1000, false, 0.01, Duration.ofMillis(250), ByteSize.parse("1GiB"), Sample.Mode.OFF));
        assertThat(sample.tls()).isEqualTo(new Sample.Tls(directory.resolve("server.pem"), new Secret("s3cret")));
        assertThat(sample.upstreams()).containsOnlyKeys("Clinic_1", "other");
        assertThat(sample.upstreams().get("Clinic_1"))
                .isEqualTo(new Sample.Upstream(
                        URI.create("https://clinic.example/x?y#z"),
                        List.of(directory.resolve("a.pem"), Path.of("/b.pem")),
                        3));
        assertThat(sample.upstreams().get("other"))
                .isEqualTo(new Sample.Upstream(URI.create("urn:x"), List.of(), null));
        assertThat(sample.names()).containsExactly("010", "no");
        assertThat(sample.labels()).containsEntry("one", "1.0").containsEntry("two", "true");
    }

    @ParameterizedTest
    @CsvSource({"0,PT0S", "250ms,PT0.25S", "5s,PT5S", "2m,PT2M", "1h,PT1H", "30d,PT720H", "PT1M30S,PT1M30S"})
    void durationsAreWrittenShortOrInIso8601(String text, Duration expected) {
        assertThat(bind("server: {timeout: " + text + "}").server().timeout()).isEqualTo(expected);
    }

    @Test
    void theEnvironmentOverridesTheFileAndTheDefault() {
        Map<String, String> environment = Map.of(
                "CHAPERONE_SERVER_PORT", "9090",
                "CHAPERONE_SERVER_MAX_SIZE", "1KiB",
                "CHAPERONE_NAMES", "x, y,z",
                "CHAPERONE_UPSTREAMS_CLINIC_URI", "urn:over",
                "CHAPERONE_LABELS_KEY", "over",
                "UNRELATED", "1");

        Sample sample = bind(
                "server: {port: 1}\nnames: [q]\nupstreams: {clinic: {uri: 'urn:file'}}\nlabels: {key: file}",
                environment);

        assertThat(sample.server().port()).isEqualTo(9090);
        assertThat(sample.server().maxSize()).isEqualTo(new ByteSize(1024));
        assertThat(sample.names()).containsExactly("x", "y", "z");
        assertThat(sample.upstreams())
                .containsExactly(Map.entry("clinic", new Sample.Upstream(URI.create("urn:over"), List.of(), null)));
        assertThat(sample.labels()).containsEntry("key", "over");
    }

    @Test
    void anOptionalPartExistsOnceTheEnvironmentNamesAKeyOfIt() {
        Sample sample = bind(
                "",
                Map.of(
                        "CHAPERONE_TLS_CERTIFICATE",
                        "x.pem",
                        "CHAPERONE_TLS_PASSWORD",
                        "env:KEY_PASSWORD",
                        "KEY_PASSWORD",
                        "p"));

        assertThat(sample.tls()).isEqualTo(new Sample.Tls(directory.resolve("x.pem"), new Secret("p")));
    }

    @Test
    void anEnvironmentVariableThatOverridesNothingIsRefused() {
        assertThat(problems("", Map.of("CHAPERONE_SERVER_PROT", "1")))
                .containsExactly("$CHAPERONE_SERVER_PROT: overrides no key of this configuration;"
                        + " did you mean `CHAPERONE_SERVER_PORT`?");
        assertThat(problems("", Map.of("CHAPERONE_ENTIRELY_UNKNOWN", "1")))
                .containsExactly("$CHAPERONE_ENTIRELY_UNKNOWN: overrides no key of this configuration; unset it");
    }

    @Test
    void aSecretsOwnVariableMayCarryThePrefix() {
        Sample sample =
                bind("tls: {certificate: c, password: 'env:CHAPERONE_SAMPLE_PW'}", Map.of("CHAPERONE_SAMPLE_PW", "p"));

        assertThat(sample.tls()).extracting(Sample.Tls::password).isEqualTo(new Secret("p"));
    }

    @Test
    void anUnknownKeyNamesFileLineAndTheNearestKnownOne() {
        assertThat(problems("server:\n  hots: x\n"))
                .containsExactly("sample.yaml:2: `server.hots`: unknown key `hots`; did you mean `host`?");
        assertThat(problems("server:\n  max_size: 1\n"))
                .containsExactly("sample.yaml:2: `server.max_size`: unknown key `max_size`; did you mean `max-size`?");
        assertThat(problems("\n\nsomethingElse: 1\n"))
                .containsExactly("sample.yaml:3: `somethingElse`: unknown key `somethingElse`;"
                        + " known here: server, tls, upstreams, names, labels");
    }

    @Test
    void aMissingKeyIsNamedWithItsMeaning() {
        assertThat(problems("upstreams:\n  clinic:\n    limit: 1\n"))
                .containsExactly("sample.yaml:2: `upstreams.clinic.uri`: missing; it is where it is; add it");
        assertThat(problems("tls:\n  certificate:\n  password: env:P\n", Map.of("P", "p")))
                .containsExactly("sample.yaml:2: `tls.certificate`: missing; it is certificate; add it");
    }

    @Test
    void everyProblemIsReportedAtOnce() {
        assertThat(problems("server:\n  port: many\n  enabled: yes\n  timeout: soon\n  mode: none\nnames: x\n"))
                .containsExactly(
                        "sample.yaml:2: `server.port`: `many` is not a whole number",
                        "sample.yaml:3: `server.enabled`: `yes` is neither `true` nor `false`",
                        "sample.yaml:4: `server.timeout`: `soon` is not a duration;"
                                + " write a number and ms, s, m, h or d, such as `250ms` or `5s`",
                        "sample.yaml:5: `server.mode`: `none` is not one of `off`, `verify-full`",
                        "sample.yaml:6: `names`: expected a list; write each item on its own line after `- `, or `[a, b]`");
    }

    @Test
    void whatTheRecordRefusesIsAProblemAtItsKey() {
        assertThat(problems("names: [a]\nserver:\n  port: -1\n"))
                .containsExactly("sample.yaml:2: `server`: `port` is `-1`; expected 0 or more");
    }

    @Test
    void aSecretInTheClearIsRefusedAndNotRepeated() {
        assertThat(problems("tls: {certificate: c, password: hunter2}"))
                .singleElement()
                .asString()
                .contains("`tls.password`", "env:NAME", "file:PATH")
                .doesNotContain("hunter2");
    }

    @Test
    void aSecretReferenceThatLeadsNowhereSaysSo() {
        assertThat(problems("tls: {certificate: c, password: 'env:NOT_SET'}"))
                .singleElement()
                .asString()
                .contains("environment variable `NOT_SET` is not set");
        assertThat(problems("tls: {certificate: c, password: 'file:absent'}"))
                .singleElement()
                .asString()
                .contains("file `absent` cannot be read");
    }

    @Test
    void duplicateKeysAliasesAndSecondDocumentsAreRefused() {
        assertThat(problems("server: {port: 1}\nnames: [a]\nserver: {port: 2}\n"))
                .containsExactly("sample.yaml:3: duplicate key `server`, first set at sample.yaml:1; remove one");
        assertThat(problems("names: &n [a]\n"))
                .singleElement()
                .asString()
                .contains("anchors and aliases are not allowed");
        assertThat(problems("names: [a]\n---\nnames: [b]\n"))
                .singleElement()
                .asString()
                .contains("second document");
    }

    @Test
    void whatIsNotYamlIsReportedWithItsLine() {
        assertThat(problems("server:\n  port: [1\n"))
                .singleElement()
                .asString()
                .startsWith("sample.yaml:")
                .contains("not valid YAML");
    }

    @Test
    void nestingIsBounded() {
        assertThat(problems("names: " + "[".repeat(40) + "]".repeat(40)))
                .asString()
                .contains("nested deeper than 32 levels");
    }

    @Test
    void aShapeThatDoesNotFitIsNamed() {
        assertThat(problems("server: 5\n"))
                .containsExactly("sample.yaml:1: `server`: expected keys below it, found a value");
        assertThat(problems("server: {port: [1]}\n"))
                .containsExactly("sample.yaml:1: `server.port`: expected whole number, found something with parts");
    }

    @Test
    void aProcessLooksOnlyIntoItsOwnPart() {
        Sample sample = ConfigBinder.bind(
                Sample.class,
                "sample.yaml",
                "server: {port: 1}\ntls: {password: 'env:OF_ANOTHER', nonsense: 1}\nupstreams: {a: {}}\n",
                directory,
                Map.of("CHAPERONE_TLS_WHATEVER", "1"),
                Set.of("server"));

        assertThat(sample.server().port()).isEqualTo(1);
        assertThat(sample.tls()).isNull();
        assertThat(sample.upstreams()).isEmpty();
        assertThat(sample.names()).isEmpty();
    }

    @Test
    void aFileThatIsNotThereSaysWhatToDo() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ConfigBinder.bind(Sample.class, directory.resolve("absent.yaml"), Map.of()))
                .withMessageContaining("there is no such file")
                .withMessageContaining("examples/");
    }

    @Test
    void everyKeyIsDescribedByTheReference() {
        String page = ConfigReference.markdown(Sample.class);

        assertThat(page)
                .contains("## `server`", "| `server.port` | whole number | `8080` | port |")
                .contains("| `tls.password` | secret reference | **required** | password of the key |")
                .contains("| `upstreams.NAME.roots` | list of path | `[]` | roots |");
        assertThat(ConfigReference.entries(Sample.class))
                .filteredOn(entry -> entry.key().equals("upstreams.NAME.limit"))
                .singleElement()
                .satisfies(entry -> assertThat(entry.required()).isFalse());
    }

    private Sample bind(String text) {
        return bind(text, Map.of());
    }

    private Sample bind(String text, Map<String, String> environment) {
        return ConfigBinder.bind(Sample.class, "sample.yaml", text, directory, environment, Set.of());
    }

    private List<String> problems(String text) {
        return problems(text, Map.of());
    }

    private List<String> problems(String text, Map<String, String> environment) {
        ConfigException failure = catchThrowableOfType(ConfigException.class, () -> bind(text, environment));
        return failure.problems().stream().map(ConfigProblem::toString).toList();
    }
}
