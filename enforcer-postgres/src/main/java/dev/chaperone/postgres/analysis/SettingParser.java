package dev.chaperone.postgres.analysis;

import dev.chaperone.postgres.wire.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** SET, RESET and SHOW, strictly: null for any form that is not fully understood. */
final class SettingParser {

    private static final Map<String, String> STANDS_FOR =
            Map.of("names", "client_encoding", "schema", "search_path", "seed", "seed");

    private final SqlLexer lexer;
    private boolean local;

    private SettingParser(String text) {
        lexer = new SqlLexer(text);
    }

    static StatementDetail.@Nullable Setting parse(String text, StatementClass kind) {
        SettingParser parser = new SettingParser(text);
        parser.lexer.next();
        parser.lexer.next();
        return kind == StatementClass.SET ? parser.set() : parser.bare();
    }

    /** RESET and SHOW: a name, or ALL. */
    private StatementDetail.@Nullable Setting bare() {
        String name = special();
        if (name == null) {
            name = name();
        }
        return name == null ? null : done(name, List.of());
    }

    private StatementDetail.@Nullable Setting set() {
        boolean session = false;
        if (lexer.is("local")) {
            local = true;
            lexer.next();
        } else if (lexer.is("session")) {
            session = true;
            lexer.next();
            if (lexer.is("characteristics")) {
                return rest("session characteristics");
            }
            if (lexer.is("authorization")) {
                lexer.next();
                return value("session_authorization");
            }
        }
        if (lexer.is("transaction") || lexer.is("constraints")) {
            return local || session ? null : rest(String.valueOf(lexer.value()));
        }
        String special = special();
        if (special != null) {
            return value(special);
        }
        String name = name();
        if (name == null || !(lexer.is("to") || isEquals())) {
            return null;
        }
        lexer.next();
        return value(name);
    }

    private boolean isEquals() {
        return lexer.kind() == SqlLexer.Kind.OPERATOR && "=".equals(lexer.value());
    }

    /** The settings with a grammar of their own; the lexer then stands at the value. */
    private @Nullable String special() {
        if (lexer.is("time")) {
            lexer.next();
            if (!lexer.is("zone")) {
                return null;
            }
            lexer.next();
            return "timezone";
        }
        if (lexer.is("session")) {
            lexer.next();
            lexer.next();
            return "session_authorization";
        }
        if (lexer.is("transaction")) {
            lexer.next();
            if (!lexer.is("isolation")) {
                return null;
            }
            lexer.next();
            lexer.next();
            return "transaction_isolation";
        }
        if (lexer.is("role")) {
            // A plain setting too: SET role TO x.
            lexer.next();
            if (lexer.is("to") || isEquals()) {
                lexer.next();
            }
            return "role";
        }
        String standsFor = lexer.kind() == SqlLexer.Kind.WORD ? STANDS_FOR.get(String.valueOf(lexer.value())) : null;
        if (standsFor != null) {
            lexer.next();
        }
        return standsFor;
    }

    private @Nullable String name() {
        StringBuilder name = new StringBuilder();
        while (true) {
            String part = StatementClassifier.nameOf(lexer);
            if (part == null) {
                return null;
            }
            name.append(Names.fold(part));
            lexer.next();
            if (lexer.symbol() != '.') {
                return name.toString();
            }
            name.append('.');
            lexer.next();
        }
    }

    private StatementDetail.@Nullable Setting value(String name) {
        List<String> values = new ArrayList<>();
        if (lexer.is("default")) {
            lexer.next();
            return done(name, values);
        }
        while (lexer.kind() != SqlLexer.Kind.END) {
            String sign = "";
            if (lexer.kind() == SqlLexer.Kind.OPERATOR) {
                sign = String.valueOf(lexer.value());
                lexer.next();
                if (!sign.equals("-") && !sign.equals("+") || lexer.kind() != SqlLexer.Kind.NUMBER) {
                    return null;
                }
            }
            String value = lexer.kind() == SqlLexer.Kind.SYMBOL || lexer.kind() == SqlLexer.Kind.PARAMETER
                    ? null
                    : lexer.value();
            if (value == null) {
                return null;
            }
            values.add(sign.isEmpty() ? value : sign + value);
            lexer.next();
            if (lexer.symbol() != ',') {
                break;
            }
            lexer.next();
            if (lexer.kind() == SqlLexer.Kind.END) {
                return null;
            }
        }
        return values.isEmpty() && !name.equals("client_encoding") ? null : done(name, values);
    }

    /** Transaction modes and the like: words only. */
    private StatementDetail.@Nullable Setting rest(String name) {
        List<String> words = new ArrayList<>();
        while (lexer.next() != SqlLexer.Kind.END) {
            String word = StatementClassifier.nameOf(lexer);
            if (lexer.symbol() == ',' || lexer.symbol() == '.') {
                continue;
            }
            if (word == null) {
                return null;
            }
            words.add(word);
        }
        return new StatementDetail.Setting(name, local, words);
    }

    private StatementDetail.@Nullable Setting done(String name, List<String> values) {
        return lexer.kind() == SqlLexer.Kind.END ? new StatementDetail.Setting(name, local, values) : null;
    }
}
