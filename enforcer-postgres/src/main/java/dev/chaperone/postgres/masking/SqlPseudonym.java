package dev.chaperone.postgres.masking;

import static dev.chaperone.postgres.masking.Sql.call;
import static dev.chaperone.postgres.masking.Sql.hex;
import static dev.chaperone.postgres.masking.Sql.operator;
import static dev.chaperone.postgres.masking.Sql.part;
import static dev.chaperone.postgres.masking.Sql.when;

import dev.chaperone.enforcer.Pseudonym;
import java.util.Arrays;

/** Pseudonyms in SQL: {@link Pseudonym} has the definition. */
final class SqlPseudonym {

    /** The block of SHA-256, to which RFC 2104 pads a key. */
    private static final int BLOCK = 64;

    private static final int TEXT_CHARACTERS = 18;

    private final Pseudonym pseudonym;
    private final SqlType type;

    SqlPseudonym(Pseudonym pseudonym, SqlType type) {
        this.pseudonym = pseudonym;
        this.type = type;
    }

    /** The pseudonym of a text, in the column's type. */
    String ofText(String text) {
        String mac = mac('t', call("convert_to", text, "'UTF8'"));
        String whole = "'p_'" + operator("||") + hex(part(mac, 1, 8));
        boolean fits = type.room() >= TEXT_CHARACTERS;
        return type.cast(fits ? whole : call("\"left\"", whole, Integer.toString(type.room())));
    }

    String ofInteger(String column) {
        String mac = mac('i', call("int8send", "(" + column + ")::pg_catalog.int8"));
        String number = "(('x'" + operator("||") + hex(part(mac, 1, 4)) + ")::pg_catalog.bit(32)::pg_catalog.int4"
                + operator("&") + "2147483647)";
        String positive = when(column + " IS NOT NULL", "GREATEST(1, " + number + ")");
        return type.name().equals("int2")
                ? when("(" + positive + ")" + operator("<=") + "32767", type.cast(positive))
                : type.cast(positive);
    }

    String ofUuid(String column) {
        String mac = mac('u', call("uuid_send", column));
        String versioned = setBits(part(mac, 1, 16), mac, 6, 15, 128);
        return type.cast(hex(setBits(versioned, mac, 8, 63, 128)));
    }

    String ofAddress(String column) {
        // Family, prefix length, whether it is a cidr, number of bytes, address: cidr and inet have pseudonyms in
        // common.
        String sent = call(type.name().equals("cidr") ? "cidr_send" : "inet_send", column);
        String mac = mac('n', part(sent, 2, 1) + operator("||") + call("substr", sent, "5"));
        String digits = "('fd'" + operator("||") + hex(part(mac, 1, 15)) + ")";
        return type.cast(call("regexp_replace", digits, "'(....)(?=.)'", "'\\1:'", "'g'"));
    }

    String ofHardware(String column) {
        boolean wide = type.name().equals("macaddr8");
        String mac = mac('h', call(wide ? "macaddr8_send" : "macaddr_send", column));
        return type.cast(hex(setBits(part(mac, 1, wide ? 8 : 6), mac, 0, 252, 2)));
    }

    private static String setBits(String bytes, String mac, int index, int kept, int set) {
        String at = Integer.toString(index);
        return call(
                "set_byte",
                bytes,
                at,
                "(" + call("get_byte", mac, at) + operator("&") + kept + ")" + operator("|") + set);
    }

    /** HMAC-SHA-256 (RFC 2104) over the kind and the value, in the terms of PostgreSQL's own sha256. */
    private String mac(char kind, String value) {
        byte[] inner = Arrays.copyOf(pseudonym.key(), BLOCK + 1);
        byte[] outer = Arrays.copyOf(inner, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            inner[i] ^= 0x36;
            outer[i] ^= 0x5c;
        }
        inner[BLOCK] = (byte) kind;
        String hashed = call("sha256", Sql.bytes(inner) + operator("||") + value);
        return call("sha256", Sql.bytes(outer) + operator("||") + hashed);
    }
}
