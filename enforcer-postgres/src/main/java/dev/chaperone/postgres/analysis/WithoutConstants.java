package dev.chaperone.postgres.analysis;

import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Value;
import java.util.Set;

/** A definition without the constants in it: strings and numbers become {@code '***'}. Names and all the rest stay. */
public final class WithoutConstants implements MaskingFunction {

    private static final Set<String> BODIES = Set.of("prosrc", "routine_definition");
    /** In the place of each; {@link PrintedDefinitions} does the same. */
    private static final String CONSTANT = "'***'";

    /** Says of what no constant can be told from the rest, such as a function's body in any language, nothing but a name. */
    private final boolean namesOnly;

    WithoutConstants(boolean namesOnly) {
        this.namesOnly = namesOnly;
    }

    /** For definitions that come from those columns. */
    public static WithoutConstants of(Set<FieldRef> columns) {
        return new WithoutConstants(columns.stream().anyMatch(column -> BODIES.contains(column.column())));
    }

    @Override
    public Value apply(Value original) {
        if (!(original instanceof Value.Text definition)) {
            return Value.NULL;
        }
        String text = definition.value();
        if (namesOnly) {
            return text.matches("[A-Za-z_][A-Za-z0-9_]*") ? original : Value.NULL;
        }
        try {
            return new Value.Text(without(text));
        } catch (UnanalysableException e) {
            return Value.NULL;
        }
    }

    private static String without(String text) {
        StringBuilder out = new StringBuilder(text.length());
        SqlLexer lexer = new SqlLexer(text);
        int copied = 0;
        for (SqlLexer.Kind kind = lexer.next(); kind != SqlLexer.Kind.END; kind = lexer.next()) {
            String between = text.substring(copied, lexer.start());
            // Comments go.
            out.append(between.isBlank() ? between : " ");
            boolean constant = kind == SqlLexer.Kind.STRING || kind == SqlLexer.Kind.NUMBER;
            out.append(constant ? CONSTANT : text.substring(lexer.start(), lexer.end()));
            copied = lexer.end();
        }
        String rest = text.substring(copied);
        return out.append(rest.isBlank() ? rest : "").toString();
    }
}
