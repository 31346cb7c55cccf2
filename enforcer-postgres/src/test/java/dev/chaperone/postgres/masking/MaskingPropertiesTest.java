package dev.chaperone.postgres.masking;

import dev.chaperone.postgres.FuzzInput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The maskers' properties over damaged seeds, and over what fuzzing starts from. */
class MaskingPropertiesTest {

    private static final int ROUNDS = 1500;
    private static final byte[] AWKWARD = "\\\n\r\t,\"'N.-{}|q\0é".getBytes(StandardCharsets.UTF_8);

    static Stream<byte[]> rowSeeds() {
        return FuzzInput.seeds(DataRowMaskerFuzzTest.class);
    }

    static Stream<byte[]> cellSeeds() {
        return FuzzInput.seeds(CellMaskFuzzTest.class);
    }

    static Stream<byte[]> copySeeds() {
        return FuzzInput.seeds(CopyMaskerFuzzTest.class);
    }

    static Stream<byte[]> arraySeeds() {
        return FuzzInput.seeds(ArrayTextFuzzTest.class);
    }

    @ParameterizedTest
    @MethodSource("rowSeeds")
    void holdForTheRowsThatFuzzingStartsFrom(byte[] seed) {
        MaskingProperties.dataRow(seed);
    }

    @ParameterizedTest
    @MethodSource("cellSeeds")
    void holdForTheCellsThatFuzzingStartsFrom(byte[] seed) {
        MaskingProperties.cell(seed);
    }

    @ParameterizedTest
    @MethodSource("copySeeds")
    void holdForTheCopiesThatFuzzingStartsFrom(byte[] seed) {
        MaskingProperties.copy(seed);
    }

    @ParameterizedTest
    @MethodSource("arraySeeds")
    void holdForTheArraysThatFuzzingStartsFrom(byte[] seed) {
        MaskingProperties.array(FuzzInput.text(seed));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void holdForDamagedSeeds(long seed) {
        Random random = new Random(seed);
        byte[][] rows = rowSeeds().toArray(byte[][]::new);
        byte[][] cells = cellSeeds().toArray(byte[][]::new);
        byte[][] copies = copySeeds().toArray(byte[][]::new);
        byte[][] arrays = arraySeeds().toArray(byte[][]::new);
        for (int round = 0; round < ROUNDS; round++) {
            MaskingProperties.dataRow(damaged(rows, random));
            MaskingProperties.cell(damaged(cells, random));
            MaskingProperties.copy(damaged(copies, random));
            MaskingProperties.array(FuzzInput.text(damaged(arrays, random)));
        }
    }

    private static byte[] damaged(byte[][] seeds, Random random) {
        byte[] seed = seeds[random.nextInt(seeds.length)];
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte b : seed) {
            switch (random.nextInt(24)) {
                case 0 -> out.write(random.nextInt(256));
                case 1 -> out.write(AWKWARD[random.nextInt(AWKWARD.length)]);
                case 2 -> {
                    out.write(b);
                    out.write(AWKWARD[random.nextInt(AWKWARD.length)]);
                }
                case 3 -> {}
                default -> out.write(b);
            }
        }
        return out.toByteArray();
    }
}
