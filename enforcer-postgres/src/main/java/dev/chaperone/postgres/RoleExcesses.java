package dev.chaperone.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds whatever a role may do beyond reading and writing what it was granted: by itself, by what PUBLIC may do, or as a member
 * of other roles. Every membership counts, however it was granted: what is not inherited is one SET ROLE away, and what may not
 * be set may be granted anew by whoever has the admin option.
 *
 * <p>What is refused by the statements that a policy lets through is not looked at: rights on the rows of tables, and TEMPORARY,
 * which every database gives to PUBLIC and which makes nothing that outlives the session.
 */
final class RoleExcesses {

    private static final List<String> ATTRIBUTES =
            List.of("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS");

    /** Kinds that {@code role.allow} may name beside the server's predefined roles, which all begin with {@code pg_}. */
    static final Set<String> KINDS = Set.of(
            "superuser",
            "createrole",
            "createdb",
            "replication",
            "bypassrls",
            "admin-option",
            "ownership",
            "create-on-database",
            "create-on-schema",
            "create-on-tablespace",
            "usage-on-foreign-data-wrapper",
            "set-parameter",
            "custom-setting",
            "execute-function");

    private static final String HELD = """
            WITH RECURSIVE held (oid) AS (
              SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user
              UNION
              SELECT m.roleid FROM held h JOIN pg_catalog.pg_auth_members m ON m.member = h.oid)
            """;

    private static final String ROLES = HELD + """
            SELECT r.oid::bigint, r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
                   r.rolname = session_user, r.oid < 16384 AND r.rolname ~ '^pg_' AND r.rolname <> 'pg_database_owner'
              FROM held h JOIN pg_catalog.pg_roles r USING (oid) ORDER BY r.rolname""";

    private static final String MEMBERSHIPS = HELD + """
            SELECT m.member::bigint, m.roleid::bigint, m.admin_option, g.rolname
              FROM held h JOIN pg_catalog.pg_auth_members m ON m.member = h.oid
              LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor ORDER BY m.roleid, g.rolname""";

    /**
     * Temporary objects of the role's other sessions are nobody's concern, and large objects give no more than themselves. What
     * REASSIGN OWNED leaves alone is no object.
     */
    private static final String OWNED = HELD + """
            SELECT h.oid::bigint, o.type, o.identity
              FROM held h
              JOIN pg_catalog.pg_shdepend d
                ON d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = h.oid AND d.deptype = 'o'
               AND d.classid NOT IN ('pg_catalog.pg_default_acl'::regclass, 'pg_catalog.pg_user_mapping'::regclass,
                                     'pg_catalog.pg_largeobject'::regclass)
               AND d.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
             CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
             WHERE o.schema IS NULL OR o.schema !~ '^pg_temp'
             ORDER BY o.type, o.identity""";

    /** Who is to own what the role must not: the database's owner, unless that is what the role is or may become. */
    private static final String NEW_OWNER = HELD + """
            SELECT r.rolname FROM pg_catalog.pg_roles r
             WHERE r.oid = 10
                OR r.oid = (SELECT datdba FROM pg_catalog.pg_database WHERE datname = current_database())
                   AND r.oid NOT IN (SELECT oid FROM held)
             ORDER BY r.oid = 10 LIMIT 1""";

    /**
     * Rights that were granted on anything but relations. Of functions: those that are not for PUBLIC as they come, with the
     * server or with an extension, and those in languages in which a function may do what the server's process may.
     */
    private static final String GRANTED = HELD + """
            SELECT x.kind, x.object, x.sql, a.grantee::bigint, a.is_grantable, g.rolname, a.grantor = x.owner
              FROM (SELECT 'create-on-database' AS kind, datname::text AS object, format('DATABASE %I', datname) AS sql,
                           'CREATE' AS privilege, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl
                      FROM pg_catalog.pg_database WHERE datname = current_database()
                    UNION ALL
                    SELECT 'create-on-schema', nspname, format('SCHEMA %I', nspname),
                           'CREATE', nspowner, coalesce(nspacl, acldefault('n', nspowner))
                      FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
                    UNION ALL
                    SELECT 'create-on-tablespace', spcname, format('TABLESPACE %I', spcname),
                           'CREATE', spcowner, coalesce(spcacl, acldefault('t', spcowner))
                      FROM pg_catalog.pg_tablespace
                    UNION ALL
                    SELECT 'usage-on-foreign-data-wrapper', fdwname, format('FOREIGN DATA WRAPPER %I', fdwname),
                           'USAGE', fdwowner, coalesce(fdwacl, acldefault('F', fdwowner))
                      FROM pg_catalog.pg_foreign_data_wrapper
                    UNION ALL
                    SELECT 'execute-function', p.oid::regprocedure::text, 'ROUTINE ' || p.oid::regprocedure,
                           'EXECUTE', p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
                      FROM pg_catalog.pg_proc p
                      JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                      LEFT JOIN pg_catalog.pg_init_privs i
                        ON i.classoid = 'pg_catalog.pg_proc'::regclass AND i.objoid = p.oid AND i.objsubid = 0
                     WHERE i.objoid IS NOT NULL
                           AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) e WHERE e.grantee = 0)
                        OR NOT l.lanpltrusted AND p.oid >= 16384 AND p.prokind <> 'a'
                           AND NOT (l.lanname IN ('c', 'internal')
                                    AND EXISTS (SELECT FROM pg_catalog.pg_depend d
                                                 WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                                                   AND d.deptype = 'e'))
            parameters) x
             CROSS JOIN LATERAL aclexplode(x.acl) a
              LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
             WHERE a.grantee <> x.owner AND a.privilege_type = ANY (string_to_array(x.privilege, '|'))
               AND (a.grantee = 0 OR a.grantee IN (SELECT oid FROM held))
             ORDER BY x.kind, x.object, a.grantee""";

    /** From PostgreSQL 15 on, what is for superusers to set may be granted. */
    private static final String PARAMETERS = """
                    UNION ALL
                    SELECT 'set-parameter', parname, format('PARAMETER %I', parname), 'SET|ALTER SYSTEM', 10::oid, paracl
                      FROM pg_catalog.pg_parameter_acl
            """;

    /** Settings that no module defines: applications put there what every session of the role can read. */
    private static final String SETTINGS = """
            SELECT split_part(c, '=', 1), s.setdatabase <> 0, s.setrole <> 0, quote_ident(current_database())
              FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) c
             WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
               AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
               AND split_part(c, '=', 1) ~ '[.]'
               AND split_part(c, '=', 1) NOT IN (SELECT name FROM pg_catalog.pg_settings)
             ORDER BY 1""";

    private static final int NAMED = 5;

    private final Statement statement;
    private final int version;
    private final List<RoleExcess> found = new ArrayList<>();
    private final Map<Long, Role> roles = new LinkedHashMap<>();
    private final List<Membership> memberships = new ArrayList<>();
    private Role self = new Role(0, "", List.of(), true, false);

    private record Role(long oid, String name, List<String> attributes, boolean self, boolean predefined) {}

    private record Membership(
            long member, long role, boolean admin, @Nullable String grantor) {}

    private RoleExcesses(Statement statement, int version) {
        this.statement = statement;
        this.version = version;
    }

    /** What the role that the connection logged in with may do. The connection must not be used by anybody else meanwhile. */
    static List<RoleExcess> find(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // Names are printed with their schema where it is another than this.
            statement.execute("SET search_path = pg_catalog");
            RoleExcesses excesses =
                    new RoleExcesses(statement, connection.getMetaData().getDatabaseMajorVersion());
            excesses.roles();
            excesses.attributes();
            excesses.memberships();
            excesses.ownership();
            excesses.grants();
            excesses.settings();
            return List.copyOf(excesses.found);
        }
    }

    private void roles() throws SQLException {
        try (ResultSet rows = statement.executeQuery(ROLES)) {
            while (rows.next()) {
                List<String> attributes = new ArrayList<>();
                for (int i = 0; i < ATTRIBUTES.size(); i++) {
                    if (rows.getBoolean(3 + i)) {
                        attributes.add(ATTRIBUTES.get(i));
                    }
                }
                Role role = new Role(
                        rows.getLong(1), rows.getString(2), attributes, rows.getBoolean(8), rows.getBoolean(9));
                roles.put(role.oid(), role);
                self = role.self() ? role : self;
            }
        }
        try (ResultSet rows = statement.executeQuery(MEMBERSHIPS)) {
            while (rows.next()) {
                memberships.add(
                        new Membership(rows.getLong(1), rows.getLong(2), rows.getBoolean(3), rows.getString(4)));
            }
        }
    }

    private void attributes() {
        for (Role role : roles.values()) {
            for (String attribute : role.attributes()) {
                String name = attribute.toLowerCase(Locale.ROOT);
                if (role.self()) {
                    found.add(new RoleExcess(
                            name, "", attribute, List.of("ALTER ROLE " + quoted(self.name()) + " NO" + attribute)));
                } else {
                    found.add(new RoleExcess(name, role.name(), attribute + as(role), leave(role)));
                }
            }
        }
    }

    private void memberships() {
        for (Role role : roles.values()) {
            if (role.predefined()) {
                found.add(new RoleExcess(role.name(), "", "membership in " + role.name(), leave(role)));
            }
        }
        for (Membership membership : memberships) {
            Role member = roles.get(membership.member());
            Role role = roles.get(membership.role());
            if (membership.admin() && member != null && role != null) {
                found.add(new RoleExcess(
                        "admin-option",
                        role.name(),
                        "the right to grant role " + role.name() + as(member),
                        member.self() ? List.of(revoke("ADMIN OPTION FOR ", role, membership)) : leave(member)));
            }
        }
    }

    private void ownership() throws SQLException {
        Map<Long, Map<String, List<String>>> owned = new LinkedHashMap<>();
        try (ResultSet rows = statement.executeQuery(OWNED)) {
            while (rows.next()) {
                owned.computeIfAbsent(rows.getLong(1), role -> new TreeMap<>())
                        .computeIfAbsent(rows.getString(2), type -> new ArrayList<>())
                        .add(rows.getString(3));
            }
        }
        for (Map.Entry<Long, Map<String, List<String>>> entry : owned.entrySet()) {
            Role role = Objects.requireNonNull(roles.get(entry.getKey()));
            String what = entry.getValue().entrySet().stream()
                    .map(type -> some(type.getKey(), type.getValue()))
                    .collect(Collectors.joining(", "));
            found.add(new RoleExcess(
                    "ownership",
                    role.self() ? "" : role.name(),
                    "ownership of " + what + as(role),
                    role.self()
                            ? List.of("REASSIGN OWNED BY " + quoted(self.name()) + " TO " + quoted(newOwner()))
                            : leave(role)));
        }
    }

    private static String some(String type, List<String> objects) {
        String names = objects.stream().limit(NAMED).collect(Collectors.joining(", "));
        int more = objects.size() - NAMED;
        return type + ' ' + names + (more > 0 ? " and " + more + " more" : "");
    }

    private String newOwner() throws SQLException {
        try (ResultSet row = statement.executeQuery(NEW_OWNER)) {
            row.next();
            return row.getString(1);
        }
    }

    private void grants() throws SQLException {
        String sql = GRANTED.replace("parameters", version >= 15 ? PARAMETERS : "");
        Map<String, RoleExcess> byId = new LinkedHashMap<>();
        try (ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                RoleExcess excess = grant(rows);
                if (excess != null) {
                    byId.merge(excess.id(), excess, RoleExcesses::merged);
                }
            }
        }
        found.addAll(byId.values());
    }

    private @Nullable RoleExcess grant(ResultSet row) throws SQLException {
        String kind = row.getString(1);
        String object = row.getString(2);
        long grantee = row.getLong(4);
        Role role = roles.get(grantee);
        if (role != null && role.predefined()) {
            return null; // to be a member of it is the excess
        }
        String right = switch (kind) {
            case "execute-function" -> "EXECUTE on function " + object;
            case "set-parameter" -> "SET or ALTER SYSTEM of parameter " + object;
            case "usage-on-foreign-data-wrapper" -> "USAGE on foreign data wrapper " + object;
            default -> "CREATE on " + kind.substring("create-on-".length()) + ' ' + object;
        };
        if (role != null && !role.self()) {
            return new RoleExcess(kind, object, right + as(role), leave(role));
        }
        String privilege = kind.equals("execute-function")
                ? "EXECUTE"
                : kind.equals("set-parameter") ? "SET, ALTER SYSTEM" : kind.startsWith("usage") ? "USAGE" : "CREATE";
        String revoke = "REVOKE " + privilege + " ON " + row.getString(3) + " FROM "
                + (role == null ? "PUBLIC" : quoted(self.name())) + (row.getBoolean(5) ? " CASCADE" : "");
        String grantor = row.getString(6);
        return new RoleExcess(
                kind,
                object,
                right + (role == null ? " as anybody" : ""),
                grantor == null || row.getBoolean(7)
                        ? List.of(revoke)
                        : List.of("SET ROLE " + quoted(grantor) + ";\n" + revoke + ";\nRESET ROLE"));
    }

    private void settings() throws SQLException {
        try (ResultSet rows = statement.executeQuery(SETTINGS)) {
            while (rows.next()) {
                String name = rows.getString(1);
                String database = rows.getString(4);
                String whose = !rows.getBoolean(3)
                        ? rows.getBoolean(2) ? "DATABASE " + database : "ROLE ALL"
                        : "ROLE " + quoted(self.name()) + (rows.getBoolean(2) ? " IN DATABASE " + database : "");
                String mended = "ALTER " + whose + " RESET " + setting(name);
                found.add(new RoleExcess(
                        "custom-setting", name, "every session's sight of setting " + name, List.of(mended)));
            }
        }
    }

    private static String setting(String name) {
        return Arrays.stream(name.split("\\.")).map(RoleExcesses::quoted).collect(Collectors.joining("."));
    }

    private static RoleExcess merged(RoleExcess one, RoleExcess other) {
        List<String> statements = new ArrayList<>(one.statements());
        if (!statements.containsAll(other.statements())) {
            statements.addAll(other.statements());
        }
        return new RoleExcess(
                one.name(),
                one.object(),
                one.what().equals(other.what()) ? one.what() : one.what() + ", " + other.what(),
                statements);
    }

    private String as(Role role) {
        return role.self() ? "" : " as a member of " + role.name();
    }

    /** What ends every way in which our role is a member of that one: those of our own memberships that lead to it. */
    private List<String> leave(Role role) {
        return memberships.stream()
                .filter(membership -> membership.member() == self.oid() && leads(membership.role(), role.oid()))
                .map(membership -> revoke("", Objects.requireNonNull(roles.get(membership.role())), membership))
                .distinct()
                .toList();
    }

    /** The server lets nobody make a circle of memberships. */
    private boolean leads(long from, long to) {
        return from == to || memberships.stream().anyMatch(next -> next.member() == from && leads(next.role(), to));
    }

    private String revoke(String what, Role role, Membership membership) {
        // From PostgreSQL 16 on each grantor's grant is one of its own, and may have others that rest on it.
        String by = version >= 16 && membership.grantor() != null
                ? " GRANTED BY " + quoted(membership.grantor()) + (membership.admin() ? " CASCADE" : "")
                : "";
        return "REVOKE " + what + quoted(role.name()) + " FROM " + quoted(self.name()) + by;
    }

    /** The name as SQL has it. */
    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}
