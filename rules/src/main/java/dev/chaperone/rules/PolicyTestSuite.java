package dev.chaperone.rules;

import dev.chaperone.decision.v1.Decision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Runs policy tests written in YAML: requests, and what must be decided about them. {@code docs} and the tests of the
 * built-in packs show the form; unknown keys are errors, so that a slip cannot make a test that tests nothing.
 */
public final class PolicyTestSuite {
    private static final long MAX_BYTES = 4 << 20;

    private PolicyTestSuite() {}

    /**
     * How one case went.
     *
     * @param file the file that holds it
     * @param name the case's name
     * @param passed whether every expectation was met
     * @param difference what was expected and what came, one finding a line; empty when passed
     * @param fired the rules that fired, as {@code pack/name}
     */
    public record Result(String file, String name, boolean passed, String difference, Set<String> fired) {
        /** Copies the set. */
        public Result {
            fired = Set.copyOf(fired);
        }
    }

    /** Runs every case of every file, in order. A file that cannot be read as a test is one failed result. */
    public static List<Result> run(CompiledPolicy policy, List<Path> files) {
        List<Result> results = new ArrayList<>();
        for (Path file : files) {
            try {
                if (Files.size(file) > MAX_BYTES) {
                    throw new IOException("it is longer than " + MAX_BYTES + " bytes, expected less: split it");
                }
                results.addAll(run(policy, file.toString(), Files.readString(file)));
            } catch (IOException e) {
                results.add(unreadable(file.toString(), String.valueOf(e.getMessage())));
            }
        }
        return List.copyOf(results);
    }

    /** Runs every case of one text; {@code name} stands for the file. */
    public static List<Result> run(CompiledPolicy policy, String name, String yaml) {
        try {
            return PolicyTestReader.read(yaml).stream()
                    .map(test -> run(policy, name, test))
                    .toList();
        } catch (PolicyTestReader.Malformed e) {
            return List.of(unreadable(name, String.valueOf(e.getMessage())));
        }
    }

    /** The rules of a policy that fired in no case, as {@code pack/name} in the order of the policy. */
    public static List<String> untested(CompiledPolicy policy, Collection<Result> results) {
        Set<String> fired =
                results.stream().flatMap(result -> result.fired().stream()).collect(Collectors.toSet());
        return policy.rules().stream()
                .map(RuleInfo::id)
                .filter(id -> !fired.contains(id))
                .toList();
    }

    private static Result run(CompiledPolicy policy, String file, PolicyTestCase test) {
        Decision decision = policy.evaluate(test.request(), test.classifier());
        Set<String> fired = decision.getReasonsList().stream()
                .map(reason -> reason.getPack() + "/" + reason.getRule())
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> differences = test.expectation().differences(decision);
        return new Result(file, test.name(), differences.isEmpty(), String.join("\n", differences), fired);
    }

    private static Result unreadable(String file, String message) {
        return new Result(file, "", false, "cannot be read as a policy test: " + message, Set.of());
    }
}
