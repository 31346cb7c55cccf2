package dev.chaperone.cli.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Calls a record's canonical constructor. */
final class RecordMaker {

    private RecordMaker() {}

    /**
     * A record of the values.
     *
     * @throws IllegalArgumentException when the record's own validation refuses them
     */
    static Object make(Class<?> type, @Nullable Object[] values) {
        Class<?>[] types = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refused) {
                throw refused;
            }
            throw new IllegalStateException("`" + type.getName() + "` failed on its configuration", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("`" + type.getName() + "` cannot be made", e);
        }
    }
}
