package dev.chaperone.pdp;

import java.util.List;

/** Policies or a catalog that cannot be taken into force. Carries everything that is wrong with them. */
public final class PolicyLoadException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    PolicyLoadException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    /** What is wrong, one line each, naming the file and the place. */
    public List<String> problems() {
        return problems;
    }
}
