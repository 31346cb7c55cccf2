package dev.chaperone.rules;

import dev.chaperone.rules.PolicyLexer.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads one policy file: the part of DRL that states conditions and conclusions, and no other part.
 *
 * <pre>{@code
 * file = "package" name [ ";" ] { rule }
 * rule = "rule" "name" { "@citation" "(" text ")" | "@reason" "(" text ")" | "salience" number }
 *        "when" pattern { [ "and" | ";" ] pattern } "then" conclusion { conclusion } "end"
 * }</pre>
 *
 * The engine compiles what {@link DrlPrinter} writes from the result, never the author's text: so a file cannot mean one
 * thing here and another there.
 */
final class PolicyParser {
    private static final int MAX_PATTERNS = 6;
    private static final int MAX_JOINS = 2;
    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9 ,.:()/&+_-]{0,99}";
    private static final Map<String, String> STATEMENTS = Map.ofEntries(
            Map.entry("import", "facts and functions are known without imports; leave it out"),
            Map.entry("global", "`verdict` is known without a declaration; leave it out"),
            Map.entry("function", "policies hold rules only; use the functions of facts in conditions"),
            Map.entry("query", "policies hold rules only"),
            Map.entry("declare", "the facts are given; policies declare none"),
            Map.entry("unit", "policies hold rules only; leave it out"),
            Map.entry("dialect", "leave it out: a consequence is calls on `verdict`"),
            Map.entry("expander", "policies are written in DRL"));
    private static final Map<String, String> ATTRIBUTES = Map.ofEntries(
            Map.entry("dialect", "leave it out: a consequence is calls on `verdict`"),
            Map.entry("extends", "repeat the conditions"),
            Map.entry("enabled", "leave the rule out, or comment it out"),
            Map.entry("timer", "decisions are made once, at once"),
            Map.entry("duration", "decisions are made once, at once"),
            Map.entry("calendars", "use `Request( hour … )` or `Request( dayOfWeek … )`"),
            Map.entry("date", "use `Request( hour … )`, or change the policy on that day"),
            Map.entry("attributes", "leave it out"));

    private final TokenCursor cursor;
    private final List<Rule> rules = new ArrayList<>();
    private final List<Diagnostic> diagnostics = new ArrayList<>();
    private String pack = "";

    private PolicyParser(TokenCursor cursor) {
        this.cursor = cursor;
    }

    /** What a file holds, as far as it could be read, and what is wrong with it. */
    record Parsed(List<Rule> rules, List<Diagnostic> diagnostics) {}

    static Parsed parse(PolicySource source) {
        try {
            return new PolicyParser(new TokenCursor(source.path(), PolicyLexer.tokens(source))).file();
        } catch (Refusal refusal) {
            return new Parsed(List.of(), List.of(refusal.diagnostic()));
        }
    }

    private Parsed file() throws Refusal {
        cursor.expect("package", "a policy file begins with `package` and the name of its pack");
        Token name = cursor.expect(Token.Kind.WORD, "the name of a pack", "write `package clinic`");
        if (cursor.peek().is(".") || !name.text().matches("[a-z][a-z0-9_]{0,62}")) {
            throw cursor.refuse(
                    name,
                    "`" + name.text() + "…` is not the name of a pack",
                    "a pack's name is one word in lower case");
        }
        pack = name.text();
        cursor.accept(";");
        while (cursor.peek().kind() != Token.Kind.END) {
            try {
                statement();
            } catch (Refusal refusal) {
                diagnostics.add(refusal.diagnostic());
                skipRule();
            }
        }
        if (rules.isEmpty() && diagnostics.isEmpty()) {
            diagnostics.add(cursor.diagnostic(Severity.WARNING, cursor.peek(), "file holds no rules", ""));
        }
        return new Parsed(rules, diagnostics);
    }

    private void statement() throws Refusal {
        Token token = cursor.next();
        if (token.is("rule")) {
            rules.add(rule(token));
            return;
        }
        String hint = token.kind() == Token.Kind.WORD ? STATEMENTS.getOrDefault(token.text(), "") : "";
        throw cursor.refuse(
                token, token.shown() + " is not allowed here", hint.isEmpty() ? "policies hold rules only" : hint);
    }

    /** After a refusal: goes on behind the rule's end, or before the next rule. */
    private void skipRule() {
        while (cursor.peek().kind() != Token.Kind.END) {
            boolean nextRule = cursor.peek().is("rule") && cursor.peek(1).kind() == Token.Kind.TEXT;
            if (nextRule || cursor.next().is("end")) {
                return;
            }
        }
    }

    private Rule rule(Token start) throws Refusal {
        Token name =
                cursor.expect(Token.Kind.TEXT, "the rule's name in double quotes", "write `rule \"what it does\"`");
        if (!name.text().matches(NAME)) {
            throw cursor.refuse(
                    name,
                    "`" + name.text() + "` is not a rule name",
                    "use at most 100 letters, digits, spaces and `,.:()/&+_-`");
        }
        Map<String, String> annotations = header(name);
        RuleInfo info = new RuleInfo(
                pack,
                name.text(),
                annotations.getOrDefault("reason", ""),
                annotations.getOrDefault("citation", ""),
                cursor.path(),
                start.line());
        Scope scope = new Scope();
        List<Pattern> patterns = patterns(start, scope);
        List<Conclusion> conclusions = new ArrayList<>();
        while (!cursor.peek().is("end")) {
            conclusions.add(new ConclusionParser(cursor, scope, info).conclusion());
        }
        if (conclusions.isEmpty()) {
            throw cursor.refuse(
                    cursor.peek(), "rule concludes nothing", "write `verdict.deny(\"…\");` or another conclusion");
        }
        cursor.next();
        return new Rule(info, patterns, conclusions, scope.reads());
    }

    private Map<String, String> header(Token ruleName) throws Refusal {
        Map<String, String> annotations = new TreeMap<>();
        while (!cursor.accept("when")) {
            Token token = cursor.next();
            if (token.is("@")) {
                annotation(annotations);
            } else if (token.is("salience")) {
                cursor.accept("-");
                cursor.expect(
                        Token.Kind.NUMBER, "a number", "the order of rules does not matter; leave `salience` out");
                diagnostics.add(cursor.diagnostic(
                        Severity.WARNING,
                        token,
                        "`salience` has no effect in `" + ruleName.text() + "`",
                        "deny wins over hold, hold over permit, whatever the order"));
            } else if (!token.is(",")) {
                String hint = token.kind() == Token.Kind.WORD ? ATTRIBUTES.getOrDefault(token.text(), "") : "";
                throw cursor.refuse(
                        token,
                        token.shown() + " is not allowed in the head of a rule",
                        hint.isEmpty() ? "after the name come `@reason`, `@citation` and `when`" : hint);
            }
        }
        return annotations;
    }

    private void annotation(Map<String, String> annotations) throws Refusal {
        Token name = cursor.expect(Token.Kind.WORD, "an annotation", "there are `@reason` and `@citation`");
        if (!name.is("reason") && !name.is("citation")) {
            throw cursor.refuse(
                    name,
                    "there is no annotation `@" + name.text() + "`",
                    FactModel.suggest(name.text(), List.of("reason", "citation")));
        }
        cursor.expect("(", "write `@" + name.text() + "(\"…\")`");
        Token value = cursor.expect(Token.Kind.TEXT, "a text", "write `@" + name.text() + "(\"…\")`");
        cursor.expect(")", "write `@" + name.text() + "(\"…\")`");
        if (annotations.putIfAbsent(name.text(), value.text()) != null) {
            throw cursor.refuse(name, "`@" + name.text() + "` is given twice", "");
        }
    }

    private List<Pattern> patterns(Token start, Scope scope) throws Refusal {
        List<Pattern> patterns = new ArrayList<>();
        int joins = 0;
        while (!cursor.accept("then")) {
            Pattern pattern = new PatternParser(cursor, scope).pattern();
            patterns.add(pattern);
            joins += pattern.fact().equals("Request") || pattern.quantifier() != Pattern.Quantifier.EACH ? 0 : 1;
            if (cursor.accept("and") || cursor.accept(";")) {
                continue;
            }
        }
        if (patterns.isEmpty()) {
            throw cursor.refuse(start, "rule has no condition", "write `Request()` if it is for every request");
        }
        // Work grows with the product of the facts that are joined, and callers choose how many fields there are.
        if (patterns.size() > MAX_PATTERNS || joins > MAX_JOINS) {
            throw cursor.refuse(
                    start,
                    "rule joins too many facts",
                    "use at most " + MAX_PATTERNS + " patterns, " + MAX_JOINS
                            + " of them other than `Request`, `not` and `exists`");
        }
        return patterns;
    }
}
