package dev.chaperone.rules;

import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.rules.PolicyLexer.Refusal;
import java.util.List;

/**
 * Reads what a rule says about whatever waits for people, be it held before it runs or at a limit.
 *
 * <pre>{@code
 * verdict.approvers("privacy", "legal", 2, "1h");       any two members of either group, within an hour
 * verdict.approversFromEach("privacy", "data-owners");  a member of each group, as many different people as groups
 * verdict.grant("session", "30m");                      it may run again in the session that asked, for half an hour
 * verdict.breakGlass("on-call");                        a member of that group may grant it alone, in an emergency
 * }</pre>
 */
final class HoldTermsParser {
    /** The calls that this reads. */
    static final List<String> CALLS = List.of("approvers", "approversFromEach", "grant", "breakGlass");

    private static final int MOST_PEOPLE = 10;
    private static final List<String> MODES = List.of("once", "session", "window");

    private HoldTermsParser() {}

    static HoldTerms parse(CallArguments arguments) throws Refusal {
        HoldTerms.Builder terms = HoldTerms.newBuilder();
        switch (arguments.call().text()) {
            case "approvers" -> {
                terms.addAllApproverGroups(arguments.takeGroups());
                peopleAndTime(terms, arguments);
            }
            case "approversFromEach" -> {
                List<String> groups = arguments.takeGroups();
                if (groups.size() > MOST_PEOPLE) {
                    throw people(arguments, arguments.call(), groups.size());
                }
                terms.addAllRequiredGroups(groups).setApprovalsNeeded(groups.size());
                peopleAndTime(terms, arguments);
            }
            case "grant" -> {
                terms.setMode(mode(arguments.takeWord("kind of grant", MODES).text()));
                if (arguments.peek() != null) {
                    terms.setGrantLasts(arguments.takeDuration());
                }
            }
            case "breakGlass" -> terms.addAllBreakGlassGroups(arguments.takeGroups());
            default -> throw new IllegalArgumentException(arguments.call().text());
        }
        return terms.build();
    }

    private static void peopleAndTime(HoldTerms.Builder terms, CallArguments arguments) throws Refusal {
        Token number = arguments.peek();
        if (number != null && number.kind() == Token.Kind.NUMBER) {
            long people = Long.parseLong(arguments.next().text());
            if (people < 1 || people > MOST_PEOPLE) {
                throw people(arguments, number, people);
            }
            terms.setApprovalsNeeded((int) people);
        }
        if (arguments.nextIs(Token.Kind.TEXT)) {
            terms.setExpiresAfter(arguments.takeDuration());
        }
    }

    private static Refusal people(CallArguments arguments, Token place, long people) {
        return arguments.refuse(
                place, "`" + people + "` approvals are asked for", "ask for at least 1, and at most " + MOST_PEOPLE);
    }

    private static GrantMode mode(String word) {
        return switch (word) {
            case "session" -> GrantMode.GRANT_MODE_SESSION;
            case "window" -> GrantMode.GRANT_MODE_WINDOW;
            default -> GrantMode.GRANT_MODE_ONCE;
        };
    }

    /** What terms say, as a reason that shows them to whoever asks and whoever approves. */
    static String text(HoldTerms terms) {
        if (terms.getBreakGlassGroupsCount() > 0) {
            return "in an emergency, a member of " + named(terms.getBreakGlassGroupsList(), "or")
                    + " may grant it alone";
        }
        return switch (terms.getMode()) {
            case GRANT_MODE_SESSION -> "once approved, it may run again in the same session";
            case GRANT_MODE_WINDOW -> "once approved, it may run again for a time";
            case GRANT_MODE_ONCE -> "once approved, it may run once";
            default ->
                terms.getRequiredGroupsCount() > 0
                        ? "if it is held, somebody from each of " + named(terms.getRequiredGroupsList(), "and")
                                + " approves it"
                        : "if it is held, members of " + named(terms.getApproverGroupsList(), "or") + " approve it";
        };
    }

    private static String named(List<String> groups, String last) {
        String all = "`" + String.join("`, `", groups) + "`";
        int comma = all.lastIndexOf("`, `");
        return comma < 0 ? all : all.substring(0, comma) + "` " + last + " `" + all.substring(comma + 4);
    }
}
