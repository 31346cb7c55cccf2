package dev.chaperone.rules;

import dev.chaperone.rules.PolicyLexer.Refusal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The arguments of one call on {@code verdict}: constants and bound facts, taken one after the other. */
final class CallArguments {
    private final TokenCursor cursor;
    private final Deque<Token> left = new ArrayDeque<>();
    private Token call = new Token(Token.Kind.END, "", 0, 0);

    CallArguments(TokenCursor cursor) {
        this.cursor = cursor;
    }

    /** Reads what stands between the parentheses after the name of the call. */
    void read(Token name) throws Refusal {
        call = name;
        left.clear();
        cursor.expect("(", "write `verdict." + call.text() + "(…);`");
        while (!cursor.peek().is(")")) {
            if (!left.isEmpty()) {
                cursor.expect(
                        ",", "arguments are constants or bound facts, separated by commas; texts cannot be composed");
            }
            Token argument = cursor.next();
            boolean allowed = argument.kind() == Token.Kind.TEXT
                    || argument.kind() == Token.Kind.NUMBER
                    || argument.kind() == Token.Kind.VARIABLE;
            if (!allowed) {
                throw cursor.refuse(
                        argument,
                        argument.shown() + " is not allowed as an argument",
                        "pass a constant or a bound fact");
            }
            left.add(argument);
        }
        cursor.expect(")", "");
    }

    /** The name of the call, for messages about what it lacks. */
    Token call() {
        return call;
    }

    /** The next argument, left where it is; null when there is none. */
    @Nullable
    Token peek() {
        return left.peek();
    }

    boolean nextIs(Token.Kind kind) {
        Token next = left.peek();
        return next != null && next.kind() == kind;
    }

    Token next() {
        return left.remove();
    }

    Token take(Token.Kind kind, String what) throws Refusal {
        if (!nextIs(kind)) {
            throw cursor.refuse(
                    call, "`" + call.text() + "` needs " + what, "see the forms of `verdict." + call.text() + "`");
        }
        return left.remove();
    }

    /** A number that bounds something. */
    long takeCount() throws Refusal {
        Token number = take(Token.Kind.NUMBER, "a number");
        long count = Long.parseLong(number.text());
        if (count == 0) {
            throw cursor.refuse(number, "`0` means no bound", "write a number above 0, or `deny`");
        }
        return count;
    }

    com.google.protobuf.Duration takeDuration() throws Refusal {
        Token text = take(Token.Kind.TEXT, "a duration");
        Duration duration = Times.parse(text.text());
        if (duration == null) {
            throw cursor.refuse(text, "`" + text.text() + "` is not a duration", "write `500ms`, `30s`, `5m` or `1h`");
        }
        return Times.duration(duration);
    }

    /** One of the words. */
    Token takeWord(String what, List<String> words) throws Refusal {
        Token word = take(Token.Kind.TEXT, what);
        if (!words.contains(word.text())) {
            throw cursor.refuse(
                    word, "there is no " + what + " `" + word.text() + "`", FactModel.suggest(word.text(), words));
        }
        return word;
    }

    /** The names of one group or of several: every text up to one that begins with a digit, which is a duration. */
    List<String> takeGroups() throws Refusal {
        List<String> groups = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        do {
            Token group = take(Token.Kind.TEXT, "the name of a group");
            if (group.text().isBlank()) {
                throw cursor.refuse(group, "the name of the group is empty", "name a group of your identity provider");
            }
            if (!seen.add(group.text())) {
                throw cursor.refuse(group, "the group `" + group.text() + "` is named twice", "name it once");
            }
            groups.add(group.text());
        } while (nextIs(Token.Kind.TEXT)
                && !Character.isDigit(left.element().text().codePointAt(0)));
        return groups;
    }

    Refusal refuse(Token place, String message, String hint) {
        return cursor.refuse(place, message, hint);
    }

    /** Refuses what nothing has taken. */
    void end() throws Refusal {
        Token more = left.peek();
        if (more != null) {
            throw cursor.refuse(
                    more,
                    "`" + call.text() + "` does not take " + more.shown() + " here",
                    "see the forms of `verdict." + call.text() + "`");
        }
    }
}
