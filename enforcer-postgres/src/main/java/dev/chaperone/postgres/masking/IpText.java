package dev.chaperone.postgres.masking;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Addresses of the internet protocol as PostgreSQL writes them, those of version 6 as in RFC 5952. */
final class IpText {

    private static final Pattern GROUP = Pattern.compile("[0-9a-f]{1,4}");
    private static final Pattern DECIMAL = Pattern.compile("[0-9]{1,3}");
    private static final int GROUPS = 8;

    private IpText() {}

    /** 4 or 16 bytes; null when the text is no address. */
    static byte @Nullable [] parse(String text) {
        if (text.indexOf(':') < 0) {
            return version4(text);
        }
        int gap = text.indexOf("::");
        List<Integer> before = groups(gap < 0 ? text : text.substring(0, gap));
        List<Integer> after = gap < 0 ? List.of() : groups(text.substring(gap + 2));
        if (before == null || after == null) {
            return null;
        }
        int zeros = GROUPS - before.size() - after.size();
        if (gap < 0 ? zeros != 0 : zeros < 1) {
            return null;
        }
        byte[] address = new byte[2 * GROUPS];
        for (int i = 0; i < before.size(); i++) {
            put(address, i, before.get(i));
        }
        for (int i = 0; i < after.size(); i++) {
            put(address, GROUPS - after.size() + i, after.get(i));
        }
        return address;
    }

    private static void put(byte[] address, int group, int value) {
        address[2 * group] = (byte) (value >> Byte.SIZE);
        address[2 * group + 1] = (byte) value;
    }

    private static byte @Nullable [] version4(String text) {
        String[] parts = text.split("\\.", -1);
        byte[] address = new byte[4];
        for (int i = 0; i < parts.length; i++) {
            int part = number(parts[i], 255);
            if (parts.length != 4 || part < 0) {
                return null;
            }
            address[i] = (byte) part;
        }
        return address;
    }

    /** A decimal number of at most that; -1 for anything else. */
    static int number(String text, int most) {
        int number = DECIMAL.matcher(text).matches() ? Integer.parseInt(text) : -1;
        return number <= most ? number : -1;
    }

    /** The last two groups may be written as an address of version 4. */
    private static @Nullable List<Integer> groups(String text) {
        List<Integer> groups = new ArrayList<>();
        if (text.isEmpty()) {
            return groups;
        }
        String[] parts = text.split(":", -1);
        for (int i = 0; i < parts.length; i++) {
            byte[] last = i == parts.length - 1 && parts[i].indexOf('.') > 0 ? version4(parts[i]) : null;
            if (last != null) {
                groups.add((last[0] & 0xff) << Byte.SIZE | last[1] & 0xff);
                groups.add((last[2] & 0xff) << Byte.SIZE | last[3] & 0xff);
            } else if (GROUP.matcher(parts[i]).matches()) {
                groups.add(Integer.parseInt(parts[i], 16));
            } else {
                return null;
            }
        }
        return groups;
    }

    static String format(byte[] address) {
        StringBuilder out = new StringBuilder();
        if (address.length == 4) {
            for (byte part : address) {
                out.append(out.length() == 0 ? "" : ".").append(part & 0xff);
            }
            return out.toString();
        }
        int gap = -1;
        int zeros = 1;
        for (int i = 0; i < GROUPS; i++) {
            int run = 0;
            while (i + run < GROUPS && group(address, i + run) == 0) {
                run++;
            }
            gap = run > zeros ? i : gap;
            zeros = Math.max(run, zeros);
        }
        for (int i = 0; i < GROUPS; i++) {
            if (i == gap) {
                out.append("::");
                i += zeros - 1;
            } else {
                boolean apart = out.length() > 0 && out.charAt(out.length() - 1) != ':';
                out.append(apart ? ":" : "").append(Integer.toHexString(group(address, i)));
            }
        }
        return out.toString();
    }

    private static int group(byte[] address, int index) {
        return (address[2 * index] & 0xff) << Byte.SIZE | address[2 * index + 1] & 0xff;
    }
}
