package dev.chaperone.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks policies without compiling them. Stateless; safe for use by several threads. */
public final class PolicyLinter {
    private static final Comparator<Diagnostic> BY_PLACE = Comparator.comparing(Diagnostic::path)
            .thenComparing(Diagnostic::line)
            .thenComparing(Diagnostic::column);

    private PolicyLinter() {}

    /** Everything there is to say about the sources, in the order of path and line; empty when they are in order. */
    public static List<Diagnostic> lint(List<PolicySource> sources) {
        return check(sources).diagnostics();
    }

    /** The rules of all sources in the order of path and line, and everything there is to say about them. */
    static PolicyParser.Parsed check(List<PolicySource> sources) {
        List<Rule> rules = new ArrayList<>();
        List<Diagnostic> diagnostics = new ArrayList<>();
        Set<String> paths = new HashSet<>();
        for (PolicySource source : sources.stream()
                .sorted(Comparator.comparing(PolicySource::path))
                .toList()) {
            if (!paths.add(source.path())) {
                diagnostics.add(new Diagnostic(
                        Severity.ERROR, source.path(), 0, 0, "two files have this name", "rename one of them"));
            }
            PolicyParser.Parsed parsed = PolicyParser.parse(source);
            rules.addAll(parsed.rules());
            diagnostics.addAll(parsed.diagnostics());
        }
        checkNames(rules, diagnostics);
        diagnostics.sort(BY_PLACE);
        return new PolicyParser.Parsed(List.copyOf(rules), List.copyOf(diagnostics));
    }

    private static void checkNames(List<Rule> rules, List<Diagnostic> diagnostics) {
        Map<String, RuleInfo> seen = new HashMap<>();
        for (Rule rule : rules) {
            RuleInfo info = rule.info();
            RuleInfo first = seen.putIfAbsent(info.id(), info);
            if (first != null) {
                diagnostics.add(new Diagnostic(
                        Severity.ERROR,
                        info.path(),
                        info.line(),
                        1,
                        "rule `" + info.name() + "` is already in " + first.path() + ":" + first.line(),
                        "rule names are unique within a pack, for reasons name them"));
            }
        }
    }
}
