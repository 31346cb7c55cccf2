package dev.chaperone.postgres.masking;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values of every common type, as {@code format_type} spells them, that masks do well to get right. */
final class MaskedTypes {

    static final Map<String, List<String>> VALUES = new LinkedHashMap<>();

    private static final List<String> TEXTS = List.of(
            "",
            " ",
            "Ada",
            "O'Brien",
            "Zo\u00eb M\u00fcller",
            "123-45-6789",
            "1234567",
            "4111 1111 1111 1111",
            "!!!!!!!!1234",
            "12345\u20136789!?",
            "03601",
            "20301-1234",
            "203011234",
            " 94110 ",
            "9411",
            "2024-02-03",
            "2024-02-30",
            "1901-12-31",
            "2024-13-01",
            "2024-02-03 10:00:00",
            "2024-02-03T10:00:00Z",
            "89",
            "90",
            "101",
            "8x",
            "a@b.example",
            "\\ \"quoted\", {braces}",
            "(206) 555-0122");
    private static final List<String> SHORT =
            TEXTS.stream().filter(text -> text.length() <= 14).toList();
    private static final List<String> WHOLE =
            List.of("0", "36", "89", "90", "203", "3601", "20301", "99999", "100000", "-5");
    private static final List<String> NUMBERS = List.of("0", "88.25", "89.5", "90", "-0.5", "123456.75", "NaN");
    private static final List<String> TIMES =
            List.of("2024-01-01 00:30:00", "1899-12-31 23:59:59.999999", "infinity", "-infinity", "2024-12-31 23:59");
    private static final List<String> AGES =
            List.of("[18,26)", "[85,200)", "(,50)", "[60,)", "(,)", "[-5,20)", "empty");

    static {
        put(TEXTS, "text", "character varying", "name");
        put(SHORT, "character varying(14)", "character(14)");
        put(List.of("x", "7", " "), "\"char\"");
        put(List.of("0", "7", "-4", "89", "90", "32767", "-32768"), "smallint");
        put(WHOLE, "integer", "bigint");
        put(List.of("0", "90", "20301", "4294967295"), "oid");
        put(NUMBERS, "numeric", "numeric(12,2)", "real", "double precision");
        put(List.of("2024-02-29", "1900-01-01", "0001-01-01", "9999-12-31", "infinity", "0044-03-15 BC"), "date");
        put(TIMES, "timestamp without time zone", "timestamp(3) without time zone", "timestamp with time zone");
        put(List.of("00000000-0000-0000-0000-000000000000", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), "uuid");
        put(
                List.of("10.1.2.3", "10.1.2.3/8", "0.0.0.0/0", "2001:db8::7", "::1.2.3.4", "::ffff:10.0.0.1/120", "::"),
                "inet");
        put(List.of("10.1.2.3", "10.1.0.0/16", "2001:db8::/32"), "cidr");
        put(List.of("08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"), "macaddr");
        put(List.of("08:00:2b:01:02:03:04:05"), "macaddr8");
        put(
                List.of(
                        "43 years 2 mons 5 days",
                        "1 year",
                        "-1 years",
                        "33000 days 05:06:07.5",
                        "95 years",
                        "11 mons 30 days 23:59:59.999999",
                        "-3 days +04:05:06",
                        "1 year -13 mons",
                        "0"),
                "interval");
        put(AGES, "int4range", "int8range");
        put(List.of("{[1,5),[20,30)}", "{}", "{(,5),[80,)}", "{[-3,4),[95,99)}"), "int4multirange", "int8multirange");
        put(
                List.of(
                        "[2020-03-05,2021-01-01)",
                        "[2020-03-05,2021-01-02)",
                        "[1901-02-03,1902-01-01)",
                        "(,2020-06-01)",
                        "[2020-06-01,)",
                        "(,)",
                        "[0044-03-15 BC,2020-01-01)",
                        "[2020-01-01,9999-06-01)",
                        "[2020-01-01,infinity)",
                        "empty"),
                "daterange");
        put(
                List.of("{[2001-03-05,2002-03-05),[2020-01-01,2020-02-02)}", "{}", "{(,2001-03-05),[2020-01-01,)}"),
                "datemultirange");
        put(
                List.of(
                        "[2020-03-05 01:02:03,2021-01-01 00:00:00)",
                        "[2020-03-05 01:02:03.5,2021-01-01 00:00:00]",
                        "(1901-01-01 00:00:00,1902-01-01 00:00:00)",
                        "(,2021-06-01 00:00:00)",
                        "empty"),
                "tsrange",
                "tstzrange");
        put(
                List.of("{[2001-03-05 01:00:00,2002-03-05 00:00:00),[2020-01-01 00:00:00,2020-02-02 00:00:00]}", "{}"),
                "tsmultirange",
                "tstzmultirange");
        put(List.of("{\"ssn\": \"123-45-6789\"}", "\"x\"", "17", "null"), "json", "jsonb");
        put(List.of("<a>123-45-6789</a>", "x &amp; y"), "xml");
        // Masks have no outcome but null for these.
        put(List.of("t", "f"), "boolean");
        put(List.of("\\x616263", "\\x"), "bytea");
        put(List.of("23:59:58.5"), "time without time zone");
        put(List.of("23:59:58.5+02"), "time with time zone");
        put(List.of("1234.56", "-0.01"), "money");
        put(List.of("10110"), "bit(5)", "bit varying");
        put(List.of("'ada':1 'lovelace':2A"), "tsvector");
        put(List.of("[1.5,2.5)"), "numrange");
        put(List.of("(1,2)"), "point");
        put(List.of("((1,2),(3,4))"), "polygon");
        put(List.of("calm"), "pg_temp.mood");
        put(List.of("(Ada,123-45-6789)"), "pg_temp.person");
        put(List.of("{\"(Ada,123-45-6789)\"}"), "pg_temp.person[]");
        // Arrays.
        put(List.of("{Ada,\"a b\",NULL,123-45-6789}", "{}", "{NULL}"), "text[]", "character varying(14)[]", "name[]");
        put(List.of("{1,90,NULL,20301}", "{}"), "integer[]", "bigint[]", "oid[]", "numeric[]", "double precision[]");
        put(List.of("{2024-02-03,1901-01-01}"), "date[]");
        put(List.of("{\"2024-02-03 10:00:00\",NULL}"), "timestamp without time zone[]", "timestamp with time zone[]");
        put(List.of("{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}"), "uuid[]");
        put(List.of("{10.1.2.3,2001:db8::/32}"), "inet[]", "cidr[]");
        put(List.of("{08:00:2b:01:02:03}"), "macaddr[]");
        put(List.of("{\"43 years 2 mons\",NULL,\"40000 days\"}"), "interval[]");
        put(List.of("{\"[2020-03-05,2021-01-01)\",empty}"), "daterange[]");
        put(List.of("{\"[2020-03-05 01:00:00,2021-01-01 00:00:00)\"}"), "tsrange[]", "tstzrange[]");
        put(List.of("{\"{[1,5),[20,30)}\"}"), "int4multirange[]");
        put(List.of("{\"{\\\"ssn\\\": 1}\"}"), "json[]", "jsonb[]");
        put(List.of("{t,f}"), "boolean[]");
        put(List.of("{23:59:58.5}"), "time without time zone[]");
    }

    private MaskedTypes() {}

    private static void put(List<String> values, String... types) {
        for (String type : types) {
            VALUES.put(type, values);
        }
    }
}
