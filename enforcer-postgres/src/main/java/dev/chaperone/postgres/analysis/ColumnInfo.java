package dev.chaperone.postgres.analysis;

/**
 * A column of a relation.
 *
 * @param name its name
 * @param type its type as the server spells it ("text", "numeric(10,2)")
 */
public record ColumnInfo(String name, String type) {}
