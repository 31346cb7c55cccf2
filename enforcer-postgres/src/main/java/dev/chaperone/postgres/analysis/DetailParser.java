package dev.chaperone.postgres.analysis;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** PREPARE, EXECUTE, DEALLOCATE, DISCARD, LOCK, cursors and EXPLAIN: null for any form that is not fully understood. */
final class DetailParser {

    private static final Set<String> CURSOR_OPTIONS = Set.of("binary", "insensitive", "asensitive", "no", "scroll");
    private static final Set<String> OFF = Set.of("false", "off", "0");

    private final String text;
    private final SqlLexer lexer;

    private DetailParser(String text) {
        this.text = text;
        lexer = new SqlLexer(text);
    }

    static @Nullable StatementDetail parse(String text, String operation) {
        DetailParser parser = new DetailParser(text);
        parser.lexer.next();
        parser.lexer.next();
        return switch (operation) {
            case "prepare" -> parser.prepare();
            case "execute" -> parser.execute();
            case "deallocate" -> parser.deallocate();
            case "discard" -> parser.discard();
            case "declare" -> parser.declare();
            case "fetch", "move" -> parser.fetch();
            case "close" -> parser.close();
            case "explain" -> parser.explain();
            case "lock" -> parser.lock();
            default -> null;
        };
    }

    private @Nullable String name() {
        String name = StatementClassifier.nameOf(lexer);
        lexer.next();
        return name;
    }

    private boolean ended() {
        return lexer.kind() == SqlLexer.Kind.END;
    }

    private String body() {
        return text.substring(lexer.start());
    }

    private @Nullable StatementDetail prepare() {
        String name = name();
        List<String> types = lexer.symbol() == '(' ? list() : List.of();
        if (name == null || types == null || !lexer.is("as")) {
            return null;
        }
        lexer.next();
        return ended() ? null : new StatementDetail.Prepare(name, types, body());
    }

    private @Nullable StatementDetail execute() {
        String name = name();
        List<String> arguments = lexer.symbol() == '(' ? list() : List.of();
        return name == null || arguments == null || !ended() ? null : new StatementDetail.Execute(name, arguments);
    }

    /** A list in parentheses, split at its own commas; leaves the lexer after it. */
    private @Nullable List<String> list() {
        List<String> items = new ArrayList<>();
        lexer.next();
        int from = lexer.start();
        int to = from;
        int depth = 0;
        while (!ended()) {
            char symbol = lexer.symbol();
            if (depth == 0 && (symbol == ',' || symbol == ')')) {
                if (to == from) {
                    return null;
                }
                items.add(text.substring(from, to));
                lexer.next();
                if (symbol == ')') {
                    return items;
                }
                from = lexer.start();
                to = from;
                continue;
            }
            depth += symbol == '(' || symbol == '[' ? 1 : symbol == ')' || symbol == ']' ? -1 : 0;
            to = lexer.end();
            lexer.next();
        }
        return null;
    }

    private @Nullable StatementDetail deallocate() {
        boolean prepare = lexer.is("prepare");
        boolean all = lexer.is("all");
        String name = name();
        if (prepare && !ended()) {
            all = lexer.is("all");
            name = name();
        }
        if (!ended() || name == null) {
            return null;
        }
        return new StatementDetail.Deallocate(all ? null : name);
    }

    private @Nullable StatementDetail discard() {
        String what = lexer.kind() == SqlLexer.Kind.WORD ? name() : null;
        if (what == null
                || !ended()
                || !Set.of("all", "plans", "sequences", "temp", "temporary").contains(what)) {
            return null;
        }
        return new StatementDetail.Discard(what.equals("temporary") ? "temp" : what);
    }

    private @Nullable StatementDetail declare() {
        String name = name();
        boolean binary = false;
        while (lexer.kind() == SqlLexer.Kind.WORD && CURSOR_OPTIONS.contains(String.valueOf(lexer.value()))) {
            binary |= lexer.is("binary");
            lexer.next();
        }
        if (name == null || !lexer.is("cursor")) {
            return null;
        }
        lexer.next();
        boolean hold = lexer.is("with");
        if (hold || lexer.is("without")) {
            lexer.next();
            if (!lexer.is("hold")) {
                return null;
            }
            lexer.next();
        }
        if (!lexer.is("for")) {
            return null;
        }
        lexer.next();
        return ended() ? null : new StatementDetail.Declare(name, binary, hold, body());
    }

    /** However many rows and in whichever direction: the cursor's name comes last. */
    private @Nullable StatementDetail fetch() {
        String last = null;
        while (!ended()) {
            if (lexer.kind() == SqlLexer.Kind.SYMBOL || lexer.kind() == SqlLexer.Kind.STRING) {
                return null;
            }
            last = name();
        }
        return last == null ? null : new StatementDetail.CursorUse(last);
    }

    private @Nullable StatementDetail close() {
        boolean all = lexer.is("all");
        String name = name();
        return name == null || !ended() ? null : new StatementDetail.CursorUse(all ? null : name);
    }

    private @Nullable StatementDetail lock() {
        if (lexer.is("table")) {
            lexer.next();
        }
        List<String> relations = new ArrayList<>();
        List<String> names = new ArrayList<>();
        while (true) {
            int from = lexer.start();
            if (lexer.is("only")) {
                lexer.next();
            }
            int to;
            List<String> name = new ArrayList<>();
            do {
                if (lexer.symbol() == '.') {
                    lexer.next();
                }
                to = lexer.end();
                String part = name();
                if (part == null) {
                    return null;
                }
                name.add(part);
            } while (lexer.symbol() == '.');
            relations.add(text.substring(from, to));
            names.add(String.join(".", name));
            if (lexer.kind() == SqlLexer.Kind.OPERATOR && "*".equals(lexer.value())) {
                lexer.next();
            }
            if (lexer.symbol() != ',') {
                break;
            }
            lexer.next();
        }
        boolean noWait = false;
        while (lexer.kind() == SqlLexer.Kind.WORD) {
            noWait = lexer.is("nowait");
            lexer.next();
        }
        return ended() ? new StatementDetail.Lock(relations, names, noWait) : null;
    }

    private @Nullable StatementDetail explain() {
        boolean analyze = false;
        if (lexer.symbol() == '(') {
            SqlLexer ahead = new SqlLexer(body());
            ahead.next();
            ahead.next();
            boolean query = ahead.symbol() == '('
                    || ahead.is("select")
                    || ahead.is("with")
                    || ahead.is("values")
                    || ahead.is("table");
            if (!query) {
                List<String> options = list();
                if (options == null) {
                    return null;
                }
                analyze = options.stream().anyMatch(DetailParser::analyzes);
            }
        } else {
            while (lexer.is("analyze") || lexer.is("analyse") || lexer.is("verbose")) {
                analyze |= !lexer.is("verbose");
                lexer.next();
            }
        }
        return ended() ? null : new StatementDetail.Explain(analyze, body());
    }

    /** An option whose name is spelled with escapes may be any. */
    private static boolean analyzes(String option) {
        SqlLexer lexer = new SqlLexer(option);
        lexer.next();
        String name = lexer.value();
        if (name != null && !name.equals("analyze") && !name.equals("analyse")) {
            return false;
        }
        lexer.next();
        String value = lexer.value();
        return value == null || !OFF.contains(value);
    }
}
