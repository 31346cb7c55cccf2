package dev.chaperone.postgres.analysis;

import dev.chaperone.postgres.FuzzInput;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The properties of reading statements and trees, over seeded texts and over what fuzzing starts from. */
class StatementPropertiesTest {

    private static final int ROUNDS = 1500;

    static Stream<byte[]> statementSeeds() {
        return FuzzInput.seeds(StatementFuzzTest.class);
    }

    static Stream<byte[]> rewriterSeeds() {
        return FuzzInput.seeds(SourceRewriterFuzzTest.class);
    }

    static Stream<byte[]> treeSeeds() {
        return FuzzInput.seeds(QueryTreeFuzzTest.class);
    }

    @ParameterizedTest
    @MethodSource("statementSeeds")
    void holdForTheStatementsThatFuzzingStartsFrom(byte[] seed) {
        StatementProperties.check(FuzzInput.text(seed));
    }

    @ParameterizedTest
    @MethodSource("rewriterSeeds")
    void holdForTheRewritesThatFuzzingStartsFrom(byte[] seed) {
        StatementProperties.rewriting(FuzzInput.text(seed), SourceRewriterFuzzTest.SOURCES);
    }

    @ParameterizedTest
    @MethodSource("treeSeeds")
    void holdForTheTreesThatFuzzingStartsFrom(byte[] seed) {
        TreeProperties.check(FuzzInput.text(seed));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void holdForMixedStatements(long seed) {
        SqlTexts texts = new SqlTexts(new Random(seed));
        for (int round = 0; round < ROUNDS; round++) {
            String sql = texts.next();
            StatementProperties.check(sql);
            StatementProperties.rewriting(sql, SourceRewriterFuzzTest.SOURCES);
        }
    }

    /** Trees with a part cut out, doubled, or exchanged for a part of another. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void holdForDamagedTrees(long seed) {
        Random random = new Random(seed);
        String[] trees = treeSeeds()
                .map(tree -> new String(tree, StandardCharsets.UTF_8))
                .toArray(String[]::new);
        for (int round = 0; round < 150; round++) {
            String tree = trees[random.nextInt(trees.length)];
            String other = trees[random.nextInt(trees.length)];
            int from = boundary(tree, random);
            int to = boundary(tree, random);
            int start = boundary(other, random);
            int end = Math.min(other.length(), start + random.nextInt(60));
            TreeProperties.check(tree.substring(0, from) + other.substring(start, end) + tree.substring(to));
        }
    }

    private static int boundary(String tree, Random random) {
        int space = tree.indexOf(' ', random.nextInt(tree.length()));
        return space < 0 ? tree.length() : space;
    }
}
