package dev.chaperone.enforcer;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Principal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The request attributes that cache keys hold beyond who asks, what for and what it touches, as learnt from
 * {@code Cacheability.depends_on}.
 *
 * @param wholePrincipal true when keys tell tokens of one principal apart
 * @param context the fields of the context that keys hold, in the order of their numbers
 */
record DecisionDependencies(boolean wholePrincipal, List<FieldDescriptor> context) {

    static final DecisionDependencies NONE = new DecisionDependencies(false, List.of());

    /** Principal fields that differ between tokens of one principal; keys leave them out unless a rule reads them. */
    static final Set<Integer> TOKEN_FIELDS = Set.of(
            Principal.TOKEN_ID_FIELD_NUMBER, Principal.TOKEN_HASH_FIELD_NUMBER, Principal.EXPIRES_AT_FIELD_NUMBER);

    DecisionDependencies {
        context = List.copyOf(context);
    }

    /**
     * These and more.
     *
     * @param paths attribute paths like {@code context.client_address}
     * @return the union, or null when a path is unknown here or differs with every request, so that nothing may be kept
     */
    @Nullable
    DecisionDependencies with(Iterable<String> paths) {
        boolean principal = wholePrincipal;
        Set<Integer> numbers = new TreeSet<>();
        context.forEach(field -> numbers.add(field.getNumber()));
        for (String path : paths) {
            FieldDescriptor field = resolve(path);
            if (field == null) {
                return null;
            }
            if (field.getContainingType().equals(Context.getDescriptor())) {
                numbers.add(field.getNumber());
            } else if (field.getContainingType().equals(Principal.getDescriptor())) {
                principal |= TOKEN_FIELDS.contains(field.getNumber());
            }
        }
        if (principal == wholePrincipal && numbers.size() == context.size()) {
            return this;
        }
        List<FieldDescriptor> fields = new ArrayList<>();
        numbers.forEach(number -> fields.add(Context.getDescriptor().findFieldByNumber(number)));
        return new DecisionDependencies(principal, fields);
    }

    private static @Nullable FieldDescriptor resolve(String path) {
        List<String> segments = List.of(path.split("\\.", -1));
        if (segments.size() < 2) {
            return null;
        }
        FieldDescriptor part = DecideRequest.getDescriptor().findFieldByName(segments.get(0));
        if (part == null || part.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
            return null;
        }
        Descriptor type = part.getMessageType();
        FieldDescriptor field = type.findFieldByName(segments.get(1));
        // A key that held the time would never be found again.
        boolean time =
                type.equals(Context.getDescriptor()) && field != null && field.getNumber() == Context.TIME_FIELD_NUMBER;
        return time ? null : field;
    }
}
