package dev.chaperone.rules.fact;

import com.google.re2j.Pattern;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Anything a pattern can match, with the pure functions that conditions may call. */
public interface Fact {
    /** Whether {@code text} begins with {@code prefix}, letter for letter. */
    @Readable("")
    default boolean startsWith(String text, String prefix) {
        return text.startsWith(prefix);
    }

    /** Whether {@code text} ends with {@code suffix}, letter for letter. */
    @Readable("")
    default boolean endsWith(String text, String suffix) {
        return text.endsWith(suffix);
    }

    /** Whether {@code part} occurs in {@code text}, letter for letter. */
    @Readable("")
    default boolean containsText(String text, String part) {
        return text.contains(part);
    }

    /** Whether two texts are the same but for upper and lower case. */
    @Readable("")
    default boolean sameText(String text, String other) {
        return text.toLowerCase(Locale.ROOT).equals(other.toLowerCase(Locale.ROOT));
    }

    /** Whether the whole of {@code text} matches a pattern in RE2 syntax, in time linear in its length. */
    @Readable("")
    default boolean regex(String text, String pattern) {
        return Patterns.of(pattern).matcher(text).matches();
    }

    /**
     * Whether {@code address} lies in a network written as CIDR (RFC 4632): {@code inNetwork(clientAddress,
     * "10.0.0.0/8")}. An address that is empty or not numeric lies in none.
     */
    @Readable("")
    default boolean inNetwork(String address, String network) {
        return Networks.contains(network, address);
    }

    /** Compiled patterns by their text: policies write them as literals, so there are only as many as literals. */
    final class Patterns {
        private static final Map<String, Pattern> COMPILED = new ConcurrentHashMap<>();
        private static final int MAX = 10_000;

        private Patterns() {}

        static Pattern of(String pattern) {
            Pattern known = COMPILED.get(pattern);
            if (known != null) {
                return known;
            }
            Pattern compiled = Pattern.compile(pattern);
            if (COMPILED.size() < MAX) {
                COMPILED.put(pattern, compiled);
            }
            return compiled;
        }
    }

    /** Networks as address and prefix length. Never resolves a name. */
    final class Networks {
        private Networks() {}

        static boolean contains(String network, String address) {
            int slash = network.indexOf('/');
            if (slash < 0 || !isNumeric(address) || !isNumeric(network.substring(0, slash))) {
                return false;
            }
            try {
                byte[] base = InetAddress.getByName(network.substring(0, slash)).getAddress();
                byte[] candidate = InetAddress.getByName(address).getAddress();
                int bits = Integer.parseInt(network.substring(slash + 1));
                return base.length == candidate.length && bits <= base.length * 8 && samePrefix(base, candidate, bits);
            } catch (UnknownHostException | NumberFormatException e) {
                return false;
            }
        }

        private static boolean isNumeric(String address) {
            return !address.isEmpty()
                    && address.chars().allMatch(c -> Character.digit(c, 16) >= 0 || c == '.' || c == ':')
                    && (address.indexOf(':') >= 0 || Character.isDigit(address.charAt(0)) && isDotted(address));
        }

        private static boolean isDotted(String address) {
            return address.chars().allMatch(c -> c == '.' || c >= '0' && c <= '9');
        }

        private static boolean samePrefix(byte[] one, byte[] other, int bits) {
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> (bit % 8);
                if ((one[bit / 8] & mask) != (other[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }
}
