package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at what the enforcer's role may do in the database. Policies are only as strong as the role is weak: a superuser reads
 * files and replaces functions behind any policy's back. What the role may do beyond an enforcer's needs has to be allowed by
 * name, and is then in every session's record.
 */
final class RoleCheck {

    private static final Logger LOG = LoggerFactory.getLogger(RoleCheck.class);

    private RoleCheck() {}

    /**
     * Checks the role of a connection.
     *
     * @return what the role may do that the configuration allows by name, see {@link RoleExcess#id}
     * @throws EnforcementException when the role may do more than that; the message lists the statements that take it away
     */
    static List<String> check(Connection connection, String name, PostgresConfig.Upstream upstream)
            throws SQLException {
        List<RoleExcess> found = RoleExcesses.find(connection);
        List<String> allowed = upstream.role().allow();
        List<RoleExcess> refused =
                found.stream().filter(excess -> !excess.in(allowed)).toList();
        if (!refused.isEmpty()) {
            throw new EnforcementException(ErrorCode.UPSTREAM_UNAVAILABLE, refusal(name, upstream, refused));
        }
        return found.stream().map(RoleExcess::id).sorted().toList();
    }

    private static String refusal(String name, PostgresConfig.Upstream upstream, List<RoleExcess> refused) {
        Set<String> statements = new LinkedHashSet<>();
        refused.forEach(excess -> statements.addAll(excess.statements()));
        return "role `" + upstream.user() + "` of upstream `" + name + "` may do more than an enforcer should: "
                + refused.stream().map(RoleExcess::what).collect(Collectors.joining("; "))
                + "\nhave a superuser run in database `" + upstream.database() + "`:\n"
                + String.join(";\n", statements)
                + ";\nor allow it by name, which every session's record will show: role.allow: "
                + refused.stream()
                        .map(excess -> '"' + excess.id().replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                        .collect(Collectors.joining(", ", "[", "]"));
    }

    /** Says what the role may do beyond an enforcer's needs, and of what the server's log shows. */
    static void report(Connection connection, String name, PostgresConfig.Upstream upstream, List<String> excesses)
            throws SQLException {
        if (!excesses.isEmpty()) {
            LOG.warn(
                    "role `{}` of upstream `{}` may, as configured, do what policies do not decide on: {}",
                    upstream.user(),
                    name,
                    String.join(", ", excesses));
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SHOW log_min_messages")) {
            // The trees that the server prints for us go to its log, too, unless a DBA has said otherwise.
            if (rows.next() && !List.of("fatal", "panic").contains(rows.getString(1))) {
                LOG.warn(
                        "the server log of upstream `{}` will hold the query tree of every statement, literals included;"
                                + " have a superuser run:\nALTER ROLE {} SET log_min_messages = fatal;",
                        name,
                        RoleExcesses.quoted(upstream.user()));
            }
        }
    }
}
