package dev.chaperone.testkit.conformance;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.JulianFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * The forms in which one secret could arrive: as it is, in part (any six characters in a row), in another case, backwards,
 * without its punctuation, and each of those in hexadecimal, as character codes, escaped in any of the usual ways; in base64
 * at every offset; as a digest; in the binary format of its type. What takes yet another form is found by comparing two worlds
 * that differ in nothing but their secrets.
 */
final class CanaryForms {

    /** Characters in a row that count as a leak. */
    static final int WINDOW = 6;

    private static final int DIGITS = 8;
    private static final Pattern TOKEN = Pattern.compile("[\\p{L}\\p{N}-]{" + WINDOW + ",}");
    private static final Pattern ISO_DATE =
            Pattern.compile("(\\d{4}-\\d{2}-\\d{2})(?:[ T](\\d{2}:\\d{2}:\\d{2})\\S*)?");
    private static final List<String> DATE_STYLES =
            List.of("uuuu-MM-dd", "MM/dd/uuuu", "MM-dd-uuuu", "dd/MM/uuuu", "dd.MM.uuuu", "uuuuMMdd", "d MMMM uuuu");
    private static final List<String> DIGESTS = List.of("MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512");
    private static final List<String> SEPARATORS = List.of(",", ", ", " ", "|", ";", "\n", "-");

    private final BiConsumer<byte[], String> found;

    private CanaryForms(BiConsumer<byte[], String> found) {
        this.found = found;
    }

    /** Names every form of a secret that is looked for. */
    static void of(Canary canary, BiConsumer<byte[], String> found) {
        CanaryForms forms = new CanaryForms(found);
        switch (canary.type()) {
            case "date", "timestamp with time zone", "timestamp without time zone" -> forms.date(canary.value());
            case "smallint", "integer", "bigint", "numeric" -> forms.number(canary.value());
            case "uuid" -> forms.uuid(canary.value());
            case "inet" -> forms.windows(canary.value(), DIGITS, "part of the address");
            case "bytea" ->
                forms.text(
                        new String(HexFormat.of().parseHex(canary.value().substring(2)), StandardCharsets.ISO_8859_1));
            case "text", "character varying", "character" -> forms.text(canary.value());
            default -> {
                for (Matcher token = TOKEN.matcher(canary.value()); token.find(); ) {
                    forms.text(token.group());
                }
            }
        }
    }

    private void text(String value) {
        String bare = value.replaceAll("[^\\p{L}\\p{N}]", "");
        List<String> written = new ArrayList<>();
        for (String one : List.of(value, bare)) {
            for (String cased : List.of(one, one.toUpperCase(Locale.ROOT), one.toLowerCase(Locale.ROOT))) {
                written.add(cased);
                written.add(new StringBuilder(cased).reverse().toString());
            }
        }
        // Digits are everywhere: it takes more of them to be a secret's.
        int window = bare.chars().allMatch(Character::isDigit) ? DIGITS : WINDOW;
        written.stream().distinct().forEach(form -> {
            windows(form, window, "text");
            codes(form);
            base64(form);
            wide(form);
        });
        for (String one : List.of(value, value.toUpperCase(Locale.ROOT), value.toLowerCase(Locale.ROOT), bare)) {
            digests(one);
        }
    }

    private void windows(String form, int size, String what) {
        for (int i = 0; i == 0 || i + size <= form.length(); i++) {
            byte[] part = bytes(form.substring(i, Math.min(form.length(), i + size)));
            put(part, what);
            put(bytes(HexFormat.of().formatHex(part)), what + " in hexadecimal");
            put(bytes(HexFormat.of().withUpperCase().formatHex(part)), what + " in hexadecimal");
        }
    }

    /** Characters one by one as numbers or escapes. */
    private void codes(String form) {
        for (int i = 0; i + WINDOW <= form.length(); i++) {
            int[] codes = form.substring(i, i + WINDOW).chars().toArray();
            for (String separator : SEPARATORS) {
                put(joined(codes, "%d", separator), "character codes");
                put(joined(codes, "%x", separator), "character codes in hexadecimal");
                put(joined(codes, "%c", separator), "characters one by one");
            }
            put(joined(codes, "\\%03o", ""), "octal escapes");
            put(joined(codes, "\\u%04x", ""), "JSON escapes");
            put(joined(codes, "\\%04x", ""), "Unicode escapes");
            put(joined(codes, "%%%02x", ""), "URL escapes");
            put(joined(codes, "%%%02X", ""), "URL escapes");
            put(joined(codes, "=%02X", ""), "quoted-printable");
            put(joined(codes, "&#%d;", ""), "XML escapes");
            put(joined(codes, "&#x%x;", ""), "XML escapes");
            put(bits(codes), "bits");
        }
    }

    private static byte[] joined(int[] codes, String format, String separator) {
        List<String> parts = new ArrayList<>();
        for (int code : codes) {
            parts.add(String.format(Locale.ROOT, format, code));
        }
        return bytes(String.join(separator, parts));
    }

    private static byte[] bits(int[] codes) {
        StringBuilder bits = new StringBuilder();
        for (int code : codes) {
            bits.append(String.format("%8s", Integer.toBinaryString(code)).replace(' ', '0'));
        }
        return bytes(bits.toString());
    }

    /** Whatever stands before it, the middle of its base64 is one of three. */
    private void base64(String form) {
        byte[] value = bytes(form);
        for (int offset = 0; offset < 3; offset++) {
            byte[] padded = new byte[offset + value.length];
            System.arraycopy(value, 0, padded, offset, value.length);
            String text = Base64.getEncoder().withoutPadding().encodeToString(padded);
            int from = offset == 0 ? 0 : 4;
            int to = text.length() - (padded.length % 3 == 0 ? 0 : 2);
            if (to - from >= 2 * WINDOW) {
                put(bytes(text.substring(from, from + 2 * WINDOW)), "base64");
                put(
                        bytes(text.substring(from, from + 2 * WINDOW)
                                .replace('+', '-')
                                .replace('/', '_')),
                        "base64");
            }
        }
    }

    private void wide(String form) {
        put(form.getBytes(StandardCharsets.UTF_16LE), "UTF-16");
        put(form.getBytes(StandardCharsets.UTF_16BE), "UTF-16");
    }

    /** Digests are known by their first eight bytes, so that one that was cut short is found as well. */
    private void digests(String value) {
        for (String algorithm : DIGESTS) {
            try {
                byte[] digest = MessageDigest.getInstance(algorithm).digest(bytes(value));
                byte[] start = Arrays.copyOf(digest, 8);
                put(start, algorithm);
                put(bytes(HexFormat.of().formatHex(start)), algorithm);
                put(bytes(HexFormat.of().withUpperCase().formatHex(start)), algorithm);
                put(Arrays.copyOf(Base64.getEncoder().encode(digest), 10), algorithm);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java platform has " + algorithm, e);
            }
        }
        CRC32 crc = new CRC32();
        crc.update(bytes(value));
        put(bytes(Long.toString(crc.getValue())), "CRC-32");
    }

    private void number(String value) {
        String digits = value.replaceAll("[^0-9]", "");
        if (digits.length() < DIGITS) {
            return;
        }
        windows(digits, DIGITS, "digits");
        windows(new StringBuilder(digits).reverse().toString(), DIGITS, "digits backwards");
        windows(value, DIGITS, "digits");
        digests(value);
        if (!value.contains(".")) {
            long number = Long.parseLong(value);
            put(bytes(Long.toHexString(number)), "hexadecimal number");
            put(bytes(Long.toOctalString(number)), "octal number");
            put(bytes(Long.toBinaryString(number)), "binary number");
            put(cell(ByteBuffer.allocate(Long.BYTES).putLong(number)), "binary int8");
            put(cell(ByteBuffer.allocate(Double.BYTES).putDouble(number)), "binary float8");
        }
    }

    private void date(String value) {
        Matcher parts = ISO_DATE.matcher(value);
        if (!parts.matches()) {
            throw new IllegalArgumentException("a secret date `" + value + "` is not in ISO style");
        }
        LocalDate date = LocalDate.parse(parts.group(1));
        for (String style : DATE_STYLES) {
            String text = date.format(DateTimeFormatter.ofPattern(style, Locale.ROOT));
            windows(text, text.length(), "date");
        }
        digests(value);
        LocalDate epoch = LocalDate.of(2000, 1, 1);
        put(cell(ByteBuffer.allocate(4).putInt((int) ChronoUnit.DAYS.between(epoch, date))), "binary date");
        put(bytes(" " + date.getLong(JulianFields.JULIAN_DAY)), "Julian day");
        put(bytes(Long.toString(date.atStartOfDay(ZoneOffset.UTC).toEpochSecond())), "seconds since 1970");
        String time = parts.group(2);
        if (time != null) {
            windows(time, time.length(), "time of day");
        }
    }

    private void uuid(String value) {
        UUID uuid = UUID.fromString(value);
        ByteBuffer binary = ByteBuffer.allocate(16).putLong(uuid.getMostSignificantBits());
        put(binary.putLong(uuid.getLeastSignificantBits()).array(), "binary uuid");
        windows(value.replace("-", ""), DIGITS, "part of the uuid");
        digests(value);
    }

    /** A binary value is looked for with its length before it, as it stands in a row: a few bytes alone may be anything. */
    private static byte[] cell(ByteBuffer value) {
        return Frames.join(Frames.int32(value.capacity()), value.array());
    }

    private void put(byte[] form, String what) {
        if (form.length >= CanaryScan.SHORTEST) {
            found.accept(form, what);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
