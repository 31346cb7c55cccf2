package dev.chaperone.postgres;

import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A statement that is to become a portal, and where it goes on from there.
 *
 * @param prepared the statement, which the server has parsed
 * @param bind how it is to be bound
 * @param asked what the client has sent, for the record
 * @param series says whether the portal is run to its end and nothing else comes before the next Sync
 * @param opened gets the portal
 * @param failed called when it cannot be opened, and the client has been told
 * @param anew begins again where the gateway itself had prepared the statement, and it means something else by now; null when
 *     the text that was prepared is the client's own
 */
record Opening(
        Prepared prepared,
        Bind bind,
        Asked asked,
        BooleanSupplier series,
        Consumer<Portal> opened,
        Runnable failed,
        @Nullable Runnable anew) {

    Opening(
            Prepared prepared,
            Bind bind,
            Asked asked,
            BooleanSupplier series,
            Consumer<Portal> opened,
            Runnable failed) {
        this(prepared, bind, asked, series, opened, failed, null);
    }

    List<Parameter> parameters() {
        return asked.parameters();
    }

    /** The same statement, of which the portal goes elsewhere. */
    Opening then(Consumer<Portal> other) {
        return new Opening(prepared, bind, asked, series, other, failed, anew);
    }

    /** Another statement in its place. */
    Opening of(Prepared other, String name) {
        return new Opening(other, bind.to(name), asked, series, opened, failed, anew);
    }
}
