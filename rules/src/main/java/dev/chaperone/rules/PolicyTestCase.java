package dev.chaperone.rules;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Field;
import dev.chaperone.decision.v1.Relation;
import java.util.Map;

/**
 * One case of a policy test.
 *
 * @param name what it shows
 * @param request what is asked
 * @param classes PHI class by {@code database.schema.relation}, {@code database.schema.relation.column} or field path
 * @param expectation what must be decided
 */
record PolicyTestCase(String name, DecideRequest request, Map<String, String> classes, PolicyExpectation expectation) {
    PolicyTestCase {
        classes = Map.copyOf(classes);
    }

    /** A catalog that knows what the case says. */
    Classifier classifier() {
        return new CaseClassifier(classes);
    }

    private record CaseClassifier(Map<String, String> classes) implements Classifier {
        @Override
        public String phiClass(Relation relation, Column column) {
            return classes.getOrDefault(name(relation) + "." + column.getName(), PhiClasses.UNKNOWN);
        }

        @Override
        public String relationClass(Relation relation) {
            String stated = classes.get(name(relation));
            return stated == null ? Classifier.super.relationClass(relation) : stated;
        }

        @Override
        public String phiClass(String location, Field field) {
            return classes.getOrDefault(field.getPath(), PhiClasses.UNKNOWN);
        }

        private static String name(Relation relation) {
            return relation.getDatabase() + "." + relation.getSchema() + "." + relation.getName();
        }
    }
}
