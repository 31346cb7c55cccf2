package dev.chaperone.postgres;

import java.sql.Connection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** What a program does with pgjdbc, and what it sees of it. */
final class JdbcConversation {

    /** A part of the conversation. */
    interface Step {
        void talk(Connection connection, Consumer<String> say) throws Exception;
    }

    /** Steps in which the driver does the same however it was set up, or that it cannot take in every query mode. */
    static final Set<String> BY_DEFAULT_ONLY = Set.of(
            "metadata", "calls", "pages", "copies", "notifications", "large objects", "cancellation", "the session");

    static final Map<String, Step> STEPS = new LinkedHashMap<>();

    static {
        STEPS.put("values", JdbcValues::values);
        STEPS.put("metadata", JdbcValues::metadata);
        STEPS.put("parameters", JdbcValues::parameters);
        STEPS.put("failures", JdbcStatements::failures);
        STEPS.put("transactions", JdbcStatements::transactions);
        STEPS.put("pages", JdbcStatements::pages);
        STEPS.put("batches", JdbcStatements::batches);
        STEPS.put("generated keys", JdbcStatements::generatedKeys);
        STEPS.put("several results", JdbcStatements::severalResults);
        STEPS.put("calls", JdbcFeatures::calls);
        STEPS.put("copies", JdbcFeatures::copies);
        STEPS.put("notifications", JdbcFeatures::notifications);
        STEPS.put("large objects", JdbcFeatures::largeObjects);
        STEPS.put("updatable results", JdbcStatements::updatableResults);
        STEPS.put("changed tables", JdbcStatements::changedTables);
        STEPS.put("the session", JdbcFeatures::session);
        STEPS.put("cancellation", JdbcFeatures::cancellation);
        STEPS.put("much", JdbcValues::much);
    }

    private JdbcConversation() {}
}
