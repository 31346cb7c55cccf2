package dev.chaperone.postgres.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts subqueries in the place of relations in a statement's text, and leaves every other character as it is. Linear in the
 * length of the text.
 *
 * <p>It finds the relations by where they stand in a FROM clause. Nothing depends on its finding all of them, or the right
 * ones: what comes out is for the server to analyse again, and {@link MaskedSource.Verified} to be found in its tree.
 */
final class SourceRewriter {

    /** Words that may follow a relation and are not its alias. */
    private static final Set<String> AFTER_RELATION = Set.of(
            "cross",
            "except",
            "fetch",
            "for",
            "full",
            "group",
            "having",
            "inner",
            "intersect",
            "join",
            "left",
            "limit",
            "natural",
            "offset",
            "on",
            "order",
            "right",
            "tablesample",
            "union",
            "using",
            "where",
            "window");

    private static final Set<String> ENDS_FROM = Set.of(
            "where",
            "group",
            "having",
            "window",
            "order",
            "limit",
            "offset",
            "fetch",
            "for",
            "union",
            "intersect",
            "except",
            "returning");

    private record Token(
            SqlLexer.Kind kind,
            int start,
            int end,
            @Nullable String value,
            char symbol) {

        boolean is(String word) {
            return kind == SqlLexer.Kind.WORD && word.equals(value);
        }

        boolean isSymbol(char c) {
            return symbol == c;
        }

        boolean isName() {
            return (kind == SqlLexer.Kind.WORD || kind == SqlLexer.Kind.QUOTED) && value != null;
        }
    }

    /** Where a pair of parentheses is. */
    private static final class Frame {
        private boolean select;
        private boolean expectsItem;
        private boolean inFrom;
    }

    private final String sql;
    private final Collection<MaskedSource> sources;
    private final List<Token> tokens = new ArrayList<>();
    private final Set<String> commonTables = new HashSet<>();
    private final StringBuilder out = new StringBuilder();
    private final ArrayDeque<Frame> frames = new ArrayDeque<>();
    private int copied;
    private int next;

    private SourceRewriter(String sql, Collection<MaskedSource> sources) {
        this.sql = sql;
        this.sources = sources;
    }

    /** The statement with every source in the place of its relation, wherever that was found. */
    static String rewrite(String sql, Collection<MaskedSource> sources) {
        return new SourceRewriter(sql, sources).rewrite();
    }

    private String rewrite() {
        SqlLexer lexer = new SqlLexer(sql);
        while (lexer.next() != SqlLexer.Kind.END) {
            tokens.add(new Token(lexer.kind(), lexer.start(), lexer.end(), lexer.value(), lexer.symbol()));
        }
        findCommonTables();
        frames.push(new Frame());
        while (next < tokens.size()) {
            step(tokens.get(next));
        }
        return out.append(sql, copied, sql.length()).toString();
    }

    /** {@code name AS (}, {@code name (columns) AS (}: whatever else that may be, its name is not taken for a relation's. */
    private void findCommonTables() {
        ArrayDeque<Integer> opened = new ArrayDeque<>();
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            int before = i - 1;
            if (token.isSymbol('(')) {
                opened.push(i);
            } else if (token.isSymbol(')') && !opened.isEmpty()) {
                before = opened.pop() - 1;
                if (definesAt(i + 1)) {
                    commonTable(before);
                }
            } else if (definesAt(i)) {
                commonTable(before);
            }
        }
    }

    private boolean definesAt(int index) {
        return index + 1 < tokens.size()
                && tokens.get(index).is("as")
                && (symbolAt(index + 1, '(')
                        || tokens.get(index + 1).is("materialized")
                        || tokens.get(index + 1).is("not"));
    }

    private void commonTable(int index) {
        if (index >= 0 && tokens.get(index).isName()) {
            commonTables.add(String.valueOf(tokens.get(index).value()));
        }
    }

    private void step(Token token) {
        Frame frame = frames.element();
        next++;
        if (token.isSymbol('(')) {
            open(frame);
        } else if (token.isSymbol(')')) {
            if (frames.size() > 1) {
                frames.pop();
            }
        } else if (token.isSymbol(',')) {
            frame.expectsItem = frame.inFrom;
        } else if (token.is("select")) {
            frame.select = true;
            frame.inFrom = false;
            frame.expectsItem = false;
        } else if (token.is("from") && frame.select && !followsDistinct()) {
            frame.inFrom = true;
            frame.expectsItem = true;
        } else if (token.is("join") && frame.inFrom) {
            frame.expectsItem = true;
        } else if (token.kind() == SqlLexer.Kind.WORD && token.value() != null && ENDS_FROM.contains(token.value())) {
            frame.inFrom = false;
            frame.expectsItem = false;
        } else if (frame.expectsItem && !token.is("lateral")) {
            frame.expectsItem = false;
            if (token.isName() && !token.is("only")) {
                item(next - 1);
            }
        }
    }

    private void open(Frame outer) {
        Frame inner = new Frame();
        // A join in parentheses, unless it turns out to be a subquery.
        inner.inFrom = outer.expectsItem;
        inner.expectsItem = outer.expectsItem;
        outer.expectsItem = false;
        frames.push(inner);
    }

    /** IS [NOT] DISTINCT FROM. */
    private boolean followsDistinct() {
        return next >= 3
                && tokens.get(next - 2).is("distinct")
                && (tokens.get(next - 3).is("is") || tokens.get(next - 3).is("not"));
    }

    private void item(int first) {
        int last = first;
        while (symbolAt(last + 1, '.')
                && last + 2 < tokens.size()
                && tokens.get(last + 2).isName()) {
            last += 2;
        }
        next = last + 1;
        MaskedSource source = symbolAt(last + 1, '(') || symbolAt(last + 1, '.') ? null : source(first, last);
        if (source != null) {
            Token end = tokens.get(last);
            out.append(sql, copied, tokens.get(first).start())
                    .append('(')
                    .append(source.text())
                    .append(')');
            if (!hasAlias(last + 1)) {
                out.append(" AS ").append(sql, end.start(), end.end());
            }
            copied = end.end();
        }
    }

    private boolean symbolAt(int index, char symbol) {
        return index < tokens.size() && tokens.get(index).isSymbol(symbol);
    }

    private boolean hasAlias(int index) {
        if (index >= tokens.size()) {
            return false;
        }
        Token token = tokens.get(index);
        return token.kind() == SqlLexer.Kind.QUOTED
                || token.kind() == SqlLexer.Kind.WORD
                        && (token.value() == null || !AFTER_RELATION.contains(token.value()));
    }

    private @Nullable MaskedSource source(int first, int last) {
        String name = String.valueOf(tokens.get(last).value());
        String schema = last > first ? tokens.get(last - 2).value() : null;
        if (schema == null && commonTables.contains(name)) {
            return null;
        }
        MaskedSource found = null;
        for (MaskedSource source : sources) {
            if (source.relation().name().equals(name)
                    && (schema == null || source.relation().schema().equals(schema))) {
                if (found != null) {
                    return null;
                }
                found = source;
            }
        }
        return found;
    }
}
