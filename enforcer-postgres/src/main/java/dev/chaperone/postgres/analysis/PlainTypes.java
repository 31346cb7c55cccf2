package dev.chaperone.postgres.analysis;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Types that are written like one that every server has: domains, arrays of domains, citext. Their values can be masked as those
 * of that type are.
 */
final class PlainTypes {

    private static final int DEEPEST = 32;
    private static final int TEXT = 25;

    /**
     * A type as the catalog has it.
     *
     * @param kind {@code typtype}
     * @param base of a domain, the type that it is made of
     * @param modifier of a domain, the modifier of that
     * @param element of a true array, the type of its elements; else 0
     * @param array the type of arrays of it; 0 for none
     * @param citext true for the type of that name that the extension of that name has made
     */
    record Row(char kind, int base, int modifier, int element, int array, boolean citext) {}

    private final Map<Integer, Row> types;

    private PlainTypes(Map<Integer, Row> types) {
        this.types = types;
    }

    /** The types that are written like another one, each with that. */
    static Map<Integer, PlainType> of(Map<Integer, Row> types) {
        PlainTypes all = new PlainTypes(types);
        Map<Integer, PlainType> plain = new HashMap<>();
        for (int oid : types.keySet()) {
            PlainType like = builtIn(oid) ? null : all.like(oid, 0);
            if (like != null && builtIn(like.oid())) {
                plain.put(oid, like);
            }
        }
        return plain;
    }

    private static boolean builtIn(int oid) {
        return Integer.compareUnsigned(oid, CatalogQueries.FIRST_NORMAL_OBJECT_ID) < 0;
    }

    private @Nullable PlainType like(int oid, int depth) {
        Row type = types.get(oid);
        if (type == null || depth > DEEPEST) {
            return null;
        }
        if (builtIn(oid)) {
            return new PlainType(oid, -1);
        }
        if (type.citext) {
            return new PlainType(TEXT, -1);
        }
        if (type.kind == 'd') {
            PlainType base = like(type.base, depth + 1);
            return base == null || type.modifier < 0 ? base : new PlainType(base.oid(), type.modifier);
        }
        PlainType element = type.element == 0 ? null : like(type.element, depth + 1);
        Row plain = element == null ? null : types.get(element.oid());
        return element == null || plain == null || plain.array == 0
                ? null
                : new PlainType(plain.array, element.modifier());
    }
}
