package dev.chaperone.pdp;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tables of one schema, by exact name and by pattern. */
final class CatalogSchema {

    private final Map<String, CatalogTable> exact = new HashMap<>();
    private final List<Pattern> patterns = new ArrayList<>();

    CatalogSchema(Map<String, CatalogTable> tables) {
        tables.forEach((name, table) -> {
            if (name.indexOf('*') < 0) {
                exact.put(name, table);
            } else {
                patterns.add(new Pattern(List.of(name.split("\\*+", -1)), table));
            }
        });
        patterns.sort(Comparator.comparingInt(Pattern::literals).reversed());
    }

    /** The table of a name: the exact one, otherwise that of the most literal pattern. */
    @Nullable
    CatalogTable table(String name) {
        CatalogTable found = exact.get(name);
        if (found != null) {
            return found;
        }
        for (Pattern pattern : patterns) {
            if (pattern.matches(name)) {
                return pattern.table;
            }
        }
        return null;
    }

    /**
     * A name with wildcards.
     *
     * @param parts the literal parts between the wildcards; at least two, empty where a wildcard is at an end
     */
    private record Pattern(List<String> parts, CatalogTable table) {

        int literals() {
            return parts.stream().mapToInt(String::length).sum();
        }

        /** Each inner part where it is found first: with wildcards of any length that finds a match if there is one. */
        boolean matches(String name) {
            String first = parts.get(0);
            String last = parts.get(parts.size() - 1);
            int end = name.length() - last.length();
            if (end < first.length() || !name.startsWith(first) || !name.endsWith(last)) {
                return false;
            }
            int from = first.length();
            for (String part : parts.subList(1, parts.size() - 1)) {
                int at = name.indexOf(part, from);
                if (at < 0 || at + part.length() > end) {
                    return false;
                }
                from = at + part.length();
            }
            return true;
        }
    }
}
