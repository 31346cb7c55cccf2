package dev.chaperone.postgres;

import dev.chaperone.audit.v1.Parameter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement as the client sent it, for the record.
 *
 * @param text the statement's text where it is not the prepared one's; else null
 * @param parameters as received
 */
record Asked(@Nullable String text, List<Parameter> parameters) {

    /** As prepared, without parameters. */
    static final Asked PLAINLY = new Asked(null, List.of());

    /** About how many bytes it takes in a record, at most. */
    long size(String prepared) {
        long size = 3L * (text == null ? prepared : text).length();
        for (Parameter parameter : parameters) {
            size += parameter.getValue().size() + 16L;
        }
        return size;
    }
}
