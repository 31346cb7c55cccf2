package dev.chaperone.rules.fact;

/**
 * One column, or one field of a structured body, that the operation touches.
 *
 * @param kind {@code "column"}, {@code "object"}, {@code "request"}, {@code "response"} or {@code "argument"}
 * @param database database of a column, otherwise empty
 * @param schema schema of a column, otherwise empty
 * @param relation relation of a column, otherwise empty
 * @param name column name ({@code "*"} for the whole row as one value), or the field's path
 * @param qualifiedName {@code database.schema.relation.column}, or the field's path; what masks are keyed by
 * @param type the upstream's name of the column's type, otherwise empty
 * @param phiClass {@code "A"} to {@code "R"}, {@code "CLINICAL"}, {@code "NONE"} or {@code "UNKNOWN"}
 * @param identifier whether the class is one of the identifiers A to R of 45 CFR 164.514(b)(2)(i)
 * @param system whether it belongs to the database's own catalogs
 * @param output delivered unchanged: can be masked in the response
 * @param derived part of an expression that is delivered or stored: a mask would not cover it
 * @param predicate decides which rows are delivered, or in which order or grouping
 * @param written written to
 * @param value the value of a request field where the enforcer passes it on, otherwise empty
 */
public record Field(
        @Readable("resource") String kind,
        @Readable("resource.relations") String database,
        @Readable("resource.relations") String schema,
        @Readable("resource.relations") String relation,
        @Readable("resource") String name,
        @Readable("resource") String qualifiedName,
        @Readable("resource.relations") String type,
        @Readable("resource") String phiClass,
        @Readable("resource") boolean identifier,
        @Readable("resource.relations") boolean system,
        @Readable("resource") boolean output,
        @Readable("resource") boolean derived,
        @Readable("resource") boolean predicate,
        @Readable("resource") boolean written,
        @Readable("resource.endpoint.request_fields") String value)
        implements Fact, Target {
    @Override
    public String label() {
        return qualifiedName;
    }
}
