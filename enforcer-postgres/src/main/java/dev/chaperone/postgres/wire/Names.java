package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBufUtil;

/** The server's names. */
public final class Names {

    /** NAMEDATALEN less one. */
    public static final int MAX_BYTES = 63;

    private Names() {}

    /**
     * A name as the server knows it: it looks at the first 63 bytes only. Whoever compares more takes two names for two things
     * where the server has one. Characters stay whole.
     */
    public static String cut(String name) {
        if (name.length() <= MAX_BYTES / 3) {
            return name;
        }
        int bytes = 0;
        int end = 0;
        while (end < name.length()) {
            int next = name.offsetByCodePoints(end, 1);
            bytes += ByteBufUtil.utf8Bytes(name, end, next);
            if (bytes > MAX_BYTES) {
                return name.substring(0, end);
            }
            end = next;
        }
        return name;
    }

    /** A name in lower case as the server folds it in a database of UTF8: letters of ASCII only. */
    public static String fold(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (isUpper(name.charAt(i))) {
                return folded(name, i);
            }
        }
        return name;
    }

    private static String folded(String name, int from) {
        StringBuilder folded = new StringBuilder(name);
        for (int i = from; i < folded.length(); i++) {
            char c = folded.charAt(i);
            if (isUpper(c)) {
                folded.setCharAt(i, (char) (c + ('a' - 'A')));
            }
        }
        return folded.toString();
    }

    private static boolean isUpper(char c) {
        return c >= 'A' && c <= 'Z';
    }
}
