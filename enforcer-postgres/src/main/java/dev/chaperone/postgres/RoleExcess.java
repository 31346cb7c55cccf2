package dev.chaperone.postgres;

import java.util.List;

/**
 * Something that the enforcer's role in a database may do and an enforcer does not need.
 *
 * @param name its kind, as {@code role.allow} names it: {@code createrole}, {@code create-on-schema}, or the name of one of the
 *     server's predefined roles
 * @param object what it is about ({@code public}), or the role that has it in the role's stead; empty when it is the role's own
 * @param what the same for people
 * @param statements what a superuser runs in that database to take it from the role; where several belong together they are one,
 *     over several lines
 */
record RoleExcess(String name, String object, String what, List<String> statements) {

    RoleExcess {
        statements = List.copyOf(statements);
    }

    /** Its name with what it is about: {@code create-on-schema:public}. */
    String id() {
        return object.isEmpty() ? name : name + ':' + object;
    }

    /** True when one of the entries names it, or its kind, or lets the role make what it then owns. */
    boolean in(List<String> allowed) {
        return allowed.contains(name)
                || allowed.contains(id())
                || id().equals("ownership") && allowed.stream().anyMatch(RoleExcess::makes);
    }

    private static boolean makes(String entry) {
        return entry.startsWith("create-on-schema") || entry.startsWith("create-on-database");
    }
}
