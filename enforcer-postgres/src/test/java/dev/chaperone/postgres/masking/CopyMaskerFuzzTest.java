package dev.chaperone.postgres.masking;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;

class CopyMaskerFuzzTest {

    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void masks(byte[] data) {
        MaskingProperties.copy(data);
    }
}
