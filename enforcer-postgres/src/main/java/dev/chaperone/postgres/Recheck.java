package dev.chaperone.postgres;

import java.util.function.Consumer;

/** Looks whether what people have taken their time to grant means still what they were asked about. */
@FunctionalInterface
interface Recheck {

    /** For what no analysis says anything about. */
    Recheck NOTHING = then -> then.accept(true);

    /** @param then gets the answer, unless the client has been told of an error */
    void same(Consumer<Boolean> then);
}
