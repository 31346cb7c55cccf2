package dev.chaperone.postgres.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text form of PostgreSQL's node trees (src/backend/nodes/outfuncs.c, read.c) as it arrives in a notice: wrapped
 * into lines of 78 bytes by {@code format_node_dump}.
 *
 * <p>Names that an agent chose are in that text. The server escapes what delimits tokens, but not a leading colon, and its
 * line breaks fall into the middle of a token that is longer than a line, even between a backslash and what it escapes. So a
 * field takes exactly one value whatever that looks like, and a token too long for a line is refused. The encoding of the
 * database must be UTF8.
 */
final class QueryTreeReader {

    /** Longest tree that is read, in UTF-16 units. */
    static final int MAX_LENGTH = 16 << 20;

    /** Deepest nesting of nodes and lists. */
    static final int MAX_DEPTH = 1200;

    /** One less than the server's line, which may start with a space. */
    private static final int LINE = 77;

    private static final int END = -1;
    private static final int TOKEN = -2;

    private final CharSequence text;
    private final Node.Token[] cache = new Node.Token[512];
    private final StringBuilder unescaped = new StringBuilder();
    private int position;
    private int runBytes;
    private Node.Token token = Node.NULL;
    private boolean escapedToken;

    private QueryTreeReader(CharSequence text) {
        this.text = text;
    }

    /**
     * Reads one value.
     *
     * @throws UnanalysableException when the text is anything but one well-formed value within bounds
     */
    static Node read(CharSequence text) {
        if (text.length() > MAX_LENGTH) {
            throw new UnanalysableException("statement's query tree is larger than `" + MAX_LENGTH + "` characters");
        }
        return new QueryTreeReader(text).readAll();
    }

    private static UnanalysableException malformed() {
        return new UnanalysableException("query tree is malformed");
    }

    private Node readAll() {
        ArrayDeque<Frame> open = new ArrayDeque<>();
        Node done = null;
        while (true) {
            int lexeme = next();
            if (done != null) {
                if (lexeme != END) {
                    throw malformed();
                }
                return done;
            }
            Node value;
            switch (lexeme) {
                case '{', '(' -> {
                    Frame parent = open.peek();
                    if (parent != null && !parent.acceptsValue()) {
                        throw malformed();
                    }
                    open.push(lexeme == '{' ? openStruct() : new Frame(null));
                    if (open.size() > MAX_DEPTH) {
                        throw new UnanalysableException("statement is nested deeper than `" + MAX_DEPTH + "` levels");
                    }
                    continue;
                }
                case '}', ')' -> {
                    Frame frame = open.poll();
                    if (frame == null || frame.struct() != (lexeme == '}')) {
                        throw malformed();
                    }
                    value = frame.close();
                }
                case TOKEN -> {
                    Frame frame = open.peek();
                    if (frame != null && !frame.acceptsValue()) {
                        if (escapedToken) {
                            throw malformed();
                        }
                        if (token.text().equals("[")) {
                            frame.datum(datum());
                        } else {
                            frame.field(token.text());
                        }
                        continue;
                    }
                    value = token;
                }
                default -> throw malformed();
            }
            Frame parent = open.peek();
            if (parent == null) {
                done = value;
            } else {
                parent.add(value);
            }
        }
    }

    private Frame openStruct() {
        if (next() != TOKEN || escapedToken) {
            throw malformed();
        }
        return new Frame(token.text());
    }

    /** A constant's bytes, as printed: what they stand for matters to nobody, only whether two are the same. */
    private String datum() {
        StringBuilder bytes = new StringBuilder();
        while (true) {
            if (next() != TOKEN || escapedToken) {
                throw malformed();
            }
            String part = token.text();
            if (part.equals("]")) {
                return bytes.toString();
            }
            bytes.append(' ').append(part);
            for (int i = 0; i < part.length(); i++) {
                if ((part.charAt(i) < '0' || part.charAt(i) > '9') && !(i == 0 && part.charAt(i) == '-')) {
                    throw malformed();
                }
            }
        }
    }

    /** The next delimiter, TOKEN with {@link #token} set, or END. */
    private int next() {
        int length = text.length();
        while (position < length && isSpace(text.charAt(position))) {
            space(text.charAt(position++));
        }
        if (position >= length) {
            return END;
        }
        char first = text.charAt(position);
        if (first == '{' || first == '}' || first == '(' || first == ')') {
            position++;
            runBytes++;
            return first;
        }
        int start = position;
        int hash = 0;
        while (position < length) {
            char c = text.charAt(position);
            if (c == '\\') {
                return escaped(start);
            }
            if (isSpace(c) || c == '{' || c == '}' || c == '(' || c == ')') {
                break;
            }
            hash = 31 * hash + c;
            runBytes += bytes(c);
            position++;
        }
        escapedToken = false;
        token = cached(start, position, hash);
        return TOKEN;
    }

    private int escaped(int start) {
        unescaped.setLength(0);
        unescaped.append(text, start, position);
        int length = text.length();
        while (position < length) {
            char c = text.charAt(position);
            if (isSpace(c) || c == '{' || c == '}' || c == '(' || c == ')') {
                break;
            }
            runBytes += bytes(c);
            position++;
            if (c == '\\') {
                if (position >= length) {
                    throw malformed();
                }
                c = text.charAt(position++);
                // An escaped line break is the name's own, or stands for its space; either way it belongs to the name.
                if (c == '\n') {
                    checkLine();
                }
                runBytes = c == ' ' ? 0 : runBytes + bytes(c);
            }
            unescaped.append(c);
        }
        escapedToken = true;
        token = new Node.Token(unescaped.toString());
        return TOKEN;
    }

    private void space(char c) {
        if (c == '\n') {
            checkLine();
        }
        runBytes = 0;
    }

    /** A line this long without a space may have been cut anywhere. */
    private void checkLine() {
        if (runBytes >= LINE) {
            throw new UnanalysableException(
                    "statement uses a name with too many special characters; choose a shorter one");
        }
    }

    private Node.Token cached(int start, int end, int hash) {
        int slot = (hash ^ hash >>> 9 ^ hash >>> 18) & cache.length - 1;
        Node.Token hit = cache[slot];
        if (hit != null && same(hit.text(), start, end)) {
            return hit;
        }
        Node.Token made = new Node.Token(text.subSequence(start, end).toString());
        if (end - start <= 32) {
            cache[slot] = made;
        }
        return made;
    }

    private boolean same(String known, int start, int end) {
        if (known.length() != end - start) {
            return false;
        }
        for (int i = 0; i < known.length(); i++) {
            if (known.charAt(i) != text.charAt(start + i)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\n' || c == '\t';
    }

    /** UTF-8 bytes of a UTF-16 unit; a surrogate pair counts 6 instead of 4, which errs on the safe side. */
    private static int bytes(char c) {
        return c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
    }

    /** A node or list that is being read. */
    private static final class Frame {
        private final @Nullable String type;
        private String[] names = new String[16];
        private Node[] values = new Node[16];
        private int named;
        private int count;

        Frame(@Nullable String type) {
            this.type = type;
        }

        boolean struct() {
            return type != null;
        }

        boolean acceptsValue() {
            return type == null || named == count + 1;
        }

        void field(String name) {
            if (name.length() < 2 || name.charAt(0) != ':') {
                throw malformed();
            }
            if (named == names.length) {
                names = Arrays.copyOf(names, 2 * named);
            }
            names[named++] = name.substring(1);
        }

        /** The value read last was the length of a datum, whose bytes follow. */
        void datum(String bytes) {
            if (count == 0 || !(values[count - 1] instanceof Node.Token length)) {
                throw malformed();
            }
            values[count - 1] = new Node.Token(length.text() + bytes);
        }

        void add(Node value) {
            if (!acceptsValue()) {
                throw malformed();
            }
            if (count == values.length) {
                values = Arrays.copyOf(values, 2 * count);
            }
            values[count++] = value;
        }

        Node close() {
            if (type != null) {
                if (named != count) {
                    throw malformed();
                }
                return new Node.Struct(type, Arrays.copyOf(names, named), Arrays.copyOf(values, count));
            }
            int from = count > 0 && marker(values[0]) ? 1 : 0;
            return new Node.Items(
                    count == from
                            ? List.of()
                            : new ArrayList<>(Arrays.asList(values).subList(from, count)));
        }

        private static boolean marker(Node node) {
            return node instanceof Node.Token token
                    && (token.text().equals("b")
                            || token.text().equals("i")
                            || token.text().equals("o")
                            || token.text().equals("x"));
        }
    }
}
