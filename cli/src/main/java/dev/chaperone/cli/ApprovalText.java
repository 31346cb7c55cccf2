package dev.chaperone.cli;

import com.google.protobuf.Timestamp;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.State;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Reason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Approvals as a terminal shows them. What comes from elsewhere can neither steer it nor hide. */
final class ApprovalText {

    private static final int ID_COLUMNS = 23;
    private static final int STATE_COLUMNS = 9;
    private static final int WHO_COLUMNS = 26;

    private ApprovalText() {}

    static String heading(Terminal terminal) {
        return terminal.bold(Text.fit("ID", ID_COLUMNS) + "  " + Text.fit("STATE", STATE_COLUMNS) + "  "
                + Text.fit("WHO", WHO_COLUMNS) + "  WHAT");
    }

    static String line(Terminal terminal, Approval approval) {
        int left = Math.max(20, terminal.width() - ID_COLUMNS - STATE_COLUMNS - WHO_COLUMNS - 6);
        String what = (approval.getLimit().isEmpty() ? "" : approval.getLimit() + ": ")
                + approval.getOperationText().strip().replaceAll("\\s+", " ");
        return Text.fit(Text.printable(approval.getId()), ID_COLUMNS) + "  "
                + coloured(terminal, approval.getState(), Text.fit(name(approval.getState()), STATE_COLUMNS)) + "  "
                + Text.fit(Text.printable(who(approval.getRequest().getPrincipal())), WHO_COLUMNS) + "  "
                + Text.fit(Text.printable(what), left).stripTrailing();
    }

    private static String coloured(Terminal terminal, State state, String text) {
        return switch (state) {
            case STATE_PENDING -> terminal.yellow(text);
            case STATE_APPROVED, STATE_CONSUMED -> terminal.green(text);
            default -> terminal.red(text);
        };
    }

    static String name(State state) {
        return state.name().replace("STATE_", "").toLowerCase(Locale.ROOT);
    }

    private static String who(Principal principal) {
        return principal.getSubject() + (principal.getAgent().isEmpty() ? "" : " by " + principal.getAgent());
    }

    /** All that somebody needs to decide. */
    static List<String> page(Terminal terminal, Approval approval) {
        List<String> lines = new ArrayList<>();
        lines.add(terminal.bold(Text.printable(approval.getId())) + "  "
                + coloured(terminal, approval.getState(), name(approval.getState()))
                + (approval.getBreakGlass() ? terminal.red("  by break-glass rights") : ""));
        lines.add("who      " + Text.printable(who(approval.getRequest().getPrincipal())));
        lines.add("from     "
                + Text.printable(approval.getRequest().getContext().getClientAddress() + ", session "
                        + approval.getRequest().getContext().getSessionId() + " of " + approval.getEnforcer()
                        + (approval.getProvenEnforcer().isEmpty() ? "" : " (" + approval.getProvenEnforcer() + ")")));
        lines.add("until    " + time(approval.getExpiresAt()));
        if (!approval.getLimit().isEmpty()) {
            lines.add("limit    " + Text.printable(approval.getLimit()));
        }
        for (Reason reason : approval.getDecision().getReasonsList()) {
            if (!reason.getText().isEmpty()) {
                lines.add("why      " + Text.printable(reason.getText())
                        + (reason.getCitation().isEmpty() ? "" : " (" + Text.printable(reason.getCitation()) + ")"));
            }
        }
        HoldTerms terms = approval.getTerms();
        lines.add("takes    " + takes(terms));
        lines.add("grants   " + grant(terms));
        if (terms.getBreakGlassGroupsCount() > 0) {
            lines.add("alone    in an emergency, one of " + groups(terms.getBreakGlassGroupsList()));
        }
        lines.add("");
        approval.getOperationText().lines().forEach(line -> lines.add("    " + Text.printable(line)));
        for (int i = 0; i < approval.getParametersCount(); i++) {
            lines.add("    $" + (i + 1) + " = "
                    + Text.printable(
                            approval.getParameters(i).toString().strip().replaceAll("\\s+", " ")));
        }
        if (approval.getVotesCount() > 0) {
            lines.add("");
        }
        for (Vote vote : approval.getVotesList()) {
            lines.add((vote.getApprove() ? terminal.green("approved") : terminal.red("denied")) + " by "
                    + Text.printable(vote.getVoter().getSubject())
                    + (vote.getBreakGlass() ? terminal.red(" breaking the glass") : "") + " at " + time(vote.getAt())
                    + ": "
                    + Text.printable(vote.getJustification()));
        }
        return lines;
    }

    private static String takes(HoldTerms terms) {
        int people = terms.getApprovalsNeeded();
        String each = terms.getRequiredGroupsCount() == 0
                ? ""
                : ", somebody from each of " + groups(terms.getRequiredGroupsList());
        return terms.getApproverGroupsCount() == 0
                ? people + (people == 1 ? " person" : " people") + each
                : people + " of " + groups(terms.getApproverGroupsList()) + each;
    }

    private static String groups(List<String> groups) {
        return Text.printable(String.join(", ", groups));
    }

    private static String grant(HoldTerms terms) {
        String minutes = Math.max(1, terms.getGrantLasts().getSeconds() / 60) + " min";
        return switch (terms.getMode()) {
            case GRANT_MODE_SESSION -> "any number of runs in the same session, for " + minutes;
            case GRANT_MODE_WINDOW -> "any number of runs, for " + minutes;
            default -> "one run";
        };
    }

    private static String mode(HoldTerms terms) {
        return switch (terms.getMode()) {
            case GRANT_MODE_SESSION -> "session";
            case GRANT_MODE_WINDOW -> "window";
            default -> "once";
        };
    }

    private static String time(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos())
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
    }

    /** For {@code --json}. */
    static Map<String, Object> json(Approval approval) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", approval.getId());
        json.put("state", name(approval.getState()));
        json.put("revision", approval.getRevision());
        json.put("subject", approval.getRequest().getPrincipal().getSubject());
        json.put("agent", approval.getRequest().getPrincipal().getAgent());
        json.put("enforcer", approval.getEnforcer());
        json.put("provenEnforcer", approval.getProvenEnforcer());
        json.put("session", approval.getRequest().getContext().getSessionId());
        json.put("operation", approval.getOperationText());
        json.put("limit", approval.getLimit());
        json.put(
                "reasons",
                approval.getDecision().getReasonsList().stream()
                        .map(Reason::getText)
                        .toList());
        json.put("policy", approval.getDecision().getPolicyVersion());
        json.put("createdAt", time(approval.getCreatedAt()));
        json.put("expiresAt", time(approval.getExpiresAt()));
        json.put("approvalsNeeded", approval.getTerms().getApprovalsNeeded());
        json.put("approverGroups", List.copyOf(approval.getTerms().getApproverGroupsList()));
        json.put("requiredGroups", List.copyOf(approval.getTerms().getRequiredGroupsList()));
        json.put("breakGlassGroups", List.copyOf(approval.getTerms().getBreakGlassGroupsList()));
        json.put("grant", mode(approval.getTerms()));
        json.put("breakGlass", approval.getBreakGlass());
        json.put("uses", approval.getUses());
        json.put(
                "votes",
                approval.getVotesList().stream()
                        .map(vote -> Map.of(
                                "voter", vote.getVoter().getSubject(),
                                "approve", vote.getApprove(),
                                "breakGlass", vote.getBreakGlass(),
                                "justification", vote.getJustification(),
                                "at", time(vote.getAt())))
                        .toList());
        return json;
    }
}
