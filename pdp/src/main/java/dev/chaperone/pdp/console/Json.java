package dev.chaperone.pdp.console;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import dev.chaperone.pdp.console.DeskException.Problem;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What pages send and receive. */
final class Json {

    private static final Logger LOG = LoggerFactory.getLogger(Json.class);
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    /** With every field that has a value by default, so that a page need not know the defaults. */
    private static final JsonFormat.Printer CONTRACT =
            JsonFormat.printer().alwaysPrintFieldsWithNoPresence().omittingInsignificantWhitespace();

    private Json() {}

    static Answer.Content answer(int status, Object value) {
        return Answer.of(status, "application/json", MAPPER.writeValueAsBytes(value));
    }

    /** A document that is JSON already. */
    static Answer.Content written(String document) {
        return Answer.of(200, "application/json", document.getBytes(StandardCharsets.UTF_8));
    }

    /** A message of the contract as JSON; 64-bit numbers are texts in it. */
    static String of(MessageOrBuilder message) {
        try {
            return CONTRACT.print(message);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a message of the contract cannot be written as JSON", e);
        }
    }

    static String of(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /** Reads what a page sends; nothing but JSON, which no form of another site can send. */
    static <T> T read(WebRequest request, Class<T> type, String expected) {
        String media = request.header("content-type");
        if (media == null || !media.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
            throw new DeskException(Problem.INVALID, "expected `application/json`");
        }
        try {
            T read = MAPPER.readValue(request.body(), type);
            if (read != null) {
                return read;
            }
        } catch (JacksonException e) {
            LOG.debug("what was sent is no JSON of the expected form");
        }
        throw new DeskException(Problem.INVALID, "expected " + expected);
    }
}
