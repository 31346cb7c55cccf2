package dev.chaperone.pdp.console;

import dev.chaperone.pdp.PolicyDetails;
import dev.chaperone.pdp.console.DeskException.Problem;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The paths below which the decision point itself is looked at.
 *
 * <pre>
 *   GET /api/policies     what decides: for approvers, auditors, admins
 *   GET /api/enforcers    who asks: for auditors, admins
 * </pre>
 */
final class FactsRoutes {

    private final ConsoleFacts facts;

    FactsRoutes(ConsoleFacts facts) {
        this.facts = facts;
    }

    private record Rule(String pack, String name, String reason, String citation, String path, int line) {}

    private record Policy(
            String version,
            String digest,
            Instant activeSince,
            List<String> problems,
            @Nullable Instant refusedAt,
            List<String> sources,
            String catalog,
            List<String> warnings,
            List<Rule> rules) {}

    private record Enforcer(
            String name,
            int streams,
            @Nullable Instant followsSince,
            String announcedVersion,
            long decisions,
            @Nullable Instant lastDecision,
            String decidedVersion,
            @Nullable Instant left) {}

    private record Enforcers(String policyVersion, List<Enforcer> enforcers) {}

    /** Answers; null when the path is none of these. */
    @Nullable
    Answer get(WebRequest request, Person person) {
        return switch (request.path()) {
            case "/api/policies" -> {
                RoleGuard.require(person, Role.APPROVER, Role.AUDITOR, Role.ADMIN);
                yield Json.answer(200, policy());
            }
            case "/api/enforcers" -> {
                RoleGuard.require(person, Role.AUDITOR, Role.ADMIN);
                yield Json.answer(200, enforcers());
            }
            default -> null;
        };
    }

    private Policy policy() {
        PolicyDetails details = facts.policy().get();
        if (details == null) {
            throw new DeskException(Problem.UNAVAILABLE, "no policy is in force: everything is denied");
        }
        return new Policy(
                details.status().version(),
                HexFormat.of().formatHex(details.status().digest().toByteArray()),
                details.status().activeSince(),
                details.status().problems(),
                details.refusedAt(),
                details.sources(),
                details.catalog(),
                details.warnings(),
                details.rules().stream()
                        .map(rule -> new Rule(
                                rule.pack(), rule.name(), rule.reason(), rule.citation(), rule.path(), rule.line()))
                        .toList());
    }

    private Enforcers enforcers() {
        PolicyDetails details = facts.policy().get();
        return new Enforcers(
                details == null ? "" : details.status().version(),
                facts.enforcers().get().stream()
                        .map(one -> new Enforcer(
                                one.name(),
                                one.streams(),
                                one.followsSince(),
                                one.announcedVersion(),
                                one.decisions(),
                                one.lastDecision(),
                                one.decidedVersion(),
                                one.left()))
                        .toList());
    }
}
