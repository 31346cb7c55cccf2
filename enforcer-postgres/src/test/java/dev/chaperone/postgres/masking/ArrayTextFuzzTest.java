package dev.chaperone.postgres.masking;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;

class ArrayTextFuzzTest {

    /* libFuzzer's own escapes. */
    @DictionaryEntries({"{", "}", ",", "\\x22", "\\x5C", "NULL", "[0:1]=", "{{a},{b}}"})
    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void maps(byte[] data) {
        MaskingProperties.array(FuzzInput.text(data));
    }
}
