package dev.chaperone.postgres.analysis;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says what a statement is by its leading words. */
final class StatementClassifier {

    private static final Map<String, StatementClass> BY_FIRST_WORD = Map.ofEntries(
            Map.entry("select", StatementClass.QUERY),
            Map.entry("values", StatementClass.QUERY),
            Map.entry("table", StatementClass.QUERY),
            Map.entry("insert", StatementClass.DML),
            Map.entry("update", StatementClass.DML),
            Map.entry("delete", StatementClass.DML),
            Map.entry("merge", StatementClass.DML),
            Map.entry("begin", StatementClass.TRANSACTION),
            Map.entry("end", StatementClass.TRANSACTION),
            Map.entry("abort", StatementClass.TRANSACTION),
            Map.entry("savepoint", StatementClass.TRANSACTION),
            Map.entry("release", StatementClass.TRANSACTION),
            Map.entry("set", StatementClass.SET),
            Map.entry("reset", StatementClass.RESET),
            Map.entry("show", StatementClass.SHOW),
            Map.entry("discard", StatementClass.DISCARD),
            Map.entry("deallocate", StatementClass.DEALLOCATE),
            Map.entry("execute", StatementClass.EXECUTE),
            Map.entry("declare", StatementClass.CURSOR),
            Map.entry("fetch", StatementClass.CURSOR),
            Map.entry("move", StatementClass.CURSOR),
            Map.entry("close", StatementClass.CURSOR),
            Map.entry("explain", StatementClass.EXPLAIN),
            Map.entry("copy", StatementClass.COPY),
            Map.entry("listen", StatementClass.LISTEN),
            Map.entry("unlisten", StatementClass.LISTEN),
            Map.entry("notify", StatementClass.LISTEN),
            Map.entry("lock", StatementClass.LOCK),
            Map.entry("truncate", StatementClass.TRUNCATE),
            Map.entry("comment", StatementClass.SCHEMA),
            Map.entry("grant", StatementClass.ADMIN),
            Map.entry("revoke", StatementClass.ADMIN),
            Map.entry("do", StatementClass.ADMIN),
            Map.entry("call", StatementClass.ADMIN),
            Map.entry("vacuum", StatementClass.ADMIN),
            Map.entry("analyze", StatementClass.ADMIN),
            Map.entry("analyse", StatementClass.ADMIN),
            Map.entry("cluster", StatementClass.ADMIN),
            Map.entry("reindex", StatementClass.ADMIN),
            Map.entry("refresh", StatementClass.ADMIN),
            Map.entry("checkpoint", StatementClass.ADMIN),
            Map.entry("load", StatementClass.ADMIN),
            Map.entry("reassign", StatementClass.ADMIN),
            Map.entry("import", StatementClass.ADMIN),
            Map.entry("security", StatementClass.ADMIN));

    /** Words between CREATE and what is created. */
    private static final Set<String> MODIFIERS = Set.of(
            "or",
            "replace",
            "temp",
            "temporary",
            "unlogged",
            "global",
            "local",
            "unique",
            "recursive",
            "trusted",
            "procedural",
            "constraint");

    private static final Set<String> SCHEMA_OBJECTS = Set.of(
            "table",
            "index",
            "view",
            "materialized",
            "sequence",
            "schema",
            "type",
            "domain",
            "collation",
            "statistics");

    private static final Set<String> ADMIN_OBJECTS = Set.of(
            "access",
            "aggregate",
            "cast",
            "conversion",
            "database",
            "default",
            "event",
            "extension",
            "foreign",
            "function",
            "group",
            "language",
            "large",
            "operator",
            "owned",
            "policy",
            "procedure",
            "publication",
            "role",
            "routine",
            "rule",
            "server",
            "subscription",
            "system",
            "tablespace",
            "text",
            "transform",
            "trigger",
            "user");

    private static final Map<String, String> SECOND_WORDS = Map.of(
            "materialized", "view", "access", "method", "default", "privileges", "event", "trigger", "large", "object");

    private static final String SELECT_INTO = "select into";

    private final SqlLexer lexer;
    private final String text;
    private final int start;
    private int into;

    private StatementClassifier(String text, int start) {
        this.text = text;
        this.start = start;
        lexer = new SqlLexer(text);
    }

    static SqlStatement classify(String text, int start) {
        return new StatementClassifier(text, start).classify();
    }

    private SqlStatement classify() {
        lexer.next();
        if (lexer.symbol() == '(') {
            while (lexer.symbol() == '(') {
                lexer.next();
            }
            return isQueryWord() ? made(StatementClass.QUERY, intoOr("select")) : made(StatementClass.UNKNOWN, "");
        }
        String word = lexer.kind() == SqlLexer.Kind.WORD ? lexer.value() : null;
        if (word == null) {
            return made(StatementClass.UNKNOWN, "");
        }
        switch (word) {
            case "with" -> {
                return with();
            }
            case "select" -> {
                return made(StatementClass.QUERY, intoOr("select"));
            }
            case "create", "alter", "drop" -> {
                return definition(word);
            }
            case "prepare", "commit", "rollback", "start" -> {
                return ambiguous(word);
            }
            default -> {}
        }
        StatementClass known = BY_FIRST_WORD.get(word);
        return known == null ? made(StatementClass.UNKNOWN, word) : made(known, word);
    }

    private boolean isQueryWord() {
        return lexer.is("select") || lexer.is("with") || lexer.is("values") || lexer.is("table");
    }

    private SqlStatement made(StatementClass kind, String operation) {
        StatementDetail detail = switch (kind) {
            case SET, RESET, SHOW -> SettingParser.parse(text, kind);
            case COPY -> CopyParser.parse(text);
            case PREPARE, EXECUTE, DEALLOCATE, DISCARD, CURSOR, EXPLAIN, LOCK -> DetailParser.parse(text, operation);
            case QUERY -> operation.equals(SELECT_INTO) ? CreateAsParser.selectInto(text, into) : null;
            case SCHEMA -> creates(operation) ? CreateAsParser.create(text) : null;
            default -> null;
        };
        String named = operation.equals("create table") && detail != null ? "create table as" : operation;
        return new SqlStatement(text, start, start + text.length(), kind, named, detail);
    }

    private static boolean creates(String operation) {
        return operation.equals("create table") || operation.equals("create materialized view");
    }

    /** Two-phase commit is administration: a prepared transaction outlives its session. */
    private SqlStatement ambiguous(String word) {
        lexer.next();
        if (lexer.is("prepared") || word.equals("prepare") && lexer.is("transaction")) {
            return made(StatementClass.ADMIN, word + ' ' + lexer.value());
        }
        return switch (word) {
            case "prepare" -> made(StatementClass.PREPARE, word);
            case "start" ->
                lexer.is("transaction")
                        ? made(StatementClass.TRANSACTION, "start transaction")
                        : made(StatementClass.UNKNOWN, word);
            default -> made(StatementClass.TRANSACTION, rollbackTo(word));
        };
    }

    private String rollbackTo(String word) {
        if (word.equals("rollback")) {
            if (lexer.is("work") || lexer.is("transaction")) {
                lexer.next();
            }
            if (lexer.is("to")) {
                return "rollback to";
            }
        }
        return word;
    }

    private SqlStatement definition(String verb) {
        lexer.next();
        while (lexer.kind() == SqlLexer.Kind.WORD && MODIFIERS.contains(wordOrEmpty())) {
            lexer.next();
        }
        String object = wordOrEmpty();
        lexer.next();
        String operation = verb + ' ' + object;
        String second = SECOND_WORDS.get(object);
        if (second != null && lexer.is(second)) {
            operation += ' ' + second;
        }
        if (object.equals("foreign") && lexer.is("table")) {
            return made(StatementClass.SCHEMA, verb + " foreign table");
        }
        if (SCHEMA_OBJECTS.contains(object)) {
            return made(StatementClass.SCHEMA, operation);
        }
        return ADMIN_OBJECTS.contains(object)
                ? made(StatementClass.ADMIN, operation)
                : made(StatementClass.UNKNOWN, verb);
    }

    private String wordOrEmpty() {
        String word = lexer.kind() == SqlLexer.Kind.WORD ? lexer.value() : null;
        return word == null ? "" : word;
    }

    /** WITH: the verb stands outside of all parentheses, right after the last common table expression's. */
    private SqlStatement with() {
        int parentheses = 0;
        boolean closed = false;
        while (lexer.next() != SqlLexer.Kind.END) {
            char symbol = lexer.symbol();
            if (symbol == '(') {
                parentheses++;
            } else if (symbol == ')') {
                parentheses--;
            } else if (closed && parentheses == 0) {
                if (lexer.is("insert") || lexer.is("update") || lexer.is("delete") || lexer.is("merge")) {
                    return made(StatementClass.DML, wordOrEmpty());
                }
                if (lexer.is("select")) {
                    break;
                }
            }
            closed = symbol == ')';
        }
        return made(StatementClass.QUERY, intoOr("select"));
    }

    /** SELECT INTO creates a table. */
    private String intoOr(String operation) {
        boolean label = false;
        boolean verb = false;
        int parentheses = 0;
        while (lexer.kind() != SqlLexer.Kind.END) {
            char symbol = lexer.symbol();
            if (symbol == '(') {
                parentheses++;
            } else if (symbol == ')') {
                parentheses--;
            } else if (parentheses <= 0 && !label && !verb && lexer.is("into")) {
                into = lexer.start();
                return SELECT_INTO;
            }
            label = lexer.is("as") || symbol == '.';
            verb = lexer.is("insert") || lexer.is("merge");
            lexer.next();
        }
        return operation;
    }

    static @Nullable String nameOf(SqlLexer lexer) {
        return lexer.kind() == SqlLexer.Kind.WORD || lexer.kind() == SqlLexer.Kind.QUOTED ? lexer.value() : null;
    }
}
