package dev.chaperone.rules;

import java.util.List;
import java.util.stream.Collectors;

/** Policies that were refused. Carries every diagnostic, warnings included, in the order of path and line. */
public final class PolicyException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Diagnostic> diagnostics;

    /** Refuses policies for {@code diagnostics}; their text becomes the message. */
    public PolicyException(List<Diagnostic> diagnostics) {
        super(diagnostics.stream().map(Diagnostic::toString).collect(Collectors.joining("\n")));
        this.diagnostics = List.copyOf(diagnostics);
    }

    /** What is wrong, and what merely deserves a look. */
    public List<Diagnostic> diagnostics() {
        return diagnostics;
    }
}
