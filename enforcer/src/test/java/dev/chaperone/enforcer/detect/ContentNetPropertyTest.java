package dev.chaperone.enforcer.detect;

import static dev.chaperone.enforcer.detect.ContentNetTest.masked;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every text, tried on many of them. */
class ContentNetPropertyTest {

    private static final int TEXTS = 2_000;
    private static final ContentNet ALL = ContentNetTest.net(
            new Detectors(new DetectionConfig("\\bH\\d{8}\\b")),
            Detector.names().toArray(String[]::new));

    /** What forms are made of, and what they are confused with. */
    private static final String[] PARTS = {
        "1",
        "2",
        "4",
        "9",
        "12",
        "219",
        "09",
        "9999",
        "4111",
        "1111",
        "555",
        "0199",
        "(503)",
        "+1",
        "+",
        "-",
        "-",
        " ",
        " ",
        ".",
        "/",
        "@",
        "#",
        ":",
        "SSN",
        "ssn ",
        "MRN",
        "MR# ",
        "DOB ",
        "born ",
        "tel ",
        "March ",
        "a",
        "Z",
        "ada@",
        "example.org",
        "\"",
        "\\",
        "\\u0031",
        "{",
        "}",
        "[",
        "]",
        ",",
        "<",
        ">",
        "&#49;",
        "'",
        "\n",
        "\u200b",
        "\u2013",
        "\uff11",
        "\u0662",
        "\u00e9",
        "\ud83d\ude00",
        "\u0332",
        "219-09-9999",
        "4111111111111111",
        "H12345678"
    };

    static LongStream seeds() {
        return LongStream.range(0, 20);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everySocialSecurityNumberIsFoundWhateverIsAroundIt(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < TEXTS; i++) {
            int area = 1 + random.nextInt(899);
            if (area == 666) {
                continue;
            }
            char separator = random.nextBoolean() ? '-' : ' ';
            String number = String.format(
                    Locale.ROOT,
                    "%03d%c%02d%c%04d",
                    area,
                    separator,
                    1 + random.nextInt(99),
                    separator,
                    1 + random.nextInt(9999));
            String before = word(random);
            String after = word(random);
            assertThat(masked(ALL, before + number + after)).isEqualTo(before + "[ssn]" + after);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aCardNumberIsFoundAndOneWithAWrongDigitIsNot(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < TEXTS; i++) {
            String number = withCheckDigit("4" + digits(random, 14));
            String wrong = wrong(random, number);
            assertThat(masked(ALL, "paid by " + grouped(random, number) + ".")).isEqualTo("paid by [card].");
            assertThat(masked(ALL, "order " + wrong)).isEqualTo("order " + wrong);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void findsAreApartWithinTheTextAndInOrder(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < TEXTS; i++) {
            byte[] text = text(random).getBytes(StandardCharsets.UTF_8);
            int from = boundary(text, random.nextInt(text.length + 1));
            for (Syntax syntax : Syntax.values()) {
                Caught caught = ALL.look(text, from, text.length, syntax);
                int at = from;
                for (Hit hit : caught == null ? List.<Hit>of() : caught.hits()) {
                    assertThat(hit.start()).isGreaterThanOrEqualTo(at);
                    assertThat(hit.end()).isGreaterThan(hit.start()).isLessThanOrEqualTo(text.length);
                    at = hit.end();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whatIsMaskedIsNotFoundAgain(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < TEXTS; i++) {
            String once = masked(ALL, text(random));
            String twice = masked(ALL, once);
            // A find can hide another one beside it: a second look may find that, a third finds nothing new.
            assertThat(masked(ALL, masked(ALL, twice))).isEqualTo(masked(ALL, twice));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anyBytesAreLookedAtWithoutFailing(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < TEXTS; i++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            for (Syntax syntax : Syntax.values()) {
                Caught caught = ALL.look(bytes, 0, bytes.length, syntax);
                if (caught != null) {
                    caught.masked();
                    caught.starred();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u00e9", "\\u00e9", "\ud83d\ude00 "})
    void findsTheSameInALongTextWhereverItsPiecesEnd(String filler) {
        String one = "SSN 219-09-9999, DOB 12 March 1956 and ada@example.org ";
        Syntax syntax = filler.startsWith("\\") ? Syntax.JSON : Syntax.PLAIN;
        for (int shift = 0; shift < 60; shift++) {
            StringBuilder text = new StringBuilder("x".repeat(shift)).append(filler);
            StringBuilder expected = new StringBuilder(text);
            while (text.length() < 150_000) {
                String gap = filler.repeat(1 + text.length() % 7);
                text.append(one).append(gap);
                expected.append("SSN [ssn], DOB [birth-date] and [email] ").append(gap);
            }
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            Caught caught = ALL.look(bytes, 0, bytes.length, syntax);
            assertThat(caught).isNotNull();
            assertThat(caught.hits()).hasSizeGreaterThan(1000);
            if (syntax == Syntax.PLAIN) {
                assertThat(new String(caught.masked(), StandardCharsets.UTF_8)).isEqualTo(expected.toString());
            }
        }
    }

    /** Texts that are bad for searchers that look back or ahead without a bound. */
    static List<String> adversaries() {
        List<String> texts = new ArrayList<>();
        for (String part : List.of(
                "1",
                "12 ",
                "123-",
                "123456789 ",
                "4111 ",
                "4111-1111-1111-",
                "@",
                "a@",
                "a.",
                "a@a.",
                "1-",
                "+1",
                "(",
                "SSN ",
                "SSN 123456789 ",
                "born 1/2/",
                "MRN",
                "MRN-",
                "a-",
                "#",
                "\uff11",
                "\u200b",
                "1\u200b",
                "\\u0031",
                "&#49;",
                "H1234567",
                "123456789 123-45-",
                "March ")) {
            texts.add(part);
        }
        return texts;
    }

    @ParameterizedTest
    @MethodSource("adversaries")
    void timeGrowsNoFasterThanTheText(String part) {
        // Half a million characters: what takes time quadratic in them would take many minutes.
        byte[] text = part.repeat(500_000 / part.length()).getBytes(StandardCharsets.UTF_8);
        for (Syntax syntax : Syntax.values()) {
            long began = System.nanoTime();
            ALL.look(text, 0, text.length, syntax);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void longNumbersAreNoneOfThem() {
        String digits = "4111111111111111".repeat(10_000);
        assertThat(masked(ALL, digits)).isEqualTo(digits);
        assertThat(masked(ALL, "SSN " + digits)).isEqualTo("SSN " + digits);
    }

    @ParameterizedTest
    @EnumSource(Syntax.class)
    void nothingIsFoundInNothing(Syntax syntax) {
        assertThat((Object) ALL.look(new byte[0], 0, 0, syntax)).isNull();
        assertThat((Object) ALL.look("219-09-9999".getBytes(StandardCharsets.UTF_8), 3, 3, syntax))
                .isNull();
    }

    private static int boundary(byte[] text, int index) {
        int at = index;
        while (at < text.length && (text[at] & 0xc0) == 0x80) {
            at++;
        }
        return at;
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 1 + random.nextInt(20); i > 0; i--) {
            text.append(PARTS[random.nextInt(PARTS.length)]);
        }
        return text.toString();
    }

    private static String word(Random random) {
        String[] words = {"", " ", "note: ", "(", ")", "\n", "x", ", ", "'", ";", "\u00e9 ", "=", "\t"};
        return words[random.nextInt(words.length)];
    }

    private static String digits(Random random, int count) {
        StringBuilder digits = new StringBuilder();
        for (int i = 0; i < count; i++) {
            digits.append(random.nextInt(10));
        }
        return digits.toString();
    }

    private static String withCheckDigit(String digits) {
        for (int check = 0; check < 10; check++) {
            if (luhn(digits + check)) {
                return digits + check;
            }
        }
        throw new IllegalStateException("one of ten digits checks");
    }

    private static boolean luhn(String number) {
        int sum = 0;
        for (int i = 0; i < number.length(); i++) {
            int digit = number.charAt(number.length() - 1 - i) - '0';
            sum += i % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10;
        }
        return sum % 10 == 0;
    }

    private static String wrong(Random random, String number) {
        int at = 1 + random.nextInt(15);
        char other = (char) ('0' + (number.charAt(at) - '0' + 1 + random.nextInt(9)) % 10);
        return number.substring(0, at) + other + number.substring(at + 1);
    }

    private static String grouped(Random random, String number) {
        String separator = new String[] {"", " ", "-"}[random.nextInt(3)];
        return String.join(
                separator,
                number.substring(0, 4),
                number.substring(4, 8),
                number.substring(8, 12),
                number.substring(12));
    }
}
