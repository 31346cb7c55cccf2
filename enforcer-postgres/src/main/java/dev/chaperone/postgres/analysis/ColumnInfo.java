package dev.chaperone.postgres.analysis;

/**
 * A column of a relation.
 *
 * @param name its name
 * @param type its type as the server spells it ("text", "numeric(10,2)")
 * @param generated true when its values are computed from those of other columns
 */
public record ColumnInfo(String name, String type, boolean generated) {}
