package dev.chaperone.testkit.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client's session in which a case is carried out, with the owner's own beside it. */
final class Conversation {

    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z_]+\\.[0-9]+\\.[a-z_]+)}");

    private final WireClient client;
    private final Connection owner;
    private final Map<String, Canary> knowledge;

    /**
     * @param knowledge the secrets that the attacker can name in a guess; the same in every world
     */
    Conversation(WireClient client, Connection owner, Map<String, Canary> knowledge) {
        this.client = client;
        this.owner = owner;
        this.knowledge = knowledge;
    }

    /** Sends without waiting. */
    void send(byte[] frames) {
        client.send(frames);
    }

    /** Waits for one of the messages; answers a request for COPY data with one line of nothing. */
    void await(String tags) throws IOException {
        while (!client.ended()) {
            Message message = client.read();
            if (message == null || tags.indexOf(message.tag()) >= 0) {
                return;
            }
            if (message.tag() == 'G') {
                client.send(Frames.message('d', "\\N\n".getBytes(StandardCharsets.US_ASCII)));
                client.send(Frames.message('c'));
            }
        }
    }

    /** Sends a simple query and waits for its end. */
    void query(String sql) throws IOException {
        client.send(Frames.query(fill(sql)));
        await("Z");
    }

    /** Ends a series of messages and waits for the server to agree. */
    void sync() throws IOException {
        client.send(Frames.sync());
        await("Z");
    }

    /** Has the owner do something, unseen by the client. */
    void owner(String sql) {
        try (Statement statement = owner.createStatement()) {
            statement.execute(fill(sql));
        } catch (SQLException e) {
            throw new IllegalStateException("the owner cannot `" + sql + "`: " + e.getMessage(), e);
        }
    }

    /** Puts guesses in the place of {@code {table.key.column}}. */
    String fill(String text) {
        Matcher matcher = PLACEHOLDER.matcher(text);
        StringBuilder filled = new StringBuilder();
        while (matcher.find()) {
            Canary guess = knowledge.get(matcher.group(1));
            if (guess == null) {
                throw new IllegalArgumentException("the fixture has no `" + matcher.group(1) + "`");
            }
            matcher.appendReplacement(filled, Matcher.quoteReplacement(guess.value()));
        }
        return matcher.appendTail(filled).toString();
    }
}
