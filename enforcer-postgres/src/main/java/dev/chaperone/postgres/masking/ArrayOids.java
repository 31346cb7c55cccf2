package dev.chaperone.postgres.masking;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The array types of pg_type.dat whose elements are modelled here, and the types of their elements. */
final class ArrayOids {

    /** The type of an array's elements. */
    record Element(int oid) {}

    /** Array type and element type in turn. */
    private static final int[] PAIRS = {
        1000, 16, 1001, 17, 1002, 18, 1003, 19, 1005, 21, 1007, 23, 1016, 20, 1028, 26, 1009, 25, 1014, 1042, 1015,
        1043, 143, 142, 199, 114, 3807, 3802, 1021, 700, 1022, 701, 1182, 1082, 1115, 1114, 1185, 1184, 1231, 1700,
        2951, 2950, 651, 650, 1041, 869, 1040, 829, 775, 774, 1187, 1186, 3905, 3904, 3927, 3926, 3909, 3908, 3911,
        3910, 3913, 3912, 6150, 4451, 6157, 4536, 6152, 4533, 6153, 4534, 6155, 4535
    };

    private static final Map<Integer, Element> ELEMENTS = new HashMap<>();

    static {
        for (int i = 0; i < PAIRS.length; i += 2) {
            ELEMENTS.put(PAIRS[i], new Element(PAIRS[i + 1]));
        }
    }

    private ArrayOids() {}

    /** The type of an array's elements; null for what is not an array known here. */
    static @Nullable Element elementOf(int oid) {
        return ELEMENTS.get(oid);
    }
}
