package dev.chaperone.testkit.conformance;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads one step of a case: a word, or an object with one key that says what is done. */
final class StepReader {

    private StepReader() {}

    static Step read(String name, JsonNode node) {
        if (node.isString()) {
            return word(name, node.asString());
        }
        if (node.size() != 1) {
            throw new IllegalArgumentException("case `" + name + "`: a step is a word, or an object with one key");
        }
        Map.Entry<String, JsonNode> only = node.properties().iterator().next();
        JsonNode value = only.getValue();
        String text = value.isString() ? value.asString() : "";
        return switch (only.getKey()) {
            case "query" -> in -> in.query(text);
            case "owner" -> in -> in.owner(text);
            case "await" -> in -> in.await(text);
            case "parse" -> parse(value);
            case "bind" -> bind(value);
            case "execute" ->
                in -> in.send(Frames.execute(portal(value), value.path("rows").asInt(0)));
            case "describe" ->
                in -> in.send(Frames.describe(target(value), target(value) == 'S' ? statement(value) : portal(value)));
            case "close" ->
                in -> in.send(Frames.close(target(value), target(value) == 'S' ? statement(value) : portal(value)));
            case "message" -> {
                char tag = value.path("tag").asString().charAt(0);
                byte[] body = value.has("hex")
                        ? HexFormat.of().parseHex(value.path("hex").asString().replace(" ", ""))
                        : value.path("text").asString("").getBytes(StandardCharsets.UTF_8);
                yield in -> in.send(Frames.message(tag, body));
            }
            case "raw" -> {
                byte[] bytes = HexFormat.of().parseHex(text.replace(" ", ""));
                yield in -> in.send(bytes);
            }
            default ->
                throw new IllegalArgumentException("case `" + name + "`: step `" + only.getKey() + "` is not known");
        };
    }

    private static Step word(String name, String word) {
        return switch (word) {
            case "sync" -> Conversation::sync;
            case "flush" -> in -> in.send(Frames.message('H'));
            default -> throw new IllegalArgumentException("case `" + name + "`: step `" + word + "` is not known");
        };
    }

    private static Step parse(JsonNode value) {
        List<Integer> types = new ArrayList<>();
        value.path("types").forEach(type -> types.add(type.asInt()));
        String sql = value.path("sql").asString();
        return in -> in.send(Frames.parse(statement(value), in.fill(sql), types));
    }

    private static Step bind(JsonNode value) {
        List<Integer> formats = new ArrayList<>();
        value.path("formats").forEach(format -> formats.add(format.asInt()));
        List<String> parameters = CaseReader.texts(value.path("parameters"));
        return in -> {
            List<@Nullable String> filled = new ArrayList<>();
            parameters.forEach(parameter -> filled.add(in.fill(parameter)));
            in.send(Frames.bind(portal(value), statement(value), filled, formats));
        };
    }

    private static char target(JsonNode value) {
        return value.has("statement") ? 'S' : 'P';
    }

    private static String statement(JsonNode value) {
        return value.path("statement").asString("");
    }

    private static String portal(JsonNode value) {
        return value.path("portal").asString("");
    }
}
