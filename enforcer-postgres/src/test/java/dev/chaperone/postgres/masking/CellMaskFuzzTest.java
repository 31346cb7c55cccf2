package dev.chaperone.postgres.masking;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;

class CellMaskFuzzTest {

    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void masks(byte[] data) {
        MaskingProperties.cell(data);
    }
}
