package dev.chaperone.rules;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** The packs that come with Chaperone: {@code baseline} (what any gateway should refuse) and {@code hipaa}. */
public final class BuiltInPacks {
    private static final List<String> FILES = List.of(
            "baseline/analysis.drl",
            "baseline/destructive.drl",
            "baseline/reads.drl",
            "baseline/session.drl",
            "baseline/writes.drl",
            "hipaa/detection.drl",
            "hipaa/exports.drl",
            "hipaa/identifiers.drl",
            "hipaa/inference.drl",
            "hipaa/treatment.drl",
            "hipaa/writes.drl");

    private BuiltInPacks() {}

    /** The sources of all built-in packs, sorted by path. */
    public static List<PolicySource> sources() {
        return FILES.stream().map(BuiltInPacks::read).toList();
    }

    /** The packs' own policy tests, as YAML by name: for {@link PolicyTestSuite}, with both packs compiled together. */
    public static Map<String, String> tests() {
        return Map.of(
                "baseline",
                read("baseline/tests.yaml").text(),
                "hipaa",
                read("hipaa/tests.yaml").text());
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
