package dev.chaperone.cli;

import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** What {@code --json} prints. */
final class Json {

    private static final ObjectWriter WRITER = JsonMapper.builder().build().writerWithDefaultPrettyPrinter();

    private Json() {}

    /** Records, maps, lists and scalars as indented JSON. */
    static String write(Object value) {
        return WRITER.writeValueAsString(value);
    }
}
