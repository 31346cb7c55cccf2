package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.HybridEncrypt;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.aead.AeadConfig;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import com.google.crypto.tink.hybrid.HpkeParameters;
import com.google.crypto.tink.hybrid.HybridConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.Set;

/**
 * The keys that an enforcer records with: it signs chain heads with its own key, encrypts originals to the auditor's public
 * key and its spool with the spool key. None of them opens what was recorded for the auditor.
 *
 * <p>The auditor's keys and the spool key are Tink keysets in JSON; the auditor's key is HPKE (RFC 9180) with X25519,
 * HKDF-SHA256 and AES-256-GCM. Signing keys are text files of one line: the private one reads {@code
 * chaperone-ed25519-private KEYID SEED}, the public one, which verifiers read, {@code chaperone-ed25519 KEYID KEY}. KEYID is
 * {@link dev.chaperone.proto.AuditChain#keyId}; SEED and KEY are the 32 raw bytes of RFC 8032 in Base64.
 */
public final class RecordingKeys {

    static {
        try {
            AeadConfig.register();
            HybridConfig.register();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("tink cannot register its own key types", e);
        }
    }

    private final HybridEncrypt auditor;
    private final String auditorKeyId;
    private final HeadSigner signer;
    private final Aead spool;

    private RecordingKeys(HybridEncrypt auditor, String auditorKeyId, HeadSigner signer, Aead spool) {
        this.auditor = auditor;
        this.auditorKeyId = auditorKeyId;
        this.signer = signer;
        this.spool = spool;
    }

    /**
     * Reads the three keys that a configuration names.
     *
     * @throws IllegalArgumentException naming the file that does not hold what it should
     */
    static RecordingKeys load(RecordingConfig config) {
        KeysetHandle auditor = auditorKeyset(config.auditorPublicKey());
        try {
            return new RecordingKeys(
                    auditor.getPrimitive(RegistryConfiguration.get(), HybridEncrypt.class),
                    Integer.toUnsignedString(auditor.getPrimary().getId()),
                    HeadSigner.parse(config.signingKey(), text(config.signingKey())),
                    spoolAead(config.spoolKey()));
        } catch (GeneralSecurityException e) {
            throw unusable(config.auditorPublicKey(), "a public Tink keyset for hybrid encryption", e);
        }
    }

    /** Encrypts to the auditor. */
    HybridEncrypt auditor() {
        return auditor;
    }

    /** The Tink id of the auditor's key, as an unsigned decimal number. */
    String auditorKeyId() {
        return auditorKeyId;
    }

    /** Signs chain heads. */
    HeadSigner signer() {
        return signer;
    }

    /** Encrypts the keys of spool segments. */
    Aead spool() {
        return spool;
    }

    /**
     * Draws a complete set of keys for a demonstration or a first installation. Files can be read by their owner only. Move
     * the auditor's private key to where auditors work: no enforcer needs it.
     *
     * @param directory created when it is missing
     * @throws UncheckedIOException when a file exists already or cannot be written
     */
    public static KeyFiles generate(Path directory) {
        KeyFiles files = new KeyFiles(
                directory.resolve("auditor.private.json"),
                directory.resolve("auditor.public.json"),
                directory.resolve("signing.key"),
                directory.resolve("signing.pub"),
                directory.resolve("spool-key.json"));
        try {
            Files.createDirectories(directory);
            KeysetHandle auditor = KeysetHandle.generateNew(auditorParameters());
            KeysetHandle spool = KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM);
            HeadSigner signer = HeadSigner.generate();
            write(
                    files.auditorPrivateKey(),
                    TinkJsonProtoKeysetFormat.serializeKeyset(auditor, InsecureSecretKeyAccess.get()));
            write(
                    files.auditorPublicKey(),
                    TinkJsonProtoKeysetFormat.serializeKeysetWithoutSecret(auditor.getPublicKeysetHandle()));
            write(files.signingKey(), signer.privateLine());
            write(files.signingPublicKey(), signer.publicLine());
            write(files.spoolKey(), TinkJsonProtoKeysetFormat.serializeKeyset(spool, InsecureSecretKeyAccess.get()));
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot write keys to `" + directory + "`; existing files are never overwritten", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("cannot generate keys", e);
        }
    }

    /**
     * Where a generated set lies.
     *
     * @param auditorPrivateKey opens originals; belongs to the auditor alone
     * @param auditorPublicKey for {@link RecordingConfig#auditorPublicKey}
     * @param signingKey for {@link RecordingConfig#signingKey}
     * @param signingPublicKey for whoever verifies
     * @param spoolKey for {@link RecordingConfig#spoolKey}
     */
    public record KeyFiles(
            Path auditorPrivateKey, Path auditorPublicKey, Path signingKey, Path signingPublicKey, Path spoolKey) {}

    private static HpkeParameters auditorParameters() throws GeneralSecurityException {
        return HpkeParameters.builder()
                .setKemId(HpkeParameters.KemId.DHKEM_X25519_HKDF_SHA256)
                .setKdfId(HpkeParameters.KdfId.HKDF_SHA256)
                .setAeadId(HpkeParameters.AeadId.AES_256_GCM)
                .setVariant(HpkeParameters.Variant.TINK)
                .build();
    }

    private static KeysetHandle auditorKeyset(Path file) {
        try {
            // Refuses a keyset with secrets in it: an enforcer that could decrypt would defeat the separation.
            return TinkJsonProtoKeysetFormat.parseKeysetWithoutSecret(text(file));
        } catch (GeneralSecurityException e) {
            throw unusable(file, "a public Tink keyset in JSON (never the auditor's private one)", e);
        }
    }

    private static Aead spoolAead(Path file) {
        try {
            return TinkJsonProtoKeysetFormat.parseKeyset(text(file), InsecureSecretKeyAccess.get())
                    .getPrimitive(RegistryConfiguration.get(), Aead.class);
        } catch (GeneralSecurityException e) {
            throw unusable(file, "a Tink AEAD keyset in JSON", e);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw unusable(file, "a key file that can be read", e);
        }
    }

    private static IllegalArgumentException unusable(Path file, String expected, Exception cause) {
        return new IllegalArgumentException(
                "`" + file + "` is not " + expected + "; check the path, or generate keys", cause);
    }

    private static void write(Path file, String text) throws IOException {
        Set<PosixFilePermission> owner = PosixFilePermissions.fromString("rw-------");
        FileAttribute<?>[] attributes =
                file.getFileSystem().supportedFileAttributeViews().contains("posix")
                        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(owner)}
                        : new FileAttribute<?>[0];
        try (var channel = Files.newByteChannel(
                file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes)) {
            channel.write(StandardCharsets.UTF_8.encode(text.endsWith("\n") ? text : text + "\n"));
        }
    }
}
