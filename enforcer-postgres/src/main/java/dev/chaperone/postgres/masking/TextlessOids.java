package dev.chaperone.postgres.masking;

import java.util.HashSet;
import java.util.Set;

/** Built-in types (pg_type.dat) that have no values in which somebody could have written a text, and arrays of them. */
final class TextlessOids {

    private static final int[] OIDS = {
        // "char", bool, numbers, money, identifiers of the system's own, and names of its objects
        18,
        1002,
        16,
        1000,
        20,
        1016,
        21,
        1005,
        23,
        1007,
        700,
        1021,
        701,
        1022,
        1700,
        1231,
        790,
        791,
        26,
        1028,
        27,
        1010,
        28,
        1011,
        29,
        1012,
        5069,
        271,
        3220,
        3221,
        22,
        1006,
        30,
        1013,
        24,
        1008,
        2202,
        2207,
        2203,
        2208,
        2204,
        2209,
        2205,
        2210,
        2206,
        2211,
        3734,
        3735,
        3769,
        3770,
        4089,
        4090,
        4096,
        4097,
        4191,
        4192,
        2278,
        // dates and times, and ranges of those and of numbers
        1082,
        1182,
        1083,
        1183,
        1114,
        1115,
        1184,
        1185,
        1186,
        1187,
        1266,
        1270,
        3904,
        3905,
        3906,
        3907,
        3908,
        3909,
        3910,
        3911,
        3912,
        3913,
        3926,
        3927,
        4451,
        6150,
        4532,
        6151,
        4533,
        6152,
        4534,
        6153,
        4535,
        6155,
        4536,
        6157,
        // uuid, addresses of networks, bits, geometry
        2950,
        2951,
        650,
        651,
        869,
        1041,
        829,
        1040,
        774,
        775,
        1560,
        1561,
        1562,
        1563,
        600,
        1017,
        601,
        1018,
        602,
        1019,
        603,
        1020,
        604,
        1027,
        628,
        629,
        718,
        719
    };

    private static final Set<Integer> ALL = new HashSet<>();

    static {
        for (int oid : OIDS) {
            ALL.add(oid);
        }
    }

    private TextlessOids() {}

    static boolean contains(int oid) {
        return ALL.contains(oid);
    }
}
