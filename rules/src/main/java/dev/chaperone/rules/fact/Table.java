package dev.chaperone.rules.fact;

/**
 * One table, view or other relation that the operation touches.
 *
 * @param database database name
 * @param schema schema name
 * @param name relation name
 * @param qualifiedName {@code database.schema.relation}
 * @param written whether the operation inserts into, updates or deletes from it
 * @param system whether it is one of the database's own catalogs
 * @param phiClass the strongest class among all its columns, touched or not
 * @param phi whether it holds identifiers or clinical data
 * @param unclassified whether the catalog does not know it, or does not know a column that is touched
 */
public record Table(
        @Readable("resource.relations") String database,
        @Readable("resource.relations") String schema,
        @Readable("resource.relations") String name,
        @Readable("resource.relations") String qualifiedName,
        @Readable("resource.relations") boolean written,
        @Readable("resource.relations") boolean system,
        @Readable("resource.relations") String phiClass,
        @Readable("resource.relations") boolean phi,
        @Readable("resource.relations") boolean unclassified)
        implements Fact, Target {
    @Override
    public String label() {
        return qualifiedName;
    }
}
