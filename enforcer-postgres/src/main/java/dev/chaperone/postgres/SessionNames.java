package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.proto.ErrorCode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the names of one session stand for: prepared statements, portals, cursors. SQL and protocol share the server's names:
 * what PREPARE prepares can be bound, and what Parse prepares can be EXECUTEd; a portal can be fetched from, and a cursor takes
 * the name of no portal.
 *
 * <p>What is known here may be gone on the server, which then says so. What is not known here is something of which nobody
 * knows what it does.
 */
final class SessionNames {

    private final Session session;
    private final int most;
    private final Map<String, Prepared> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();
    private final Map<String, Cursor> cursors = new HashMap<>();
    private boolean others;

    /** @param most prepared statements that a session may hold; portals and cursors as many again */
    SessionNames(Session session, int most) {
        this.session = session;
        this.most = most;
    }

    // ---- prepared statements ---------------------------------------------------------------------------------------

    @Nullable
    Prepared statement(String name) {
        return statements.get(name);
    }

    void prepared(String name, Prepared prepared) {
        statements.put(name, prepared);
    }

    void dropStatement(String name) {
        statements.remove(name);
    }

    /** Why no statement of that name can be prepared; null when one can. */
    @Nullable
    GatewayError noRoomForStatement(String name) {
        return statements.size() < most || statement(name) != null ? null : full("prepared statements");
    }

    // ---- portals and cursors ---------------------------------------------------------------------------------------

    @Nullable
    Portal portal(String name) {
        return portals.get(name);
    }

    void bound(String name, Portal portal) {
        dropPortal(name);
        portals.put(name, portal);
    }

    /** The portal or cursor of that name is gone. */
    void dropPortal(String name) {
        cursors.remove(name);
        Portal portal = portals.remove(name);
        if (portal != null) {
            session.running().abandoned(portal);
        }
    }

    /** Why no portal or cursor of that name can be made; null when one can. */
    @Nullable
    GatewayError noRoomForPortal(String name) {
        boolean room = portals.size() + cursors.size() < most || portals.containsKey(name) || cursors.containsKey(name);
        return room ? null : full("portals and cursors");
    }

    void declared(String name, Cursor cursor) {
        dropPortal(name);
        cursors.put(name, cursor);
    }

    /** What can be fetched by that name, null when nobody knows what it is. */
    @Nullable
    Cursor cursor(String name) {
        Cursor cursor = cursors.get(name);
        Portal portal = cursor == null ? portal(name) : null;
        QueryAnalysis analysis = portal == null ? null : portal.ruling().analysis();
        if (portal == null
                || analysis == null
                || portal.prepared().offset() == Prepared.REWRITTEN
                || !Subject.needsTree(portal.prepared().statement())) {
            return cursor;
        }
        return new Cursor(
                portal.prepared().statement().text(),
                portal.parameters(),
                analysis,
                analysis,
                Map.of(),
                false,
                false,
                portal.tally());
    }

    // ---- what is run by its name -----------------------------------------------------------------------------------

    /** Says from now on whether a statement's names stand for what they stand for now, in what it looks up when it runs. */
    BooleanSupplier same(SqlStatement statement) {
        StatementDetail detail = statement.detail();
        if (detail instanceof StatementDetail.Execute execute) {
            return sameStatement(execute.name());
        }
        if (detail instanceof StatementDetail.CursorUse use && use.name() != null) {
            return sameCursor(use.name());
        }
        if (detail instanceof StatementDetail.Explain explain) {
            return sameInside(explain.body());
        }
        return detail instanceof StatementDetail.CreateAs create ? sameInside(create.body()) : () -> true;
    }

    private BooleanSupplier sameInside(String body) {
        List<SqlStatement> inside = StatementSplitter.split(body);
        return inside.size() == 1 ? same(inside.get(0)) : () -> false;
    }

    private BooleanSupplier sameStatement(String name) {
        Prepared now = statements.get(name);
        String tree = now == null ? null : now.tree();
        return () -> {
            Prepared then = statements.get(name);
            return then == now && (then == null || !then.unsure() && Objects.equals(then.tree(), tree));
        };
    }

    private BooleanSupplier sameCursor(String name) {
        Cursor cursor = cursors.get(name);
        Portal portal = portals.get(name);
        return () -> cursors.get(name) == cursor && portals.get(name) == portal;
    }

    /** That nothing has that name, for a statement that is named so; null when there may be one that is not known here. */
    @Nullable
    GatewayError missingStatement(String name) {
        return others || statement(name) != null ? null : GatewayError.unknownStatement(name);
    }

    /** That nothing has that name, for a cursor that is named so; null when there may be one that is not known here. */
    @Nullable
    GatewayError missingCursor(String name) {
        return others || cursor(name) != null || portal(name) != null
                ? null
                : new GatewayError(
                        SqlState.INVALID_PORTAL_NAME,
                        ErrorCode.PROTOCOL_VIOLATION,
                        "cursor \"" + name + "\" does not exist",
                        "",
                        "");
    }

    // ---- what happens to all of them -------------------------------------------------------------------------------

    /** A simple query takes the place of the unnamed statement and the unnamed portal. */
    void forgetUnnamed() {
        dropStatement("");
        dropPortal("");
    }

    void forgetPortals() {
        portals.values().forEach(portal -> session.running().abandoned(portal));
        portals.clear();
    }

    /** The transaction has ended, its portals with it, and all cursors but those that are held. */
    void transactionEnded() {
        forgetPortals();
        cursors.values().removeIf(cursor -> !cursor.hold());
    }

    /** Code has run that may have put other statements and cursors in the place of those that are known. */
    void unsure() {
        others = true;
        statements.forEach((name, prepared) -> prepared.unsure(!name.isEmpty()));
        session.handles().lost();
        cursors.clear();
        portals.entrySet().removeIf(entry -> {
            boolean masked = entry.getValue().mask() != null && !entry.getKey().isEmpty();
            if (masked) {
                session.running().abandoned(entry.getValue());
            }
            return masked;
        });
    }

    /** A statement has run that may have dropped some of them. */
    void ran(SqlStatement statement) {
        StatementDetail detail = statement.detail();
        if (detail instanceof StatementDetail.Deallocate deallocate) {
            if (deallocate.name() == null) {
                forgetNamed();
            } else {
                dropStatement(deallocate.name());
            }
        } else if (detail instanceof StatementDetail.CursorUse use
                && statement.operation().equals("close")) {
            if (use.name() == null) {
                cursors.clear();
                forgetPortals();
            } else {
                dropPortal(use.name());
            }
        } else if (detail instanceof StatementDetail.Discard discard
                && discard.what().equals("all")) {
            forgetNamed();
            cursors.clear();
        }
    }

    private void forgetNamed() {
        statements.keySet().removeIf(name -> !name.isEmpty());
        session.handles().lost();
    }

    private GatewayError full(String what) {
        return GatewayError.of(
                ErrorCode.LIMIT_EXCEEDED,
                "a session holds at most " + most + " " + what,
                "close those that are not needed");
    }
}
