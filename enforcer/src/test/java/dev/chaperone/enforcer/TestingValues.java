package dev.chaperone.enforcer;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Random;
import java.util.UUID;

/** Values made from a seed. */
final class TestingValues {

    private static final String ALPHABET =
            "abcXYZ0123456789 -./()+,:_@#'\"\\\t\n\u00e9\u00df\u0661\u4e2d\u0301\ud83d\ude00";

    private TestingValues() {}

    static Value any(Random random) {
        switch (random.nextInt(13)) {
            case 0:
                return new Value.Text(text(random));
            case 1:
                return new Value.Integer(random.nextBoolean() ? random.nextLong() : random.nextInt(120));
            case 2:
                return new Value.Decimal(new BigDecimal(new BigInteger(64, random), random.nextInt(20)));
            case 3:
                return new Value.Date(LocalDate.ofEpochDay(random.nextInt(200_000) - 100_000));
            case 4:
                return new Value.Timestamp(LocalDateTime.ofEpochSecond(random.nextInt(), 0, ZoneOffset.UTC));
            case 5:
                return new Value.Uuid(new UUID(random.nextLong(), random.nextLong()));
            case 6:
                return new Value.Bool(random.nextBoolean());
            case 7:
                return new Value.Opaque(bytes(random, random.nextInt(20)));
            case 8:
                return new Value.Address(bytes(random, random.nextBoolean() ? 4 : 16), random.nextInt(33));
            case 9:
                return new Value.HardwareAddress(bytes(random, random.nextBoolean() ? 6 : 8));
            case 10:
                return new Value.Interval(random.nextInt() >> 20, random.nextInt() >> 16, random.nextLong() >> 20);
            case 11:
                return random.nextBoolean()
                        ? new Value.Range(
                                new Value.Integer(random.nextInt(50)),
                                true,
                                new Value.Integer(50 + random.nextInt(100)),
                                false,
                                false)
                        : new Value.Range(
                                new Value.Date(LocalDate.ofEpochDay(random.nextInt(10_000))),
                                random.nextBoolean(),
                                random.nextBoolean() ? Value.NULL : new Value.Date(LocalDate.ofEpochDay(20_000)),
                                random.nextBoolean(),
                                false);
            default:
                return Value.NULL;
        }
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    static String text(Random random) {
        int[] points = ALPHABET.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        int length = random.nextInt(24);
        for (int i = 0; i < length; i++) {
            out.appendCodePoint(points[random.nextInt(points.length)]);
        }
        return out.toString();
    }
}
