package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.proto.ByteSize;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordingKeysTest {

    @TempDir
    Path directory;

    private RecordingKeys.KeyFiles files;

    @BeforeEach
    void generate() {
        files = RecordingKeys.generate(directory.resolve("keys"));
    }

    @Test
    void filesAreTheOwnersAloneAndNeverOverwritten() throws Exception {
        for (Path file : List.of(
                files.auditorPrivateKey(),
                files.auditorPublicKey(),
                files.signingKey(),
                files.signingPublicKey(),
                files.spoolKey())) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
        assertThatThrownBy(() -> RecordingKeys.generate(directory.resolve("keys")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("never overwritten");
    }

    @Test
    void aGeneratedSetLoadsAndItsKeyIdsAgree() throws Exception {
        RecordingKeys keys = load(files.auditorPublicKey(), files.signingKey(), files.spoolKey());
        assertThat(Files.readString(files.signingPublicKey()))
                .matches("chaperone-ed25519 [0-9a-f]{16} [A-Za-z0-9+/]{43}=\n")
                .contains(keys.signer().keyId());
        assertThat(keys.auditorKeyId()).matches("\\d+");
    }

    @Test
    void theAuditorsPrivateKeyIsRefused() {
        assertThatThrownBy(() -> load(files.auditorPrivateKey(), files.signingKey(), files.spoolKey()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(files.auditorPrivateKey().toString())
                .hasMessageContaining("never the auditor's private one");
    }

    @Test
    void filesThatHoldSomethingElseAreNamed() {
        assertThatThrownBy(() -> load(files.spoolKey(), files.signingKey(), files.spoolKey()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(files.spoolKey().toString());
        assertThatThrownBy(() -> load(files.auditorPublicKey(), files.signingPublicKey(), files.spoolKey()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(files.signingPublicKey().toString());
        assertThatThrownBy(() -> load(files.auditorPublicKey(), files.signingKey(), files.signingKey()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(files.signingKey().toString());
        assertThatThrownBy(() -> load(files.auditorPublicKey(), directory.resolve("none"), files.spoolKey()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none");
    }

    @Test
    void aSigningKeyWhoseIdWasChangedIsRefused() throws Exception {
        String line = Files.readString(files.signingKey());
        String[] words = line.split(" ", -1);
        Files.writeString(files.signingKey(), line.replace(words[1], "0000000000000000"));
        assertThatThrownBy(() -> load(files.auditorPublicKey(), files.signingKey(), files.spoolKey()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining(words[2].strip());
    }

    private RecordingKeys load(Path auditor, Path signing, Path spool) {
        return RecordingKeys.load(new RecordingConfig(
                directory,
                ByteSize.parse("64MiB"),
                ByteSize.parse("1GiB"),
                ByteSize.parse("64MiB"),
                RecordingConfig.Durability.SPOOL,
                Duration.ofSeconds(10),
                auditor,
                signing,
                spool,
                TestingRecording.KAFKA));
    }
}
