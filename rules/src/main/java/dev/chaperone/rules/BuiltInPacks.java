package dev.chaperone.rules;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The packs that come with Chaperone: {@code baseline} (what any gateway should refuse) and {@code hipaa}. */
public final class BuiltInPacks {
    private static final List<String> FILES = List.of();

    private BuiltInPacks() {}

    /** The sources of all built-in packs, sorted by path. */
    public static List<PolicySource> sources() {
        return FILES.stream().map(BuiltInPacks::read).toList();
    }

    private static PolicySource read(String path) {
        try (InputStream in = BuiltInPacks.class.getResourceAsStream("packs/" + path)) {
            if (in == null) {
                throw new IOException("`" + path + "` is missing from the distribution");
            }
            return new PolicySource(path, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read a built-in pack: " + e.getMessage(), e);
        }
    }
}
