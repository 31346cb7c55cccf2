package dev.chaperone.cli;

import dev.chaperone.rules.BuiltInPacks;
import dev.chaperone.rules.PolicySource;
import java.util.List;

/** Built-in policy packs by name. */
final class Packs {

    private Packs() {}

    /** The sources of the named packs; {@code none} alone stands for no pack. */
    static List<PolicySource> sources(List<String> names) {
        if (names.equals(List.of("none"))) {
            return List.of();
        }
        List<PolicySource> all = BuiltInPacks.sources();
        for (String name : names) {
            if (all.stream().noneMatch(source -> belongs(source, name))) {
                throw new CommandException("there is no built-in pack `" + name + "`; known: "
                        + String.join(
                                ", ", all.stream().map(Packs::name).distinct().toList()));
            }
        }
        return all.stream()
                .filter(source -> names.stream().anyMatch(name -> belongs(source, name)))
                .toList();
    }

    private static boolean belongs(PolicySource source, String pack) {
        return name(source).equals(pack);
    }

    /** A pack's files are {@code PACK.drl} or lie in a directory {@code PACK}. */
    private static String name(PolicySource source) {
        String path = source.path();
        int slash = path.indexOf('/');
        return slash >= 0 ? path.substring(0, slash) : path.replaceFirst("[.]drl$", "");
    }
}
