package dev.chaperone.postgres.wire;

import dev.chaperone.postgres.FuzzInput;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The decoders' properties over seeded streams of almost well-formed messages, and over what fuzzing starts from. */
class DecoderPropertiesTest {

    private static final int ROUNDS = 200;
    private static final String FRONTEND_TAGS = "pQPBDECSHXFdcfZ";
    private static final String BACKEND_TAGS = "TENDCZ1";

    static Stream<byte[]> frontendSeeds() {
        return FuzzInput.seeds(FrontendDecoderFuzzTest.class);
    }

    static Stream<byte[]> backendSeeds() {
        return FuzzInput.seeds(BackendDecoderFuzzTest.class);
    }

    @ParameterizedTest
    @MethodSource("frontendSeeds")
    void holdForWhatFrontendFuzzingStartsFrom(byte[] seed) {
        DecoderProperties.frontend(seed);
    }

    @ParameterizedTest
    @MethodSource("backendSeeds")
    void holdForWhatBackendFuzzingStartsFrom(byte[] seed) {
        DecoderProperties.backend(seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void holdForAlmostFrontendMessages(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            data.write(random.nextInt(4) == 0 ? random.nextInt(5) : 3);
            data.write(random.nextInt(256));
            stream(random, FRONTEND_TAGS, data);
            DecoderProperties.frontend(data.toByteArray());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void holdForAlmostBackendMessages(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            data.write(random.nextInt(256));
            stream(random, BACKEND_TAGS, data);
            DecoderProperties.backend(data.toByteArray());
        }
    }

    private static void stream(Random random, String tags, ByteArrayOutputStream out) {
        for (int message = random.nextInt(6); message >= 0; message--) {
            byte[] body = body(random);
            int lie = random.nextInt(12) == 0 ? random.nextInt(9) - 4 : 0;
            out.write(tags.charAt(random.nextInt(tags.length())));
            out.writeBytes(ByteBuffer.allocate(4).putInt(4 + body.length + lie).array());
            out.writeBytes(body);
        }
    }

    private static byte[] body(Random random) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int part = random.nextInt(9); part > 0; part--) {
            switch (random.nextInt(6)) {
                case 0 -> body.write(random.nextInt(2) == 0 ? 'S' : 'P');
                case 1 -> body.writeBytes(new byte[] {0, (byte) random.nextInt(3)});
                case 2 ->
                    body.writeBytes(
                            ByteBuffer.allocate(4).putInt(random.nextInt(6) - 2).array());
                case 3 -> body.write(random.nextInt(256));
                default -> {
                    body.writeBytes("select 'é'".substring(random.nextInt(9)).getBytes(StandardCharsets.UTF_8));
                    body.write(0);
                }
            }
        }
        return body.toByteArray();
    }
}
