package dev.chaperone.pdp.console;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** In memory, for ever. */
final class TestingKeep implements Keep {

    private final Map<String, byte[]> all = new ConcurrentHashMap<>();

    @Override
    public void put(Kind kind, String name, byte[] value, Duration idle, Duration lifetime, int most) {
        all.put(kind + name, value);
    }

    @Override
    public byte @Nullable [] find(Kind kind, String name, @Nullable Duration idle) {
        return all.get(kind + name);
    }

    @Override
    public byte @Nullable [] take(Kind kind, String name) {
        return all.remove(kind + name);
    }

    @Override
    public void remove(Kind kind, String name) {
        all.remove(kind + name);
    }
}
