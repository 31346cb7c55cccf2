package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at what the enforcer's role may do in the database, once at start. Policies are only as strong as the role is weak: a
 * superuser reads files and replaces functions behind any policy's back.
 */
final class RoleCheck {

    private static final Logger LOG = LoggerFactory.getLogger(RoleCheck.class);

    private static final String ROLE = """
            select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
                   array(select r.rolname::text from pg_catalog.pg_roles r
                         where r.rolname ~ '^pg_' and pg_catalog.pg_has_role(current_user, r.oid, 'member')
                         order by 1)
            from pg_catalog.pg_roles where rolname = current_user
            """;

    private RoleCheck() {}

    /**
     * Checks the role of a connection.
     *
     * @throws EnforcementException when the role may do more than the configuration allows
     */
    static void check(Connection connection, String name, PostgresConfig.Upstream upstream) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            List<String> powers = powers(statement);
            if (!powers.isEmpty()) {
                String message =
                        "role `" + upstream.user() + "` of upstream `" + name + "` has " + String.join(", ", powers);
                if (!upstream.allowPrivilegedRole()) {
                    throw new EnforcementException(
                            ErrorCode.UPSTREAM_UNAVAILABLE,
                            message + "; give the enforcer an ordinary role, or set `allow-privileged-role: true`");
                }
                LOG.warn("{}: policies can be circumvented through it", message);
            }
            requireServerLogHidesTrees(statement, name, upstream);
        }
    }

    private static List<String> powers(Statement statement) throws SQLException {
        List<String> powers = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery(ROLE)) {
            if (!rows.next()) {
                return powers;
            }
            String[] names = {"SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB", "REPLICATION"};
            for (int i = 0; i < names.length; i++) {
                if (rows.getBoolean(i + 1)) {
                    powers.add(names[i]);
                }
            }
            for (String role : (String[]) rows.getArray(6).getArray()) {
                if (role.equals("pg_read_server_files")
                        || role.equals("pg_write_server_files")
                        || role.equals("pg_execute_server_program")
                        || role.equals("pg_read_all_data")
                        || role.equals("pg_write_all_data")) {
                    powers.add("membership in " + role);
                }
            }
        }
        return powers;
    }

    /** The trees that the server prints for us go to its log, too, unless a DBA has said otherwise. */
    private static void requireServerLogHidesTrees(Statement statement, String name, PostgresConfig.Upstream upstream)
            throws SQLException {
        try (ResultSet rows = statement.executeQuery("show log_min_messages")) {
            if (rows.next() && !List.of("fatal", "panic").contains(rows.getString(1))) {
                LOG.warn(
                        "the server log of upstream `{}` will hold the query tree of every statement, literals included;"
                                + " have a superuser run: ALTER ROLE {} SET log_min_messages = fatal",
                        name,
                        '"' + upstream.user().replace("\"", "\"\"") + '"');
            }
        }
    }
}
