package dev.chaperone.postgres.analysis;

import java.util.HashSet;
import java.util.Set;

/** Which relations a tree names, wherever it names them. */
public final class TreeRelations {

    private TreeRelations() {}

    /**
     * True when a statement names no relation that the query inside of it, analysed by itself, does not name. A tree that cannot
     * be read, as those of some utility statements, and that of a server before 16, which does not print what is inside of all of
     * them, say nothing against it.
     */
    public static boolean within(String outer, String inner) {
        try {
            return of(QueryTreeReader.read(inner)).containsAll(of(QueryTreeReader.read(outer)));
        } catch (UnanalysableException e) {
            return true;
        }
    }

    private static Set<Integer> of(Node node) {
        Set<Integer> relations = new HashSet<>();
        collect(node, relations);
        return relations;
    }

    private static void collect(Node node, Set<Integer> relations) {
        if (node instanceof Node.Items list) {
            list.items().forEach(item -> collect(item, relations));
        } else if (node instanceof Node.Struct struct) {
            for (int i = 0; i < struct.size(); i++) {
                if (struct.name(i).equals("relid")) {
                    relations.add(Node.number(struct.value(i)));
                } else {
                    collect(struct.value(i), relations);
                }
            }
        }
    }
}
