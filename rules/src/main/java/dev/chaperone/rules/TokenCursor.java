package dev.chaperone.rules;

import dev.chaperone.rules.PolicyLexer.Refusal;
import java.util.List;

/** A position in the tokens of one file. */
final class TokenCursor {
    private final String path;
    private final List<Token> tokens;
    private int at;

    TokenCursor(String path, List<Token> tokens) {
        this.path = path;
        this.tokens = tokens;
    }

    String path() {
        return path;
    }

    Token peek() {
        return tokens.get(at);
    }

    Token peek(int ahead) {
        return tokens.get(Math.min(at + ahead, tokens.size() - 1));
    }

    /** Returns the current token and moves on; stays at the end. */
    Token next() {
        Token token = peek();
        if (token.kind() != Token.Kind.END) {
            at++;
        }
        return token;
    }

    /** Moves on if the current token is that word or symbol. */
    boolean accept(String wanted) {
        boolean found = peek().is(wanted);
        if (found) {
            at++;
        }
        return found;
    }

    Token expect(String wanted, String hint) throws Refusal {
        if (!peek().is(wanted)) {
            throw refuse(peek(), "expected `" + wanted + "`, found " + peek().shown(), hint);
        }
        return next();
    }

    Token expect(Token.Kind kind, String what, String hint) throws Refusal {
        if (peek().kind() != kind) {
            throw refuse(peek(), "expected " + what + ", found " + peek().shown(), hint);
        }
        return next();
    }

    Refusal refuse(Token place, String message, String hint) {
        return new Refusal(diagnostic(Severity.ERROR, place, message, hint));
    }

    Diagnostic diagnostic(Severity severity, Token place, String message, String hint) {
        return new Diagnostic(severity, path, place.line(), place.column(), message, hint);
    }
}
