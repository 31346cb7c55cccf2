package dev.chaperone.rules;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Reads policy tests.
 *
 * <pre>{@code
 * fixtures:                      # optional: names for parts of requests
 *   principals:
 *     triage: { kind: agent, subject: alice, agent: triage, groups: [nurses] }
 *   resources:
 *     names: { relations: { public.patients: { columns: { name: A output } } } }
 * cases:
 *   - name: an agent sees pseudonyms
 *     given: { principal: triage, action: { class: read }, resource: names }
 *     expect: { effect: permit, masks: { clinic.public.patients.name: pseudonym }, rules: [hipaa/names] }
 * }</pre>
 *
 * What may be expected of a hold is at {@link HoldExpectation}.
 */
final class PolicyTestReader {
    private static final YAMLMapper YAML = new YAMLMapper();

    private final YamlNode fixtures;

    private PolicyTestReader(YamlNode fixtures) {
        this.fixtures = fixtures;
    }

    /** A text that is not a policy test. */
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }
    }

    static List<PolicyTestCase> read(String yaml) {
        YamlNode root = new YamlNode("", tree(yaml)).keys("description", "fixtures", "cases");
        PolicyTestReader reader =
                new PolicyTestReader(root.at("fixtures").keys("principals", "actions", "resources", "contexts"));
        List<PolicyTestCase> cases = new ArrayList<>();
        for (YamlNode test : root.at("cases").items()) {
            cases.add(reader.testCase(test));
        }
        if (cases.isEmpty()) {
            throw root.malformed("expected at least one case under `cases`");
        }
        return cases;
    }

    private static JsonNode tree(String yaml) {
        try {
            return YAML.readTree(yaml);
        } catch (JacksonException e) {
            throw new Malformed(e.getOriginalMessage());
        }
    }

    private PolicyTestCase testCase(YamlNode test) {
        test.keys("name", "given", "expect");
        YamlNode given = test.at("given").keys("principal", "action", "resource", "context");
        Map<String, String> classes = new HashMap<>();
        DecideRequest request = DecideRequest.newBuilder()
                .setRequestId("test")
                .setPrincipal(principal(named(given.at("principal"), "principals")))
                .setAction(action(named(given.at("action"), "actions")))
                .setResource(new PolicyTestResource(classes).read(named(given.at("resource"), "resources")))
                .setContext(context(named(given.at("context"), "contexts")))
                .build();
        return new PolicyTestCase(test.at("name").text(), request, classes, expectation(test.at("expect")));
    }

    /** A part of a request, or the fixture that it names. */
    private YamlNode named(YamlNode part, String kind) {
        if (!part.isText()) {
            return part;
        }
        Map<String, YamlNode> known = fixtures.at(kind).entries();
        YamlNode found = known.get(part.text());
        if (found == null) {
            throw part.malformed("there is no fixture `" + part.text() + "` under `fixtures." + kind + "`; "
                    + FactModel.suggest(part.text(), known.keySet()));
        }
        return found;
    }

    private static Principal principal(YamlNode node) {
        node.keys("kind", "subject", "agent", "delegation", "groups", "issuer", "expires-at", "claims");
        Principal.Builder principal = Principal.newBuilder()
                .setSubject(node.at("subject").text("alice"))
                .setAgent(node.at("agent").text(""))
                .addAllDelegation(node.at("delegation").texts())
                .addAllGroups(node.at("groups").texts())
                .setIssuer(node.at("issuer").text(""));
        if (node.at("kind").isPresent()) {
            principal.setKind(node.at("kind").constant(PrincipalKind.class, "PRINCIPAL_KIND_"));
        }
        if (node.at("expires-at").isPresent()) {
            principal.setExpiresAt(time(node.at("expires-at")));
        }
        node.at("claims").entries().forEach((name, value) -> principal.putClaims(name, value.text()));
        return principal.build();
    }

    private static Action action(YamlNode node) {
        node.keys("protocol", "operation", "class", "analysis", "unrestricted");
        ActionClass actionClass = node.at("class").constant(ActionClass.class, "ACTION_CLASS_");
        Action.Builder action = Action.newBuilder()
                .setProtocol(node.at("protocol").text("postgres"))
                .setOperation(node.at("operation").text(node.at("class").text()))
                .setClass_(actionClass)
                .setAnalysis(Analysis.ANALYSIS_COMPLETE)
                .setFingerprint(ByteString.EMPTY)
                .setUnrestricted(node.at("unrestricted").bool());
        if (node.at("analysis").isPresent()) {
            action.setAnalysis(node.at("analysis").constant(Analysis.class, "ANALYSIS_"));
        }
        return action.build();
    }

    private static Context context(YamlNode node) {
        node.keys(
                "time",
                "enforcer",
                "client-address",
                "client-name",
                "client-tls",
                "destination-zone",
                "purpose",
                "approval-id");
        Context.Builder context = Context.newBuilder()
                .setEnforcer(node.at("enforcer").text("test"))
                .setSessionId("test")
                .setClientAddress(node.at("client-address").text(""))
                .setClientName(node.at("client-name").text(""))
                .setClientTls(node.at("client-tls").bool())
                .setDestinationZone(node.at("destination-zone").text(""))
                .setPurpose(node.at("purpose").text(""))
                .setApprovalId(node.at("approval-id").text(""));
        if (node.at("time").isPresent()) {
            context.setTime(time(node.at("time")));
        }
        return context.build();
    }

    private static Timestamp time(YamlNode node) {
        try {
            Instant time = Instant.parse(node.text());
            return Timestamp.newBuilder()
                    .setSeconds(time.getEpochSecond())
                    .setNanos(time.getNano())
                    .build();
        } catch (DateTimeException e) {
            throw node.malformed("`" + node.text() + "` is not a time, expected `2026-03-01T12:00:00Z`");
        }
    }

    private static PolicyExpectation expectation(YamlNode node) {
        node.keys("effect", "masks", "rules", "reasons", "citations", "obligations", "hold");
        Map<String, String> masks = new LinkedHashMap<>();
        node.at("masks").entries().forEach((field, function) -> masks.put(field, function.text()));
        return new PolicyExpectation(
                node.at("effect").constant(Effect.class, "EFFECT_"),
                node.at("masks").isPresent() ? masks : null,
                node.at("rules").texts(),
                node.at("reasons").texts(),
                node.at("citations").texts(),
                node.at("obligations").isPresent() ? node.at("obligations").texts() : null,
                HoldExpectation.read(node.at("hold")));
    }
}
