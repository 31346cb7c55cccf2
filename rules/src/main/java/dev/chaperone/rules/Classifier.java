package dev.chaperone.rules;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Field;
import dev.chaperone.decision.v1.Relation;

/**
 * What the catalog knows about fields. Answers are PHI classes: {@code "A"} to {@code "R"} for the identifiers of 45
 * CFR 164.514(b)(2)(i), {@code "CLINICAL"}, {@code "NONE"}, or {@code "UNKNOWN"}; anything else counts as {@code
 * "UNKNOWN"}. Must be safe for use by several threads and must not do I/O: it is asked for every field of every request.
 */
@FunctionalInterface
public interface Classifier {
    /**
     * The class of a column.
     *
     * @param column a column of the relation; the name {@code "*"} asks about the whole row as one value
     */
    String phiClass(Relation relation, Column column);

    /**
     * The strongest class among all columns of a relation, whether the request touches them or not: a {@code count(*)}
     * or a {@code DELETE} touches none. {@code "UNKNOWN"} when the catalog does not hold the relation.
     */
    default String relationClass(Relation relation) {
        return relation.getColumnsList().stream()
                .map(column -> phiClass(relation, column))
                .reduce(PhiClasses::stronger)
                .orElse(PhiClasses.UNKNOWN);
    }

    /**
     * The class of a field of an object, endpoint or tool.
     *
     * @param location where the field is: {@code "s3://bucket/key"}, {@code "GET host/route"}, {@code "mcp:server/tool"}
     */
    default String phiClass(String location, Field field) {
        return PhiClasses.UNKNOWN;
    }
}
