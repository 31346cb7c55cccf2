package dev.chaperone.testkit.conformance;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client received.
 *
 * @param bytes every byte, understood or not
 * @param messages what they mean
 * @param ended true when the server closed the connection
 */
public record Received(byte[] bytes, List<Message> messages, boolean ended) {

    public Received {
        messages = List.copyOf(messages);
    }

    /** True when an error came, or the end. */
    public boolean failed() {
        return ended || messages.stream().anyMatch(message -> message.tag() == 'E');
    }

    /** The first error's SQLSTATE and message, empty when there was none. */
    public String error() {
        return messages.stream()
                .filter(message -> message.tag() == 'E')
                .findFirst()
                .map(message -> message.field('C') + " " + message.field('M'))
                .orElse(ended ? "the connection ended" : "");
    }

    /** The rows of all results, of DataRow and COPY text alike; binary values as they are. */
    public List<List<byte @Nullable []>> rows() {
        List<List<byte @Nullable []>> rows = new ArrayList<>();
        for (Message message : messages) {
            if (message.tag() == 'D') {
                rows.add(message.values());
            } else if (message.tag() == 'd') {
                rows.add(copied(message.body()));
            }
        }
        return rows;
    }

    private static List<byte @Nullable []> copied(byte[] line) {
        List<byte @Nullable []> values = new ArrayList<>();
        for (String value :
                new String(line, StandardCharsets.ISO_8859_1).strip().split("[\t,]", -1)) {
            values.add(value.getBytes(StandardCharsets.ISO_8859_1));
        }
        return values;
    }

    /** What is expected to be the same wherever it is received: all but the login and the cancellation key. */
    List<Message> comparable() {
        List<Message> same = new ArrayList<>(messages);
        same.removeIf(message -> message.tag() == 'K' || message.tag() == 'R');
        return Collections.unmodifiableList(same);
    }
}
