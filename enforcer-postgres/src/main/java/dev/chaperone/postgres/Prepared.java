package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.wire.RowDescription;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement that the server has parsed. Belongs to one session's event loop. */
final class Prepared {

    /** The offset of a text that the client has not sent: positions in it mean nothing to it. */
    static final int REWRITTEN = -1;

    private final SqlStatement statement;
    private final int offset;
    private final @Nullable String whole;
    private List<Integer> types;
    private @Nullable String tree;
    private @Nullable Copying copying;
    private boolean stale;
    private boolean unsure;
    private @Nullable RowDescription delivered;
    private @Nullable Verdict verdict;
    private @Nullable String handle;
    private long catalog;

    /**
     * @param statement the statement
     * @param offset characters (code points) of the client's query string before it, or {@link #REWRITTEN}
     * @param types the parameter types that the client named
     */
    Prepared(SqlStatement statement, int offset, List<Integer> types) {
        this(statement, offset, null, types);
    }

    private Prepared(SqlStatement statement, int offset, @Nullable String whole, List<Integer> types) {
        this.statement = statement;
        this.offset = offset;
        this.whole = whole;
        this.types = List.copyOf(types);
    }

    /**
     * The only statement of what the client has sent: the server gets all of that, with the comments around the statement and
     * its semicolon, since it shows texts in many places.
     */
    static Prepared only(SqlStatement statement, String sql, List<Integer> types) {
        return new Prepared(statement, sql.codePointCount(0, statement.start()), sql, types);
    }

    /** The same text, not parsed yet. */
    Prepared unparsed() {
        return new Prepared(statement, offset, whole, types);
    }

    /** What a ParameterDescription says. */
    static List<Integer> parameterTypes(ByteBuf body) {
        int count = body.readUnsignedShort();
        List<Integer> types = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            types.add(body.readInt());
        }
        return types;
    }

    /** A query that the gateway asks on its own account. */
    static Prepared ofTheGateway(String text) {
        return new Prepared(
                new SqlStatement(text, 0, text.length(), StatementClass.QUERY, "select", null), REWRITTEN, List.of());
    }

    /** The same with another text, of which the client knows nothing. */
    Prepared rewritten(String text) {
        SqlStatement other = new SqlStatement(
                text, 0, text.length(), statement.statementClass(), statement.operation(), statement.detail());
        Prepared same = new Prepared(other, REWRITTEN, types);
        same.catalog = catalog;
        return same;
    }

    /** How its rows are copied; null for a statement that does not copy. */
    @Nullable
    Copying copying() {
        return copying;
    }

    void copying(Copying how) {
        copying = how;
    }

    SqlStatement statement() {
        return statement;
    }

    /** The text that the server gets. */
    String sent() {
        return whole == null || ClientMessages.concerns(statement) ? ClientMessages.sent(statement) : whole;
    }

    /** Code points of the client's query string before {@link #sent}; or {@link #REWRITTEN}. */
    int sentAt() {
        return whole == null ? offset : 0;
    }

    List<Integer> types() {
        return types;
    }

    /** The types of all parameters, as the server has found them out. */
    void types(List<Integer> known) {
        types = List.copyOf(known);
    }

    /** Code points of the client's query string before the statement; or {@link #REWRITTEN}. */
    int offset() {
        return offset;
    }

    /** The server's analysis as it said it on Parse; null when it said none, or more than one. */
    @Nullable
    String tree() {
        return tree;
    }

    void tree(@Nullable String printed) {
        tree = printed;
    }

    /** True when the server has analysed the statement anew since, with another outcome. */
    boolean stale() {
        return stale;
    }

    void makeStale() {
        stale = true;
    }

    /** It is about to be prepared anew, as if it had never been before. */
    void renew() {
        stale = false;
        delivered = null;
        verdict = null;
    }

    /** True when something has run since that may have put another statement in its place on the server. */
    boolean unsure() {
        return unsure;
    }

    void unsure(boolean replaceable) {
        unsure = replaceable;
    }

    /**
     * Whether the columns are those that the statement has delivered from the first. A client that knows them does not ask
     * again: the server holds a planned statement to them, and so must whoever prepares it anew.
     */
    boolean delivers(RowDescription description) {
        RowDescription first = delivered;
        if (first == null || !Subject.needsTree(statement)) {
            delivered = description;
            return true;
        }
        List<RowDescription.Column> before = first.columns();
        List<RowDescription.Column> now = description.columns();
        boolean same = before.size() == now.size();
        for (int i = 0; same && i < now.size(); i++) {
            same = before.get(i).typeOid() == now.get(i).typeOid()
                    && before.get(i).typeModifier() == now.get(i).typeModifier()
                    && before.get(i).name().equals(now.get(i).name());
        }
        return same;
    }

    /** Version of the catalog by which it was last decided on, or of one before that. */
    long catalog() {
        return catalog;
    }

    void catalog(long version) {
        catalog = version;
    }

    /** What was decided on it; null when it has to be decided on. */
    @Nullable
    Verdict verdict() {
        return verdict;
    }

    void verdict(@Nullable Verdict now) {
        verdict = now;
    }

    /** The name of the gateway's own that it has on the server; null when it has the client's. */
    @Nullable
    String handle() {
        return handle;
    }

    void handle(String name) {
        handle = name;
    }
}
