package dev.chaperone.postgres.analysis;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** The upstream's catalog at one moment: the names behind OIDs, and the functions that may be called. Immutable. */
public final class CatalogSnapshot {

    private final long version;
    private final Map<Integer, RelationInfo> relations;
    private final Map<String, RelationInfo> relationsByName = new HashMap<>();
    private final FunctionList functions;
    private final Map<Integer, Integer> operators;
    private final Map<Integer, String> types;
    private final Set<Integer> allowedTypes;
    private final Map<Integer, PlainType> plainTypes;
    private final HiddenCode hidden;

    CatalogSnapshot(
            Map<Integer, RelationInfo> relations,
            FunctionList functions,
            Map<Integer, Integer> operators,
            Map<Integer, String> types,
            Set<Integer> allowedTypes,
            Map<Integer, PlainType> plainTypes,
            HiddenCode hidden) {
        this.relations = Map.copyOf(relations);
        this.relations.values().forEach(relation -> relationsByName.put(relation.qualifiedName(), relation));
        this.functions = functions;
        this.operators = Map.copyOf(operators);
        this.types = Map.copyOf(types);
        this.allowedTypes = Set.copyOf(allowedTypes);
        this.plainTypes = Map.copyOf(plainTypes);
        this.hidden = hidden;
        this.version = ThreadLocalRandom.current().nextLong();
    }

    /** The same, with what relations and columns were called in an earlier one, or before that. */
    CatalogSnapshot after(CatalogSnapshot earlier) {
        return new CatalogSnapshot(
                FormerNames.carry(earlier.relations, relations),
                functions,
                operators,
                types,
                allowedTypes,
                plainTypes,
                hidden);
    }

    /** Part of the key of cached analyses: no two snapshots have the same. One that says the same is not kept beside another. */
    public long version() {
        return version;
    }

    /**
     * True when the other one says the same of everything. A hash would not do: whoever may rename columns finds names with which
     * it does not change.
     */
    boolean saysTheSameAs(CatalogSnapshot other) {
        return relations.equals(other.relations)
                && functions.names().equals(other.functions.names())
                && functions.allowed().equals(other.functions.allowed())
                && operators.equals(other.operators)
                && types.equals(other.types)
                && allowedTypes.equals(other.allowedTypes)
                && plainTypes.equals(other.plainTypes)
                && hidden.equals(other.hidden);
    }

    /** The relation, null when it is unknown (too new, or of a kind that is never given out). */
    public @Nullable RelationInfo relation(int oid) {
        return relations.get(oid);
    }

    /** The relation of that name, "schema.name"; null when it is unknown, or when dots in names make it ambiguous which is meant. */
    public @Nullable RelationInfo relation(String schema, String name) {
        RelationInfo relation = relationsByName.get(schema + '.' + name);
        return relation != null && relation.schema().equals(schema) ? relation : null;
    }

    /** True when the function does nothing but compute from its arguments, or was chosen as if it did. */
    public boolean functionAllowed(int oid) {
        return functions.allows(oid);
    }

    /** Every function, and what became of the choice among them. */
    public FunctionList functions() {
        return functions;
    }

    /** The function behind an operator that was created after initdb; -1, which no function has, when it is unknown. */
    int operatorFunction(int oid) {
        return operators.getOrDefault(oid, -1);
    }

    /** True when the type's input and output functions do nothing but convert. */
    public boolean typeAllowed(int oid) {
        return allowedTypes.contains(oid);
    }

    /** True when the server might run code that nobody has decided on while it only analyses a statement. */
    public boolean mayRunOnParse(String sql) {
        return hidden.mayRunOnParse(sql);
    }

    /** The functions that run without being called. */
    HiddenCode hidden() {
        return hidden;
    }

    /** The function's schema-qualified name; null when it is unknown. */
    public @Nullable String function(int oid) {
        return functions.names().get(oid);
    }

    /** The function's schema-qualified name, for messages and policies; "oid N" when it is unknown. */
    public String functionName(int oid) {
        String name = functions.names().get(oid);
        return name != null ? name : "oid " + Integer.toUnsignedString(oid);
    }

    /** The type's name as the server spells it; "oid N" when it is unknown. */
    public String typeName(int oid) {
        String name = types.get(oid);
        return name != null ? name : "oid " + Integer.toUnsignedString(oid);
    }

    /** The type that every server has and that this one is written like: a domain, an array of domains; null when there is none. */
    public @Nullable PlainType plainType(int oid) {
        return plainTypes.get(oid);
    }
}
