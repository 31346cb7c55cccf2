package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.proto.ErrorCode;
import dev.chaperone.proto.Secret;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MaskingFunctionsTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-07-01T12:00:00Z"), ZoneOffset.UTC);
    private static final MaskingFunctions FUNCTIONS =
            new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"), CLOCK);

    @ParameterizedTest
    @CsvSource({
        "redact,900-12-3456,[redacted]",
        "last4,900-12-3456,***-**-3456",
        "last4,(617) 555-0199,(***) ***-0199",
        "last4,4111111111111111,************1111",
        "last4,jane.roe@example.org,****.***@******e.org",
        "last4,1234567,*******",
        "last4,ab\u20accd\u00e9fghij\u0661,*******ghij*",
        "year,1984-02-29,1984",
        "year,1984-02-29T10:00:00Z,1984",
        "year,1984-02-29 10:00:00.5+02,1984",
        "year,1901-05-05,1936",
        "year,1937-01-01,1937",
        "age90,89,89",
        "age90,90,90+",
        "age90,117,90+",
        "zip3,94110,941",
        "zip3,94110-1234,941",
        "zip3,941101234,941",
        "zip3,03601,000",
        "zip3,89301,000",
    })
    void masksText(String function, String original, String masked) {
        assertThat(of(function).apply(new Value.Text(original))).isEqualTo(new Value.Text(masked));
    }

    @ParameterizedTest
    @CsvSource({
        "year,29 February 1984",
        "year,1984-02-30",
        "year,02/29/1984",
        "year,1984-02-29 or so",
        "age90,ninety-one",
        "age90,-5",
        "age90,1234",
        "zip3,9411",
        "zip3,SW1A 1AA",
        "zip3,'94110-1234-5'",
        "null,anything",
    })
    void nullsTextThatIsNotWhatTheFunctionKnows(String function, String original) {
        assertThat(of(function).apply(new Value.Text(original))).isEqualTo(Value.NULL);
    }

    @ParameterizedTest
    @CsvSource({"89,89", "90,90", "113,90", "0,0"})
    void aggregatesAges(long age, long masked) {
        assertThat(of("age90").apply(new Value.Integer(age))).isEqualTo(new Value.Integer(masked));
        assertThat(of("age90").apply(new Value.Decimal(BigDecimal.valueOf(age))))
                .isEqualTo(new Value.Decimal(BigDecimal.valueOf(masked)));
    }

    @Test
    void nullsAgesThatCannotBe() {
        assertThat(of("age90").apply(new Value.Integer(-1))).isEqualTo(Value.NULL);
        assertThat(of("age90").apply(new Value.Decimal(new BigDecimal("-0.5")))).isEqualTo(Value.NULL);
        assertThat(of("age90").apply(new Value.Decimal(new BigDecimal("89.5"))))
                .isEqualTo(new Value.Decimal(BigDecimal.valueOf(90)));
    }

    @Test
    void keepsTheYearOfTypedDates() {
        MaskingFunction year = of("year");
        assertThat(year.apply(new Value.Date(LocalDate.of(1984, 2, 29))))
                .isEqualTo(new Value.Date(LocalDate.of(1984, 1, 1)));
        assertThat(year.apply(new Value.Timestamp(LocalDateTime.of(2020, 12, 31, 23, 59, 59))))
                .isEqualTo(new Value.Timestamp(LocalDateTime.of(2020, 1, 1, 0, 0)));
    }

    @Test
    void hidesYearsThatIndicateAnAgeOver89() {
        MaskingFunction year = of("year");
        Value oldest = new Value.Date(LocalDate.of(1936, 1, 1));
        assertThat(year.apply(new Value.Date(LocalDate.of(1935, 6, 1)))).isEqualTo(oldest);
        assertThat(year.apply(new Value.Date(LocalDate.of(1899, 6, 1)))).isEqualTo(oldest);
        assertThat(year.apply(new Value.Timestamp(LocalDateTime.of(1910, 6, 1, 1, 1))))
                .isEqualTo(new Value.Timestamp(LocalDateTime.of(1936, 1, 1, 0, 0)));
    }

    @Test
    void zip3WorksOnNumbersThatLostTheirLeadingZero() {
        MaskingFunction zip3 = of("zip3");
        assertThat(zip3.apply(new Value.Integer(2139))).isEqualTo(new Value.Integer(21));
        assertThat(zip3.apply(new Value.Integer(3601))).isEqualTo(new Value.Integer(0));
        assertThat(zip3.apply(new Value.Integer(94110))).isEqualTo(new Value.Integer(941));
        assertThat(zip3.apply(new Value.Integer(941101234))).isEqualTo(Value.NULL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878"})
    void zip3HidesSmallAreas(String area) {
        assertThat(of("zip3").apply(new Value.Text(area + "99"))).isEqualTo(new Value.Text("000"));
    }

    @Test
    void redactTakesAText() {
        MaskingFunction redact =
                FUNCTIONS.of(mask("redact").putParameters("text", "***").build());
        assertThat(redact.apply(new Value.Text("Jane"))).isEqualTo(new Value.Text("***"));
        assertThat(redact.apply(new Value.Integer(1))).isEqualTo(Value.NULL);
    }

    @Test
    void pseudonymsJoinWithinADomainOnly() {
        Value mrn = new Value.Text("MRN-0042");
        Value inPatients = field("clinic.public.patients.mrn").apply(mrn);
        assertThat(inPatients)
                .isEqualTo(field("clinic.public.visits.mrn").apply(mrn))
                .isEqualTo(field("/records/*/mrn").apply(mrn))
                .isNotEqualTo(field("clinic.public.patients.email").apply(mrn));
        MaskingFunction named =
                FUNCTIONS.of(mask("pseudonym").putParameters("domain", "mrn").build());
        assertThat(named.apply(mrn)).isEqualTo(inPatients);
    }

    @Test
    void pseudonymsDependOnTheKey() {
        MaskingFunctions other = new MaskingFunctions(new Secret("another key that is long enough, too"), CLOCK);
        Mask mask = mask("pseudonym").build();
        Value value = new Value.Text("MRN-0042");
        assertThat(other.of(mask).apply(value)).isNotEqualTo(FUNCTIONS.of(mask).apply(value));
    }

    @Test
    void pseudonymsAreStable() {
        // Calculated with another HMAC implementation; a change here breaks joins with everything delivered before.
        assertThat(field("mrn").apply(new Value.Text("MRN-0042"))).isEqualTo(new Value.Text("p_d19371ead5fd2fff"));
    }

    @Test
    void pseudonymsOfTextRarelyMeet() {
        MaskingFunction pseudonym = of("pseudonym");
        Set<Value> seen = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            seen.add(pseudonym.apply(new Value.Text("patient " + i)));
        }
        assertThat(seen).hasSize(20_000);
    }

    @Test
    void pseudonymousUuidsSayThatTheyAreMade() {
        UUID uuid = ((Value.Uuid) of("pseudonym").apply(new Value.Uuid(UUID.randomUUID()))).value();
        assertThat(uuid.version()).isEqualTo(8);
        assertThat(uuid.variant()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "shuffle", "REDACT", "redact\n"})
    void refusesUnknownFunctions(String name) {
        assertUnfulfillable(mask(name).build());
    }

    @Test
    void refusesUnknownAndOversizedParameters() {
        assertUnfulfillable(mask("last4").putParameters("keep", "6").build());
        assertUnfulfillable(mask("redact").putParameters("txt", "x").build());
        assertUnfulfillable(
                mask("redact").putParameters("text", "x".repeat(1025)).build());
        assertUnfulfillable(mask("redact").putParameters("text", "a\0b").build());
    }

    @Test
    void refusesAShortKey() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MaskingFunctions(new Secret("short")))
                .withMessageContaining("at least 32")
                .withMessageNotContaining("short`");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyFunctionKeepsTheKindOrGivesNullAndIsDeterministic(long seed) {
        Random random = new Random(seed);
        for (String name : MaskingFunctions.names()) {
            MaskingFunction function = of(name);
            assertThat(function.apply(Value.NULL)).isEqualTo(Value.NULL);
            for (int i = 0; i < 300; i++) {
                Value original = TestingValues.any(random);
                Value masked = function.apply(original);
                assertThat(masked).usingRecursiveComparison().isEqualTo(of(name).apply(original));
                if (masked != Value.NULL) {
                    assertThat(masked).hasSameClassAs(original);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void whatHidesNeverShowsTheOriginal(long seed) {
        Random random = new Random(seed);
        for (String name : Set.of("redact", "null", "pseudonym")) {
            for (int i = 0; i < 300; i++) {
                Value original = TestingValues.any(random);
                Value masked = of(name).apply(original);
                assertThat(masked).isNotEqualTo(original instanceof Value.Null ? new Value.Bool(true) : original);
                if (masked instanceof Value.Text text) {
                    String secret = ((Value.Text) original).value();
                    assertThat(secret.length() > 6 && text.value().contains(secret))
                            .isFalse();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void last4ShowsFourAtMostAndNeverMoreThanHalf(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            String original = TestingValues.text(random);
            String masked = ((Value.Text) of("last4").apply(new Value.Text(original))).value();
            long shown = masked.codePoints().filter(Character::isLetterOrDigit).count();
            long all = original.codePoints().filter(Character::isLetterOrDigit).count();
            assertThat(shown).isLessThanOrEqualTo(4).isLessThanOrEqualTo(all / 2);
            assertThat(masked.codePointCount(0, masked.length()))
                    .isEqualTo(original.codePointCount(0, original.length()));
        }
    }

    private static MaskingFunction of(String name) {
        return FUNCTIONS.of(mask(name).build());
    }

    private static MaskingFunction field(String field) {
        return FUNCTIONS.of(mask("pseudonym").setField(field).build());
    }

    private static Mask.Builder mask(String name) {
        return Mask.newBuilder()
                .setField("clinic.public.patients.value")
                .setFunction(name)
                .putAllParameters(Map.of());
    }

    private static void assertUnfulfillable(Mask mask) {
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(() -> FUNCTIONS.of(mask))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBLIGATION_UNFULFILLABLE));
    }
}
