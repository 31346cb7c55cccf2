package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Relation;
import java.util.stream.Collectors;

/** Analyses as short text, so that expectations fit on a line: {@code users(ssn:OP) | x=users.ssn}. */
final class Described {

    private Described() {}

    /**
     * Relations with their columns and uses (Output, Derived, Predicate, Write), written ones with a plus; then the outputs
     * with their sources, inexact ones with a tilde; then functions, then what is restricted, then flags.
     */
    static String of(QueryAnalysis analysis) {
        String relations =
                analysis.relations().stream().map(Described::relation).sorted().collect(Collectors.joining(" "));
        String outputs = analysis.outputs().stream().map(Described::output).collect(Collectors.joining(" "));
        StringBuilder text = new StringBuilder(relations).append(" | ").append(outputs);
        if (!analysis.disallowedFunctions().isEmpty()) {
            text.append(" | ").append(analysis.disallowedFunctions());
        }
        if (!analysis.restricted().isEmpty()) {
            text.append(" restricted ").append(analysis.restricted());
        }
        if (analysis.writes()) {
            text.append(analysis.deletes() ? " deletes" : " writes");
        }
        if (analysis.unrestricted()) {
            text.append(" unrestricted");
        }
        if (!analysis.locks().isEmpty()) {
            text.append(" locks ").append(analysis.locks());
        }
        return text.toString().strip();
    }

    private static String relation(Relation relation) {
        String columns =
                relation.getColumnsList().stream().map(Described::column).collect(Collectors.joining(","));
        return (relation.getWritten() ? "+" : "") + relation.getName() + '(' + columns + ')';
    }

    private static String column(Column column) {
        return column.getName()
                + ':'
                + column.getUsesList().stream()
                        .map(use -> use.name().substring("USE_".length(), "USE_".length() + 1))
                        .collect(Collectors.joining());
    }

    private static String output(OutputColumn output) {
        String sources = output.sources().stream()
                .map(source -> source.relation() + '.' + source.column())
                .sorted()
                .collect(Collectors.joining("&"));
        return output.name() + '=' + sources + (output.passThrough() ? "" : "~");
    }
}
