package dev.chaperone.postgres.analysis;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Single functions that somebody has decided on, beyond what {@link FunctionPolicy} says of those that come with PostgreSQL.
 *
 * <p>An entry is {@code schema.name(type, type)} with the types as the server spells them, or {@code schema.name} for all
 * functions of that name; without a schema it is one of {@code pg_catalog}.
 *
 * @param allow functions that may be called like those on the list
 * @param refuse functions that are taken off the list; what is in both is refused
 */
public record FunctionChoice(List<String> allow, List<String> refuse) {

    /** Nothing but the list. */
    public static final FunctionChoice NONE = new FunctionChoice(List.of(), List.of());

    public FunctionChoice {
        allow = List.copyOf(allow);
        refuse = List.copyOf(refuse);
        for (List<String> entries : List.of(allow, refuse)) {
            for (String entry : entries) {
                if (entry.isBlank() || entry.indexOf('(') == 0 || entry.contains("(") != entry.endsWith(")")) {
                    throw new IllegalArgumentException(
                            "`" + entry + "` names no function; write `schema.name(type, type)` or `schema.name`");
                }
            }
        }
    }

    /** The entries as they compare to {@link FunctionList.Function#signature} and {@link FunctionList.Function#name}. */
    static Set<String> normal(List<String> entries) {
        return entries.stream().map(FunctionChoice::normal).collect(Collectors.toSet());
    }

    static String normal(String entry) {
        int open = entry.indexOf('(');
        String name = (open < 0 ? entry : entry.substring(0, open)).strip();
        String arguments = open < 0 ? "" : entry.substring(open).replaceAll("\\s*([(),])\\s*", "$1");
        return (name.indexOf('.') < 0 ? "pg_catalog." + name : name) + arguments;
    }
}
