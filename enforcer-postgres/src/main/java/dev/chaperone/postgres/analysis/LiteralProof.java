package dev.chaperone.postgres.analysis;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds which literals of a statement are nothing but values, and proves that the statement with parameters in their place
 * means the same: the server's tree of the one is that of the other, with a parameter of the same type wherever the text's own
 * has the literal's constant. What the server resolves by a literal's value, such as {@code ORDER BY 1}, leaves no constant;
 * what it resolves by its form, such as the type of a string, leads to another tree.
 */
public final class LiteralProof {

    private static final int INT4 = 23;
    private static final int TEXT = 25;
    private static final int VARCHAR = 1043;
    private static final int BPCHAR = 1042;

    /** Dates, times and timestamps, their arrays, ranges and multiranges. */
    private static final Set<Integer> TIMES = Set.of(
            1082, 1083, 1114, 1184, 1266, 1182, 1183, 1115, 1185, 1270, 3908, 3909, 3910, 3911, 3912, 3913, 4533, 4534,
            4535, 6152, 6153, 6155);

    /** {@code PARAM_EXTERN} in src/include/nodes/primnodes.h. */
    private static final int EXTERNAL = 0;

    private final Skeleton skeleton;
    private final Node tree;
    private final BitSet fixed = new BitSet();
    private boolean times;
    private final List<Integer> types = new ArrayList<>();
    /** Numbers of parameters, by where the literals stand. */
    private final Map<Integer, Integer> parameters = new HashMap<>();

    private LiteralProof(Skeleton skeleton, Node tree) {
        this.skeleton = skeleton;
        this.tree = tree;
    }

    /**
     * Looks for the literals in the server's tree of the statement's own text.
     *
     * @return null when the tree cannot be read
     */
    public static @Nullable LiteralProof of(Skeleton skeleton, String tree) {
        try {
            LiteralProof proof = new LiteralProof(skeleton, QueryTreeReader.read(tree));
            proof.find();
            return proof;
        } catch (UnanalysableException e) {
            return null;
        }
    }

    /** The literals that are part of the text whatever comes. */
    public BitSet fixed() {
        return (BitSet) fixed.clone();
    }

    /** True when a constant is a date or a time, or of a type that may hold one. */
    public boolean hasTimes() {
        return times;
    }

    /** Types of the parameters that stand for the others, in order. */
    public List<Integer> types() {
        return List.copyOf(types);
    }

    /** True when the tree of the parameterised text proves that it means the same. */
    public boolean holds(String parameterised) {
        try {
            return same(tree, QueryTreeReader.read(parameterised));
        } catch (UnanalysableException e) {
            return false;
        }
    }

    private void find() {
        Map<Integer, Integer> typesByLocation = new HashMap<>();
        constants(tree, typesByLocation);
        for (int i = 0; i < skeleton.literals().size(); i++) {
            Skeleton.Literal literal = skeleton.literals().get(i);
            int location = skeleton.text().substring(0, literal.start()).getBytes(StandardCharsets.UTF_8).length;
            int type = typesByLocation.getOrDefault(location, 0);
            boolean value = literal.string() ? type == TEXT || type == VARCHAR || type == BPCHAR : type == INT4;
            if (value) {
                types.add(type);
                parameters.put(location, types.size());
            } else {
                fixed.set(i);
            }
        }
    }

    private void constants(Node node, Map<Integer, Integer> types) {
        if (node instanceof Node.Items list) {
            list.items().forEach(item -> constants(item, types));
        } else if (node instanceof Node.Struct struct) {
            if (struct.is("CONST")) {
                int type = struct.number("consttype");
                times |= TIMES.contains(type)
                        || Integer.compareUnsigned(type, CatalogQueries.FIRST_NORMAL_OBJECT_ID) >= 0;
                types.merge(
                        struct.number("location"),
                        struct.number("consttype"),
                        (one, other) -> one.equals(other) ? one : Integer.valueOf(-1));
            }
            for (int i = 0; i < struct.size(); i++) {
                constants(struct.value(i), types);
            }
        }
    }

    private boolean same(Node one, Node other) {
        if (one instanceof Node.Items list) {
            return other instanceof Node.Items others && same(list.items(), others.items());
        }
        if (one instanceof Node.Struct struct) {
            return other instanceof Node.Struct another
                    && (struct.is("CONST") && another.is("PARAM") ? standsFor(another, struct) : same(struct, another));
        }
        return one.equals(other);
    }

    private boolean same(List<Node> list, List<Node> others) {
        if (list.size() != others.size()) {
            return false;
        }
        for (int i = 0; i < list.size(); i++) {
            if (!same(list.get(i), others.get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean same(Node.Struct struct, Node.Struct other) {
        if (!struct.is(other.type())
                || struct.size() != other.size()
                || struct.is("CONST") && parameters.containsKey(struct.number("location"))) {
            return false;
        }
        for (int i = 0; i < struct.size(); i++) {
            String name = struct.name(i);
            if (!name.equals(other.name(i))
                    || !TreeComparison.isPosition(name) && !same(struct.value(i), other.value(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean standsFor(Node.Struct parameter, Node.Struct constant) {
        Integer number = parameters.get(constant.number("location"));
        return number != null
                && parameter.number("paramkind") == EXTERNAL
                && parameter.number("paramid") == number
                && parameter.number("paramtype") == constant.number("consttype")
                && parameter.number("paramtypmod") == constant.number("consttypmod")
                && parameter.number("paramcollid") == constant.number("constcollid")
                && !constant.flag("constisnull");
    }
}
