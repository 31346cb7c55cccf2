package dev.chaperone.pdp.console;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a browser gets. */
sealed interface Answer {

    /**
     * A whole response.
     *
     * @param status HTTP status
     * @param type media type
     * @param body what it says
     * @param headers further headers
     * @param cookies cookies to set
     */
    record Content(int status, String type, byte[] body, Map<String, String> headers, List<String> cookies)
            implements Answer {

        Content withHeader(String name, String value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(name, value);
            return new Content(status, type, body, more, cookies);
        }

        Content withCookies(String... set) {
            return new Content(status, type, body, headers, List.of(set));
        }
    }

    /** A stream that tells of changes as long as the session goes on. */
    record Events(Sessions.Session session) implements Answer {}

    static Content of(int status, String type, byte[] body) {
        return new Content(status, type, body, Map.of(), List.of());
    }

    static Content text(int status, String text) {
        return of(status, "text/plain; charset=utf-8", (text + "\n").getBytes(StandardCharsets.UTF_8));
    }

    static Content redirect(URI to) {
        return text(303, "see elsewhere").withHeader("location", to.toString());
    }
}
