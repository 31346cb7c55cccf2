package dev.chaperone.rules;

import dev.chaperone.rules.fact.Endpoint;
import dev.chaperone.rules.fact.Fact;
import dev.chaperone.rules.fact.Field;
import dev.chaperone.rules.fact.FunctionCall;
import dev.chaperone.rules.fact.Readable;
import dev.chaperone.rules.fact.Request;
import dev.chaperone.rules.fact.StoredObject;
import dev.chaperone.rules.fact.Table;
import dev.chaperone.rules.fact.Target;
import dev.chaperone.rules.fact.Tool;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What there is to read in conditions, taken from the fact types themselves so that it cannot drift from them. */
final class FactModel {
    static final List<Class<? extends Record>> TYPES = List.of(
            Request.class,
            Field.class,
            Table.class,
            FunctionCall.class,
            StoredObject.class,
            Endpoint.class,
            Tool.class);

    private static final Map<String, FactType> BY_NAME = load();

    private FactModel() {}

    /** One readable field. */
    record Property(ValueType type, String attribute) {}

    /** One callable function. */
    record Function(List<ValueType> parameters, ValueType type, String attribute) {}

    /** One kind of fact. */
    record FactType(String name, boolean target, Map<String, Property> properties, Map<String, Function> functions) {}

    static Optional<FactType> find(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    static Collection<String> names() {
        return BY_NAME.keySet();
    }

    /** The candidate nearest to a mistyped name, as a hint; all of them when none is near. */
    static String suggest(String name, Collection<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
                .filter(nearest -> distance(name, nearest) <= Math.max(2, name.length() / 3))
                .map(nearest -> "did you mean `" + nearest + "`")
                .orElse("there are `" + String.join("`, `", candidates) + "`");
    }

    private static Map<String, FactType> load() {
        Map<String, FactType> types = new TreeMap<>();
        for (Class<? extends Record> type : TYPES) {
            types.put(type.getSimpleName(), load(type));
        }
        return types;
    }

    private static FactType load(Class<? extends Record> type) {
        Map<String, Property> properties = new TreeMap<>();
        for (RecordComponent component : type.getRecordComponents()) {
            Readable readable = component.getAnnotation(Readable.class);
            if (readable != null) {
                properties.put(component.getName(), new Property(valueType(component.getType()), readable.value()));
            }
        }
        Map<String, Function> functions = new TreeMap<>();
        for (Method method : type.getMethods()) {
            Readable readable = method.getAnnotation(Readable.class);
            boolean declared = method.getDeclaringClass() == type || method.getDeclaringClass() == Fact.class;
            if (readable != null && declared && !properties.containsKey(method.getName())) {
                List<ValueType> parameters = Arrays.stream(method.getParameterTypes())
                        .map(FactModel::valueType)
                        .toList();
                functions.put(
                        method.getName(),
                        new Function(parameters, valueType(method.getReturnType()), readable.value()));
            }
        }
        return new FactType(type.getSimpleName(), Target.class.isAssignableFrom(type), properties, functions);
    }

    private static ValueType valueType(Class<?> type) {
        if (type == String.class) {
            return ValueType.TEXT;
        }
        return type == boolean.class ? ValueType.BOOLEAN : ValueType.NUMBER;
    }

    /** Levenshtein distance, without regard to case. */
    private static int distance(String left, String right) {
        int[] costs = new int[right.length() + 1];
        for (int j = 0; j < costs.length; j++) {
            costs[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            int diagonal = costs[0];
            costs[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                boolean same = Character.toLowerCase(left.charAt(i - 1)) == Character.toLowerCase(right.charAt(j - 1));
                int cost = Math.min(Math.min(costs[j], costs[j - 1]) + 1, diagonal + (same ? 0 : 1));
                diagonal = costs[j];
                costs[j] = cost;
            }
        }
        return costs[right.length()];
    }
}
