package dev.chaperone.postgres.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "\u00e9", "\u20ac", "\ud83d\ude00"})
    void areCutAfter63BytesButNotWithinACharacter(String character) {
        for (int before = 0; before <= 70; before++) {
            String name = "x".repeat(before) + character.repeat(30);
            String cut = Names.cut(name);
            int bytes = cut.getBytes(StandardCharsets.UTF_8).length;

            assertThat(name).startsWith(cut);
            assertThat(bytes).isLessThanOrEqualTo(63);
            if (cut.length() < name.length()) {
                int next = name.codePointAt(cut.length());
                assertThat(bytes + Character.toString(next).getBytes(StandardCharsets.UTF_8).length)
                        .isGreaterThan(63);
            }
        }
    }

    @Test
    void areFoldedByLettersOfAsciiOnly() {
        assertThat(Names.fold("AzZ_\u212a\u0130\u00c9")).isEqualTo("azz_\u212a\u0130\u00c9");
    }
}
