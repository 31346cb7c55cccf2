package dev.chaperone.postgres.wire;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;

class FrontendDecoderFuzzTest {

    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void decodes(byte[] data) {
        DecoderProperties.frontend(data);
    }
}
