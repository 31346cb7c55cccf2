package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
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
        assertThat(sanitize(fields))
                .isEqualTo(Map.of(
                        'S', "ERROR", 'V', "ERROR", 'C', "22P02", 'M', "invalid input syntax for the type", 'P', "17"));
    }

    private static Map<Character, String> sanitize(Map<Character, String> fields) {
        return ErrorSanitizer.sanitize(fields, ErrorSanitizer.Names.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "23502, a, t, c, '', 'null value in column \"c\" of relation \"t\" violates not-null constraint', stc",
        "23502, a, t, x, '', a null value violates a not-null constraint, ''",
        "23503, a, t, '', own, 'insert or update on table \"t\" violates foreign key constraint \"own\"', stn",
        "23503, a, t, '', key, 'update or delete violates foreign key constraint \"key\" on table \"t\"', stn",
        "23001, a, t, '', key, 'update or delete violates foreign key constraint \"key\" on table \"t\"', stn",
        "23505, a, t, '', own, 'duplicate key value violates unique constraint \"own\"', stn",
        "23505, a, t, '', 900-12-3456, a duplicate key value violates a unique constraint, ''",
        "23505, a, 900-12-3456, '', own, a duplicate key value violates a unique constraint, ''",
        "23514, a, t, '', own, 'new row for relation \"t\" violates check constraint \"own\"', stn",
        "23P01, a, t, '', own, 'conflicting key value violates exclusion constraint \"own\"', stn",
        "23514, a, t, '', key, a check constraint is violated, ''",
        "22P02, a, t, c, own, invalid input syntax for the type, ''",
    })
    void namesViolatedConstraintsThatAreKnown(
            String state,
            String schema,
            String relation,
            String column,
            String constraint,
            String message,
            String kept) {
        ErrorSanitizer.Names names = new ErrorSanitizer.Names() {
            @Override
            public boolean column(String inSchema, String of, String name) {
                return inSchema.equals("a") && of.equals("t") && name.equals("c");
            }

            @Override
            public ErrorSanitizer.@Nullable Violation constraint(String inSchema, String of, String name) {
                if (!inSchema.equals("a") || !of.equals("t")) {
                    return null;
                }
                return switch (name) {
                    case "own" -> ErrorSanitizer.Violation.OWN;
                    case "key" -> ErrorSanitizer.Violation.REFERENCED;
                    default -> null;
                };
            }
        };
        Map<Character, String> fields = Map.of(
                'S',
                "ERROR",
                'V',
                "ERROR",
                'C',
                state,
                'M',
                "900-12-3456",
                'D',
                "900-12-3456",
                's',
                schema,
                't',
                relation,
                'c',
                column,
                'n',
                constraint);
        Map<Character, String> safe = ErrorSanitizer.sanitize(fields, names);

        assertThat(safe).containsEntry('M', message).doesNotContainKey('D');
        for (char type : "stcn".toCharArray()) {
            assertThat(safe.get(type)).isEqualTo(kept.indexOf(type) < 0 ? null : fields.get(type));
        }
        assertThat(safe.toString()).doesNotContain("900-12-3456");
    }

    @ParameterizedTest
    @CsvSource({
        "23505, 23505, a duplicate key value violates a unique constraint",
        "42P01, 42P01, a relation does not exist",
        "42601, 42601, syntax error",
        "22ZZZ, 22000, a value does not fit what is done with it",
        "P0ZZZ, P0000, a function failed",
        "SSN12, XX000, internal error of the database",
        "2250, XX000, internal error of the database",
        "'', XX000, internal error of the database",
    })
    void saysWhatTheStateMeans(String state, String known, String message) {
        Map<Character, String> safe = sanitize(Map.of('C', state, 'S', "ERROR"));
        assertThat(safe).containsEntry('C', known).containsEntry('M', message);
    }

    @Test
    void distrustsSeverityAndPosition() {
        assertThat(sanitize(Map.of('S', "JANE", 'V', "ROE", 'P', "1; 900-12-3456")))
                .isEqualTo(Map.of('S', "ERROR", 'V', "ERROR", 'C', "XX000", 'M', "internal error of the database"));
        assertThat(sanitize(Map.of('S', "NOTICE", 'C', "00000")))
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
            assertThat(sanitize(fields)).isEqualTo(sanitize(Map.of('C', "23505", 'V', "ERROR", 'P', "4")));
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
