package dev.chaperone.cli.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration cannot be used. Holds every problem that was found, not just the first. */
public final class ConfigException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<ConfigProblem> problems;

    ConfigException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** What is wrong, in the order of the file; never empty. */
    public List<ConfigProblem> problems() {
        return problems;
    }
}
