package dev.chaperone.rules;

/**
 * One token of a policy file.
 *
 * @param kind what it is
 * @param text its text; for {@link Kind#TEXT} the value that the literal stands for
 * @param line line, from 1
 * @param column column, from 1
 */
record Token(Kind kind, String text, int line, int column) {
    enum Kind {
        /** A keyword or a name. */
        WORD,
        /** A name that begins with a dollar sign. */
        VARIABLE,
        /** A string literal. */
        TEXT,
        /** An integer literal. */
        NUMBER,
        /** Punctuation or an operator. */
        SYMBOL,
        /** The end of the file. */
        END
    }

    boolean is(String wanted) {
        return (kind == Kind.WORD || kind == Kind.SYMBOL) && text.equals(wanted);
    }

    /** The token as a message shows it. */
    String shown() {
        switch (kind) {
            case END:
                return "the end of the file";
            case TEXT:
                return "a text literal";
            default:
                return "`" + text + "`";
        }
    }
}
