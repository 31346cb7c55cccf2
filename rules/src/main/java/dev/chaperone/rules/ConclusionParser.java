package dev.chaperone.rules;

import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.ReadOnly;
import dev.chaperone.decision.v1.RecordLevel;
import dev.chaperone.decision.v1.Timeout;
import dev.chaperone.rules.FactModel.FactType;
import dev.chaperone.rules.PolicyLexer.Refusal;
import java.util.List;

/**
 * Reads one statement of a consequence: a call on {@code verdict} with constants and bound facts. There is nothing else
 * to write there.
 *
 * <pre>{@code
 * verdict.permit("text");                       verdict.limitRows(1000);  verdict.limitRows(1000, "deny");
 * verdict.deny("text");                         verdict.limitBytes(1000000);
 * verdict.deny($field, "text");                 verdict.timeout("30s");
 * verdict.hold("text");                         verdict.readOnly();
 * verdict.hold($table, "text");                 verdict.record("full");
 * verdict.approvers("group", 2, "1h");          verdict.approversFromEach("group", "other", 2, "1h");
 * verdict.grant("session", "30m");              verdict.breakGlass("group");
 * verdict.mask($field, "last4");                verdict.mask($field, "redact", "text", "n/a");
 * verdict.maskEverywhere($field, "pseudonym");  verdict.permitUnanalysed("text");
 * verdict.verbatim();                           verdict.detect("ssn", "card");  verdict.detect("mrn", "deny");
 * }</pre>
 *
 * {@code mask} covers a field as it is delivered, and the enforcer refuses any other use of it; {@code maskEverywhere} lets
 * the operation work with the masked value in place of the field. {@code permit} never permits an operation that could not be
 * analysed; {@code permitUnanalysed} does, besides all that {@code permit} does, and nothing in such an operation can be
 * masked. {@code verbatim} says that nothing is kept from whom it permits something: neither the upstream's error texts, which quote
 * values, nor what its own catalogs hold besides the schema; a mask overrides it, and {@code permitUnanalysed} implies it.
 * {@code detect} names detectors ({@link Detectors}) that look at every text that is delivered without a mask; it may end
 * with what becomes of a text in which they find something: {@code "mask"}, as without it (what was found is replaced), {@code
 * "redact"} (the whole text is) or {@code "deny"}. Texts may be left out where the rule has a {@code @reason}. {@code approvers} and those after
 * it say who approves what waits for people, and what a grant is good for ({@link HoldTermsParser}), of what the rule itself holds
 * and of whatever else is held ({@link Holds}).
 */
final class ConclusionParser {
    private static final String PERMIT_UNANALYSED = "permitUnanalysed";
    private static final String VERBATIM = "verbatim";

    private static final List<String> CALLS = List.of(
            "permit",
            PERMIT_UNANALYSED,
            "deny",
            "hold",
            "approvers",
            "approversFromEach",
            "grant",
            "breakGlass",
            "mask",
            "maskEverywhere",
            "detect",
            "limitRows",
            "limitBytes",
            "timeout",
            "readOnly",
            "record",
            VERBATIM);

    private final TokenCursor cursor;
    private final Scope scope;
    private final RuleInfo rule;
    private final CallArguments arguments;
    private Token call = new Token(Token.Kind.END, "", 0, 0);
    private String target = "";
    private String text = "";

    ConclusionParser(TokenCursor cursor, Scope scope, RuleInfo rule) {
        this.cursor = cursor;
        this.scope = scope;
        this.rule = rule;
        this.arguments = new CallArguments(cursor);
    }

    /** Reads one statement up to its semicolon. */
    Conclusion conclusion() throws Refusal {
        String hint = "a consequence is calls such as `verdict.deny(\"…\");` and nothing else";
        if (!cursor.peek().is("verdict")) {
            throw cursor.refuse(cursor.peek(), cursor.peek().shown() + " is not allowed in a consequence", hint);
        }
        cursor.next();
        cursor.expect(".", hint);
        call = cursor.expect(Token.Kind.WORD, "a conclusion", hint);
        arguments.read(call);
        cursor.expect(";", "every conclusion ends with `;` and stands alone");
        target = takeTarget();
        Obligation obligation = obligation();
        arguments.end();
        return new Conclusion(
                rule,
                effect(),
                text,
                target,
                obligation,
                call.text().equals(PERMIT_UNANALYSED),
                call.text().equals(VERBATIM));
    }

    private Effect effect() {
        switch (call.text()) {
            case "permit":
            case PERMIT_UNANALYSED:
                return Effect.EFFECT_PERMIT;
            case "deny":
                return Effect.EFFECT_DENY;
            case "hold":
                return Effect.EFFECT_HOLD;
            default:
                return Effect.EFFECT_UNSPECIFIED;
        }
    }

    private Obligation obligation() throws Refusal {
        Obligation.Builder obligation = Obligation.newBuilder();
        switch (call.text()) {
            case "permit":
            case PERMIT_UNANALYSED:
            case "deny":
                text = takeReason();
                break;
            case "hold":
                text = takeReason();
                obligation.setHold(HoldTerms.getDefaultInstance());
                break;
            case "approvers":
            case "approversFromEach":
            case "grant":
            case "breakGlass":
                obligation.setHold(HoldTermsParser.parse(arguments));
                break;
            case "mask":
                obligation.setMask(mask(Mask.Scope.SCOPE_DELIVERED));
                break;
            case "maskEverywhere":
                obligation.setMask(mask(Mask.Scope.SCOPE_EVERYWHERE));
                break;
            case "detect":
                obligation.setDetect(detect());
                break;
            case "limitRows":
                obligation.setLimit(
                        Limit.newBuilder().setMaxRows(arguments.takeCount()).setOnExceed(takeOnExceed()));
                break;
            case "limitBytes":
                obligation.setLimit(
                        Limit.newBuilder().setMaxBytes(arguments.takeCount()).setOnExceed(takeOnExceed()));
                break;
            case "timeout":
                obligation.setTimeout(Timeout.newBuilder().setDuration(arguments.takeDuration()));
                break;
            case "readOnly":
                obligation.setReadOnly(ReadOnly.getDefaultInstance());
                break;
            case "record":
                obligation.setRecordLevel(RecordLevel.newBuilder().setLevel(takeLevel()));
                break;
            case VERBATIM:
                text = "nothing is kept back";
                break;
            default:
                throw cursor.refuse(
                        call, "there is no conclusion `" + call.text() + "`", FactModel.suggest(call.text(), CALLS));
        }
        text = text.isEmpty() ? defaultText(obligation) : text;
        return obligation.build();
    }

    private String defaultText(Obligation.Builder obligation) {
        switch (obligation.getObligationCase()) {
            case MASK:
                return rule.reason().isEmpty()
                        ? "masked with `" + obligation.getMask().getFunction() + "`"
                        : rule.reason();
            case DETECT:
                return rule.reason().isEmpty()
                        ? "texts are searched for `"
                                + String.join("`, `", obligation.getDetect().getDetectorsList()) + "`"
                        : rule.reason();
            case LIMIT:
                return rule.reason().isEmpty() ? "the amount of data is limited" : rule.reason();
            case READ_ONLY:
                return "runs in a read-only transaction";
            case TIMEOUT:
                return "the time to work on it is limited";
            case HOLD:
                return HoldTermsParser.text(obligation.getHold());
            default:
                return "recorded as the policy says";
        }
    }

    private Mask mask(Mask.Scope scopeOfMask) throws Refusal {
        FactType fact = scope.facts().get(target);
        if (fact == null || !fact.name().equals("Field")) {
            throw cursor.refuse(
                    call,
                    "`" + call.text() + "` needs the field to mask",
                    "bind it, `$f : Field(…)`, and pass `$f` first");
        }
        Token function = arguments.take(Token.Kind.TEXT, "the masking function");
        if (!Masks.FUNCTIONS.contains(function.text())) {
            throw cursor.refuse(
                    function,
                    "there is no masking function `" + function.text() + "`",
                    FactModel.suggest(function.text(), Masks.FUNCTIONS));
        }
        Mask.Builder mask = Mask.newBuilder().setFunction(function.text()).setScope(scopeOfMask);
        while (arguments.nextIs(Token.Kind.TEXT)) {
            Token key = arguments.next();
            List<String> known = Masks.PARAMETERS.getOrDefault(function.text(), List.of());
            if (!known.contains(key.text())) {
                throw cursor.refuse(
                        key,
                        "`" + function.text() + "` has no parameter `" + key.text() + "`",
                        known.isEmpty() ? "it takes none" : "it takes `" + String.join("`, `", known) + "`");
            }
            String value = arguments
                    .take(Token.Kind.TEXT, "the value of `" + key.text() + "`")
                    .text();
            mask.putParameters(key.text(), value);
        }
        return mask.build();
    }

    private Detect detect() throws Refusal {
        Detect.Builder detect = Detect.newBuilder().setAction(Detect.Action.ACTION_MASK);
        do {
            Token name = arguments.take(Token.Kind.TEXT, "the name of a detector");
            if (!Detectors.NAMES.contains(name.text())) {
                throw cursor.refuse(
                        name,
                        "there is no detector `" + name.text() + "`",
                        FactModel.suggest(name.text(), Detectors.NAMES));
            }
            detect.addDetectors(name.text());
            Token last = arguments.peek();
            Detect.Action action =
                    last != null && last.kind() == Token.Kind.TEXT ? Detectors.ACTIONS.get(last.text()) : null;
            if (action != null) {
                arguments.next();
                return detect.setAction(action).build();
            }
        } while (arguments.peek() != null);
        return detect.build();
    }

    private String takeTarget() throws Refusal {
        if (!arguments.nextIs(Token.Kind.VARIABLE)) {
            return "";
        }
        Token variable = arguments.next();
        FactType fact = scope.facts().get(variable.text());
        if (fact == null || !fact.target()) {
            throw cursor.refuse(
                    variable,
                    "`" + variable.text() + "` is not a bound fact that a reason can point at",
                    "bind it: `" + variable.text() + " : Field(…)`");
        }
        if (!List.of("deny", "hold", "mask", "maskEverywhere").contains(call.text())) {
            throw cursor.refuse(variable, "`" + call.text() + "` is about the whole request", "leave the fact out");
        }
        return variable.text();
    }

    private String takeReason() throws Refusal {
        if (arguments.nextIs(Token.Kind.TEXT)) {
            Token reason = arguments.next();
            if (reason.text().isBlank()) {
                throw cursor.refuse(reason, "the reason is empty", "say what the caller can do");
            }
            return reason.text();
        }
        if (rule.reason().isEmpty()) {
            throw cursor.refuse(
                    call, "`" + call.text() + "` has no reason", "pass a text, or give the rule a `@reason(\"…\")`");
        }
        return rule.reason();
    }

    private Effect takeOnExceed() throws Refusal {
        if (!arguments.nextIs(Token.Kind.TEXT)) {
            return Effect.EFFECT_HOLD;
        }
        Token effect = arguments.next();
        switch (effect.text()) {
            case "hold":
                return Effect.EFFECT_HOLD;
            case "deny":
                return Effect.EFFECT_DENY;
            default:
                throw cursor.refuse(
                        effect, "`" + effect.text() + "` is not what a limit can do", "write `hold` or `deny`");
        }
    }

    private RecordLevel.Level takeLevel() throws Refusal {
        Token level = arguments.take(Token.Kind.TEXT, "a level");
        switch (level.text()) {
            case "full":
                return RecordLevel.Level.LEVEL_FULL;
            case "delivered":
                return RecordLevel.Level.LEVEL_DELIVERED;
            default:
                throw cursor.refuse(
                        level, "there is no record level `" + level.text() + "`", "write `full` or `delivered`");
        }
    }
}
