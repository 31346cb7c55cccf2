package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.SqlStatement;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Commands that the server carries out by themselves only, since they are transactions of their own. It holds several statements
 * of one simple query for a transaction block; by the extended protocol, in which it gets them from here, it does not.
 */
final class AloneCommands {

    private static final List<String> ALWAYS = List.of(
            "vacuum",
            "create database",
            "drop database",
            "create tablespace",
            "drop tablespace",
            "alter system",
            "discard all",
            "commit prepared",
            "rollback prepared",
            "reindex database",
            "reindex system",
            "reindex schema");

    private static final List<String> CONCURRENTLY =
            List.of("create index", "create unique index", "drop index", "reindex");

    private AloneCommands() {}

    /** What the server calls the command; null for one that may stand in a transaction block. */
    static @Nullable String name(SqlStatement statement) {
        String words = String.join(
                " ", statement.text().strip().toLowerCase(Locale.ROOT).split("\\s+|\\(", 8));
        for (String command : ALWAYS) {
            if (words.equals(command) || words.startsWith(command + ' ')) {
                return command.toUpperCase(Locale.ROOT);
            }
        }
        for (String command : CONCURRENTLY) {
            if (words.startsWith(command + ' ') && words.contains(" concurrently ")) {
                return command.replace("unique ", "").toUpperCase(Locale.ROOT) + " CONCURRENTLY";
            }
        }
        return null;
    }
}
