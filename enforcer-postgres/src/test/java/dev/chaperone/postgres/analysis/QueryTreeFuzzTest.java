package dev.chaperone.postgres.analysis;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;

/** The reader of trees and the analyser. */
class QueryTreeFuzzTest {

    /* libFuzzer's own escapes. */
    @DictionaryEntries({
        "({QUERY ",
        "{RANGETBLENTRY ",
        "{RTE ",
        "{VAR ",
        "{TARGETENTRY ",
        "{SUBLINK ",
        "{COMMONTABLEEXPR ",
        "{SETOPERATIONSTMT ",
        "{RANGETBLREF ",
        ":commandType ",
        ":rtekind ",
        ":relid ",
        ":varno ",
        ":varattno ",
        ":varlevelsup ",
        ":selectedCols (b ",
        ":subquery ",
        ":ctename ",
        ":rtindex ",
        "<>",
        "[",
        "]",
        "(o ",
        "(i "
    })
    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void reads(byte[] data) {
        TreeProperties.check(FuzzInput.text(data));
    }
}
