package dev.chaperone.pdp.console;

import dev.chaperone.pdp.approval.SealedValues;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** In the database of approvals, sealed under each value's name. */
public final class ServiceKeep implements Keep {

    private final SealedValues values;

    /** Keeps in a database that somebody else opens and closes. */
    public ServiceKeep(SealedValues values) {
        this.values = values;
    }

    @Override
    public void put(Kind kind, String name, byte[] value, Duration idle, Duration lifetime, int most) {
        ServiceDesk.answer(() -> {
            values.put(kind.name(), name, value, idle, lifetime, most);
            return name;
        });
    }

    @Override
    public byte @Nullable [] find(Kind kind, String name, @Nullable Duration idle) {
        return answer(() -> values.find(kind.name(), name, idle));
    }

    @Override
    public byte @Nullable [] take(Kind kind, String name) {
        return answer(() -> values.take(kind.name(), name));
    }

    @Override
    public void remove(Kind kind, String name) {
        ServiceDesk.answer(() -> {
            values.remove(kind.name(), name);
            return name;
        });
    }

    private static byte @Nullable [] answer(Supplier<byte @Nullable []> work) {
        return ServiceDesk.<byte @Nullable []>answer(work);
    }
}
