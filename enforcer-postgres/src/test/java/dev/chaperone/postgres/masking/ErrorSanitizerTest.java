package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ErrorSanitizerTest {

    @Test
    void keepsOnlyWhatHoldsNoValue() {
        Map<Character, String> fields = new LinkedHashMap<>();
        for (char type = 'A'; type <= 'z'; type++) {
            fields.put(type, "900-12-3456");
        }
        fields.put('S', "FEHLER");
        fields.put('V', "ERROR");
        fields.put('C', "22P02");
        fields.put('M', "invalid input syntax for type integer: \"900-12-3456\"");
        fields.put('P', "17");
        assertThat(ErrorSanitizer.MASKED.sanitize(fields))
                .isEqualTo(Map.of(
                        'S', "ERROR", 'V', "ERROR", 'C', "22P02", 'M', "invalid input syntax for the type", 'P', "17"));
    }

    @Test
    void passesEverythingToThoseWhoSeeEverything() {
        Map<Character, String> fields = Map.of('M', "raw", 'D', "detail");
        assertThat(ErrorSanitizer.RAW.sanitize(fields)).isSameAs(fields);
    }

    @ParameterizedTest
    @CsvSource({
        "23505, 23505, a duplicate key value violates a unique constraint",
        "42P01, 42P01, a relation does not exist",
        "42601, 42601, syntax error",
        "22ZZZ, 22000, data exception",
        "P0ZZZ, P0000, a function failed",
        "SSN12, XX000, internal error of the database",
        "2250, XX000, internal error of the database",
        "'', XX000, internal error of the database",
    })
    void saysWhatTheStateMeans(String state, String known, String message) {
        Map<Character, String> safe = ErrorSanitizer.MASKED.sanitize(Map.of('C', state, 'S', "ERROR"));
        assertThat(safe).containsEntry('C', known).containsEntry('M', message);
    }

    @Test
    void distrustsSeverityAndPosition() {
        assertThat(ErrorSanitizer.MASKED.sanitize(Map.of('S', "JANE", 'V', "ROE", 'P', "1; 900-12-3456")))
                .isEqualTo(Map.of('S', "ERROR", 'V', "ERROR", 'C', "XX000", 'M', "internal error of the database"));
        assertThat(ErrorSanitizer.MASKED.sanitize(Map.of('S', "NOTICE", 'C', "00000")))
                .containsEntry('V', "NOTICE")
                .containsEntry('M', "the database sent a notice");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void outcomeDependsOnStateSeverityAndPositionOnly(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            Map<Character, String> fields = new LinkedHashMap<>(Map.of('C', "23505", 'V', "ERROR", 'P', "4"));
            for (int extra = random.nextInt(10); extra > 0; extra--) {
                char type = (char) random.nextInt(128);
                if ("CVP".indexOf(type) < 0) {
                    fields.put(type, Long.toString(random.nextLong()));
                }
            }
            assertThat(ErrorSanitizer.MASKED.sanitize(fields))
                    .isEqualTo(ErrorSanitizer.MASKED.sanitize(Map.of('C', "23505", 'V', "ERROR", 'P', "4")));
        }
    }

    @Test
    void hasAMessageForEveryState() {
        assertThat(SqlStates.all()).hasSizeGreaterThan(250).allSatisfy((code, message) -> {
            assertThat(code).matches("[0-9A-Z]{5}");
            assertThat(message).isNotBlank().doesNotContain("%", "\"", "`");
        });
    }
}
