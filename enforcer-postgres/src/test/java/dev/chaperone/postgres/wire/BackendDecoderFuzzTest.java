package dev.chaperone.postgres.wire;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;

class BackendDecoderFuzzTest {

    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void decodes(byte[] data) {
        DecoderProperties.backend(data);
    }
}
