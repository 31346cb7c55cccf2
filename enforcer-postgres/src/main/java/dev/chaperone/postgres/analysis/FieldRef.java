package dev.chaperone.postgres.analysis;

/** A column of a relation, by the names that the decision's masks use. */
public record FieldRef(String database, String schema, String relation, String column) {

    /** The field as {@code Mask.field} names it: "database.schema.relation.column". */
    public String field() {
        return database + '.' + schema + '.' + relation + '.' + column;
    }

    @Override
    public String toString() {
        return field();
    }
}
