package dev.chaperone.postgres.analysis;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;
import java.util.List;
import java.util.Map;
import java.util.Set;

class SourceRewriterFuzzTest {

    static final List<MaskedSource> SOURCES = List.of(source("users"), source("U"), source("t x"));

    private static MaskedSource source(String name) {
        RelationInfo relation = TestingRelations.relation(
                1, "public", name, 'r', Map.of(1, new ColumnInfo("a", "text", "text", false)));
        return new MaskedSource(relation, "SELECT NULL::text AS a FROM public.\"" + name + '"', Set.of(1));
    }

    /* libFuzzer's own escapes. */
    @DictionaryEntries({
        "select",
        "from",
        "users",
        "\\x22U\\x22",
        "\\x22t x\\x22",
        "public.",
        "join",
        "on",
        "lateral",
        "only",
        "with",
        "as (",
        "as materialized (",
        "is distinct from",
        "union",
        "where",
        "(",
        ")",
        ","
    })
    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void rewrites(byte[] data) {
        StatementProperties.rewriting(FuzzInput.text(data), SOURCES);
    }
}
