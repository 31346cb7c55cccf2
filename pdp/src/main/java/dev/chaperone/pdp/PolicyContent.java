package dev.chaperone.pdp;

import com.google.protobuf.ByteString;
import dev.chaperone.rules.BuiltInPacks;
import dev.chaperone.rules.PolicySource;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Everything that decides, as text: what is compiled, and the catalog it is applied to.
 *
 * @param sources policies, sorted by path
 * @param catalogName what problems call the catalog; empty without one
 * @param catalog the catalog's text, or null without one
 */
record PolicyContent(
        List<PolicySource> sources,
        String catalogName,
        @Nullable String catalog) {

    private static final byte[] DIGEST_PREFIX = "chaperone-policy-v1\n".getBytes(StandardCharsets.US_ASCII);

    PolicyContent {
        sources = sources.stream()
                .sorted(Comparator.comparing(PolicySource::path))
                .toList();
    }

    /**
     * Reads what is configured.
     *
     * @throws PolicyLoadException when something cannot be read, is not there, or nothing is
     */
    static PolicyContent read(PdpConfig config) {
        List<PolicySource> sources = new ArrayList<>(packs(config.packs()));
        if (config.policies() != null) {
            sources.addAll(directory(config.policies()));
        }
        Set<String> paths = new HashSet<>();
        for (PolicySource source : sources) {
            if (!paths.add(source.path())) {
                throw problem(
                        "policy `" + source.path() + "` is in the directory and in a built-in pack; rename yours");
            }
        }
        if (config.catalog() == null) {
            return new PolicyContent(sources, "", null);
        }
        return new PolicyContent(sources, config.catalog().toString(), PhiCatalog.text(config.catalog()));
    }

    private static List<PolicySource> directory(Path directory) {
        try {
            List<PolicySource> found = PolicySource.readDirectory(directory);
            if (found.isEmpty()) {
                // A directory that is emptied by mistake must not silently become "built-in packs alone".
                throw problem("policy directory `" + directory
                        + "` holds no `.drl` file; add one, or leave `policies` out to use built-in packs alone");
            }
            return found;
        } catch (UncheckedIOException e) {
            throw problem(String.valueOf(e.getMessage()));
        }
    }

    private static List<PolicySource> packs(List<String> names) {
        List<PolicySource> available = BuiltInPacks.sources();
        Set<String> known = new TreeSet<>();
        available.forEach(source -> known.add(pack(source)));
        for (String name : names) {
            if (!known.contains(name)) {
                throw problem("built-in policy pack `" + name + "` does not exist; " + Nearest.hint(name, known));
            }
        }
        return available.stream().filter(source -> names.contains(pack(source))).toList();
    }

    /** A pack's sources are named {@code pack.drl} or {@code pack/anything.drl}. */
    private static String pack(PolicySource source) {
        String path = source.path();
        int slash = path.indexOf('/');
        return slash >= 0 ? path.substring(0, slash) : path.substring(0, path.length() - ".drl".length());
    }

    /**
     * What decisions name as their policy: SHA-256 over a prefix, the number of sources, each source's path and text in
     * the order of paths, and the catalog's text, each text preceded by its length in bytes (big-endian, 4 bytes); the
     * length is -1 where there is no catalog.
     */
    ByteString digest() {
        MessageDigest sha256 = sha256();
        sha256.update(DIGEST_PREFIX);
        sha256.update(number(sources.size()));
        for (PolicySource source : sources) {
            add(sha256, source.path());
            add(sha256, source.text());
        }
        if (catalog == null) {
            sha256.update(number(-1));
        } else {
            add(sha256, catalog);
        }
        return ByteString.copyFrom(sha256.digest());
    }

    PhiCatalog parseCatalog() {
        return catalog == null ? PhiCatalog.EMPTY : PhiCatalog.parse(catalogName, catalog);
    }

    private static void add(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(number(bytes.length));
        digest.update(bytes);
    }

    private static ByteBuffer number(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).flip();
    }

    private static PolicyLoadException problem(String text) {
        return new PolicyLoadException(List.of(text));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
