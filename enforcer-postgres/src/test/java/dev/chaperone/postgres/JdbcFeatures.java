package dev.chaperone.postgres;

import static dev.chaperone.postgres.JdbcTelling.attempt;
import static dev.chaperone.postgres.JdbcTelling.rows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.sql.Types;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** What a server can do beside queries. */
final class JdbcFeatures {

    private JdbcFeatures() {}

    static void calls(Connection connection, Consumer<String> say) throws SQLException {
        try (CallableStatement call = connection.prepareCall("{? = call left(?, ?)}")) {
            call.registerOutParameter(1, Types.VARCHAR);
            call.setString(2, "called");
            call.setInt(3, 4);
            call.execute();
            say.accept(call.getString(1));
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("create function pg_temp.two() returns refcursor language plpgsql as"
                    + " 'declare c refcursor; begin open c for select g from generate_series(1, 3) g; return c; end'");
            try (CallableStatement call = connection.prepareCall("{? = call pg_temp.two()}")) {
                call.registerOutParameter(1, Types.OTHER);
                call.execute();
                rows((ResultSet) call.getObject(1), say);
            }
            statement.execute("create procedure pg_temp.pair(inout a int, inout b text) language plpgsql as"
                    + " 'begin a := a + 1; b := b || ''!''; end'");
            rows(statement.executeQuery("call pg_temp.pair(1, 'x')"), say);
        }
        connection.rollback();
    }

    static void copies(Connection connection, Consumer<String> say) throws Exception {
        CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temp table t (a int, b text)");
        }
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            rows.append(i).append("\tit's \\t ").append(i).append('\n');
        }
        say.accept(String.valueOf(copies.copyIn("copy t from stdin", new StringReader(rows.toString()))));
        say.accept(String.valueOf(
                copies.copyIn("copy t from stdin with (format csv)", new StringReader("1,\"a\"\"b\"\n2,\n"))));
        attempt(
                () -> {
                    try {
                        copies.copyIn("copy t from stdin", new StringReader("x\ty\n"));
                    } catch (java.io.IOException e) {
                        throw new SQLException(e);
                    }
                },
                say);
        attempt(
                () -> {
                    var copy = copies.copyIn("copy t from stdin");
                    copy.writeToCopy("5\tz\n".getBytes(StandardCharsets.UTF_8), 0, 4);
                    copy.cancelCopy();
                    say.accept("cancelled");
                },
                say);
        StringWriter out = new StringWriter();
        say.accept(copies.copyOut("copy (select * from t order by a, b) to stdout", out) + " "
                + out.toString().hashCode());
        ByteArrayOutputStream binary = new ByteArrayOutputStream();
        copies.copyOut("copy (select a, b from t where a < 50 order by 1, 2) to stdout (format binary)", binary);
        say.accept(binary.size() + " " + Arrays.hashCode(binary.toByteArray()));
        say.accept(String.valueOf(
                copies.copyIn("copy t from stdin (format binary)", new ByteArrayInputStream(binary.toByteArray()))));
        try (Statement statement = connection.createStatement()) {
            rows(statement.executeQuery("select count(*), sum(a) from t"), say);
        }
    }

    static void notifications(Connection connection, Consumer<String> say) throws SQLException {
        PGConnection pg = connection.unwrap(PGConnection.class);
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen first");
            statement.execute("listen \"Second é\"");
            statement.execute("notify first, 'payload'");
            statement.execute("select pg_notify('Second é', 'other')");
            statement.execute("notify third");
            statement.execute("select 1");
            PGNotification[] came = pg.getNotifications();
            for (PGNotification notification : came == null ? new PGNotification[0] : came) {
                say.accept(notification.getName() + " " + notification.getParameter() + " "
                        + (notification.getPID() == pg.getBackendPID()));
            }
            statement.execute("unlisten *");
            statement.execute("notify first");
            PGNotification[] none = pg.getNotifications();
            say.accept(String.valueOf(none == null ? 0 : none.length));
        }
    }

    static void largeObjects(Connection connection, Consumer<String> say) throws Exception {
        connection.setAutoCommit(false);
        LargeObjectManager manager = connection.unwrap(PGConnection.class).getLargeObjectAPI();
        long oid = manager.createLO(LargeObjectManager.READWRITE);
        byte[] content = new byte[100_000];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31);
        }
        try (LargeObject object = manager.open(oid, LargeObjectManager.READWRITE)) {
            object.write(content);
            object.seek64(5, LargeObject.SEEK_SET);
            say.accept(Arrays.toString(object.read(4)) + " " + object.tell64() + " " + object.size64());
            object.truncate64(70_000);
            say.accept(String.valueOf(object.size64()));
        }
        try (LargeObject object = manager.open(oid, LargeObjectManager.READ)) {
            byte[] read = object.getInputStream().readAllBytes();
            say.accept(read.length + " " + Arrays.equals(read, Arrays.copyOf(content, 70_000)));
        }
        connection.rollback();
        attempt(() -> manager.open(1L), say);
        connection.rollback();
    }

    static void session(Connection connection, Consumer<String> say) throws SQLException {
        PGConnection pg = connection.unwrap(PGConnection.class);
        for (String name : List.of("server_version", "client_encoding", "DateStyle", "TimeZone", "is_superuser")) {
            say.accept(name + " " + pg.getParameterStatus(name));
        }
        say.accept(connection.getMetaData().getDatabaseProductVersion() + " " + connection.getCatalog());
        connection.setSchema("other");
        say.accept(connection.getSchema());
        connection.setClientInfo("ApplicationName", "talker");
        say.accept(connection.getClientInfo("ApplicationName") + " " + connection.isValid(20));
        try (Statement statement = connection.createStatement()) {
            rows(statement.executeQuery("select * from patients"), say);
            statement.execute("drop table if exists no_such_table");
            for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                say.accept(warning.getSQLState() + " " + warning.getMessage());
            }
            statement.execute("set timezone = 'Asia/Tokyo'");
            say.accept(String.valueOf(pg.getParameterStatus("TimeZone")));
            statement.execute("do $$ begin raise warning using message = 'w', detail = 'd', hint = 'h'; end $$");
            say.accept(String.valueOf(statement.getWarnings()));
        }
    }

    static void cancellation(Connection connection, Consumer<String> say) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            attempt(() -> statement.execute("select pg_sleep(30)"), say);
            statement.setQueryTimeout(0);
            rows(statement.executeQuery("select 'again'"), say);
            statement.execute("set statement_timeout = 200");
            attempt(() -> statement.execute("select pg_sleep(30)"), say);
        }
    }
}
