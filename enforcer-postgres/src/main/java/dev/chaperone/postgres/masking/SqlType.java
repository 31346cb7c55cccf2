package dev.chaperone.postgres.masking;

import java.util.Locale;
import java.util.Map;

/**
 * A type as SQL masks tell it apart.
 *
 * @param name its name within {@code pg_catalog}, without modifiers, as a cast may spell it
 * @param modifier what is in parentheses after it, with them
 * @param kind what masks can be made of its values
 * @param room most characters of a text
 */
record SqlType(String name, String modifier, Kind kind, int room) {

    private static final int NAME_ROOM = 63;

    /** Types that masks tell apart; the others have no valid outcome but null. */
    enum Kind {
        TEXT,
        JSON,
        XML,
        INTEGER,
        DECIMAL,
        DATE,
        TIMESTAMP,
        ZONED,
        UUID,
        ADDRESS,
        HARDWARE,
        INTERVAL,
        INTEGERS,
        DATES,
        TIMESTAMPS,
        ZONED_TIMES,
        OTHER
    }

    /** Types whose names casts spell otherwise than {@code format_type} does. */
    private static final Map<String, String> NAMES = Map.of(
            "character varying", "varchar",
            "character", "bpchar",
            "smallint", "int2",
            "integer", "int4",
            "bigint", "int8",
            "real", "float4",
            "double precision", "float8",
            "timestamp without time zone", "timestamp",
            "timestamp with time zone", "timestamptz");

    private static final Map<String, Kind> KINDS = Map.ofEntries(
            Map.entry("text", Kind.TEXT),
            Map.entry("varchar", Kind.TEXT),
            Map.entry("bpchar", Kind.TEXT),
            Map.entry("name", Kind.TEXT),
            Map.entry("\"char\"", Kind.TEXT),
            Map.entry("json", Kind.JSON),
            Map.entry("jsonb", Kind.JSON),
            Map.entry("xml", Kind.XML),
            Map.entry("int2", Kind.INTEGER),
            Map.entry("int4", Kind.INTEGER),
            Map.entry("int8", Kind.INTEGER),
            Map.entry("oid", Kind.INTEGER),
            Map.entry("numeric", Kind.DECIMAL),
            Map.entry("float4", Kind.DECIMAL),
            Map.entry("float8", Kind.DECIMAL),
            Map.entry("date", Kind.DATE),
            Map.entry("timestamp", Kind.TIMESTAMP),
            Map.entry("timestamptz", Kind.ZONED),
            Map.entry("uuid", Kind.UUID),
            Map.entry("inet", Kind.ADDRESS),
            Map.entry("cidr", Kind.ADDRESS),
            Map.entry("macaddr", Kind.HARDWARE),
            Map.entry("macaddr8", Kind.HARDWARE),
            Map.entry("interval", Kind.INTERVAL),
            Map.entry("int4range", Kind.INTEGERS),
            Map.entry("int8range", Kind.INTEGERS),
            Map.entry("int4multirange", Kind.INTEGERS),
            Map.entry("int8multirange", Kind.INTEGERS),
            Map.entry("daterange", Kind.DATES),
            Map.entry("datemultirange", Kind.DATES),
            Map.entry("tsrange", Kind.TIMESTAMPS),
            Map.entry("tsmultirange", Kind.TIMESTAMPS),
            Map.entry("tstzrange", Kind.ZONED_TIMES),
            Map.entry("tstzmultirange", Kind.ZONED_TIMES));

    /** The type that {@code format_type} spells like that; not an array. */
    static SqlType of(String spelled) {
        int open = spelled.indexOf('(');
        int close = spelled.indexOf(')', open + 1);
        String bare = open < 0 ? spelled : spelled.substring(0, open) + spelled.substring(close + 1);
        String modifier = open < 0 ? "" : spelled.substring(open, close + 1);
        String name = bare.startsWith("interval ") ? "interval" : NAMES.getOrDefault(bare, bare);
        Kind kind = KINDS.getOrDefault(name, Kind.OTHER);
        int room = switch (name) {
            case "\"char\"" -> 1;
            case "name" -> NAME_ROOM;
            case "varchar", "bpchar" ->
                modifier.isEmpty() ? Integer.MAX_VALUE : Integer.parseInt(modifier, 1, modifier.length() - 1, 10);
            default -> Integer.MAX_VALUE;
        };
        return new SqlType(name, kind == Kind.TEXT ? modifier : "", kind, room);
    }

    /** The expression as a value of the type. */
    String cast(String expression) {
        return "(" + expression + ")::pg_catalog." + name + modifier;
    }

    /** True for multiranges, which are masked as the one range that covers them. */
    boolean isMultirange() {
        return name.endsWith("multirange");
    }

    /** The function that makes a range of its bounds. */
    String rangeFunction() {
        return "pg_catalog." + name.replace("multirange", "range").toLowerCase(Locale.ROOT);
    }
}
