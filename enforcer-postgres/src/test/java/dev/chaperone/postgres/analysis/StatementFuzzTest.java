package dev.chaperone.postgres.analysis;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaperone.postgres.FuzzInput;

/** The lexer, the splitter, the classifier and the parsers of details. */
class StatementFuzzTest {

    /* libFuzzer's own escapes. */
    @DictionaryEntries({
        "create function",
        "begin atomic",
        "end",
        "case",
        "as",
        "into",
        "with",
        "copy",
        "to stdout",
        "from stdin",
        "(format csv",
        "declare",
        "cursor for",
        "fetch",
        "prepare",
        "execute",
        "deallocate",
        "all",
        "discard",
        "explain",
        "(analyze",
        "set local",
        "to default",
        "session authorization",
        "time zone",
        "$$",
        "$a$",
        "/*",
        "*/",
        "--",
        "e'",
        "u&'",
        "u&\\x22",
        "''",
        "\\x5C'",
        "\\x0A'"
    })
    @FuzzTest(maxDuration = FuzzInput.DURATION)
    void reads(byte[] data) {
        StatementProperties.check(FuzzInput.text(data));
    }
}
