package dev.chaperone.enforcer.detect;

/**
 * Payment card numbers: 13 to 19 digits that begin and end as some scheme's do, with the check digit of ISO/IEC 7812-1 annex B
 * (Luhn). In one piece, or in groups of three digits and more that one kind of separator, a blank or a hyphen, is between.
 */
final class CardShape implements Shape {

    private static final int FEWEST = 13;
    private static final int SMALLEST_GROUP = 3;

    @Override
    public boolean find(FoldedText text, int at, int end, int floor, Span found) {
        byte first = text.at(at);
        if (first < '2' || first == '7' || first == '9' || end - at < SMALLEST_GROUP) {
            return false;
        }
        byte[] digits = new byte[MOST_DIGITS];
        int count = 0;
        byte separator = 0;
        int best = -1;
        int start = at;
        int stop = end;
        while (count + stop - start <= MOST_DIGITS) {
            for (int i = start; i < stop; i++) {
                digits[count++] = (byte) (text.at(i) - '0');
            }
            if (count >= FEWEST && isCard(digits, count)) {
                best = stop;
            }
            byte next = text.at(stop);
            if (next != ' ' && next != '-' || separator != 0 && separator != next) {
                break;
            }
            separator = next;
            start = stop + 1;
            stop = text.digitsEnd(start, MOST_DIGITS + 1);
            if (stop - start < SMALLEST_GROUP) {
                break;
            }
        }
        return best > 0 && found.of(at, best);
    }

    private static boolean isCard(byte[] digits, int count) {
        return hasSchemeOf(digits, count) && hasCheckDigit(digits, count);
    }

    private static boolean hasSchemeOf(byte[] digits, int count) {
        int four = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
        switch (digits[0]) {
            case 2: // Mir, Mastercard
                return count == 16 && (four >= 2200 && four <= 2204 || four >= 2221 && four <= 2720);
            case 3: // American Express; Diners Club; JCB
                return count == 15 && (digits[1] == 4 || digits[1] == 7)
                        || count >= 14 && (digits[1] == 0 && digits[2] <= 5 || digits[1] == 6 || digits[1] >= 8)
                        || count >= 16 && four >= 3528 && four <= 3589;
            case 4: // Visa
                return count == 13 || count == 16 || count == 19;
            case 5: // Mastercard; Maestro, RuPay
                return digits[1] >= 1 && digits[1] <= 5 ? count == 16 : digits[1] != 9;
            case 6: // Discover, UnionPay, Maestro, RuPay
                return true;
            default: // UnionPay, RuPay
                return count >= 16 && (digits[1] == 1 || digits[1] == 2);
        }
    }

    private static boolean hasCheckDigit(byte[] digits, int count) {
        int sum = 0;
        for (int i = 0; i < count; i++) {
            int digit = digits[count - 1 - i];
            if (i % 2 == 1) {
                digit *= 2;
                digit -= digit > 9 ? 9 : 0;
            }
            sum += digit;
        }
        return sum % 10 == 0;
    }
}
