package dev.chaperone.pdp.notify;

import com.google.protobuf.Timestamp;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.Endpoint;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.decision.v1.Resource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An event in words that may leave the house: names of people, agents, tables and rules, but nothing that was asked or written.
 *
 * @param id of the event; the same each time it is sent
 * @param approval id of the approval
 * @param kind what happened, as a word
 * @param urgent whether everybody has to look at once
 * @param title one line
 * @param facts what else is known, in order
 * @param link where to decide or read on; null when no such place is configured
 * @param at when it happened
 */
record Notice(
        String id,
        String approval,
        String kind,
        boolean urgent,
        String title,
        List<Fact> facts,
        @Nullable String link,
        Instant at) {

    private static final int LONGEST = 300;
    private static final int MOST_NAMES = 10;

    /** @param name one or two words */
    record Fact(String name, String value) {}

    static Notice of(ApprovalEvent event) {
        Approval approval = event.getApproval();
        Principal asks = approval.getRequest().getPrincipal();
        String who = asks.getAgent().isEmpty() ? asks.getSubject() : asks.getAgent() + " for " + asks.getSubject();
        return new Notice(
                event.getEventId(),
                approval.getId(),
                kind(event.getKind()),
                event.getKind() == ApprovalEvent.Kind.KIND_BREAK_GLASS,
                plain(title(event, who)),
                facts(event, who),
                approval.getUrl().isEmpty() ? null : approval.getUrl(),
                instant(event.getAt()));
    }

    private static String kind(ApprovalEvent.Kind kind) {
        return switch (kind) {
            case KIND_CREATED -> "created";
            case KIND_VOTED -> "voted";
            case KIND_APPROVED -> "approved";
            case KIND_BREAK_GLASS -> "break-glass";
            case KIND_DENIED -> "denied";
            case KIND_EXPIRED -> "expired";
            case KIND_CANCELLED -> "cancelled";
            case KIND_CONSUMED -> "consumed";
            case KIND_REFUSED -> "refused";
            case KIND_UNSPECIFIED, UNRECOGNIZED -> "unknown";
        };
    }

    private static String title(ApprovalEvent event, String who) {
        String actor = event.hasActor() ? event.getActor().getSubject() : "somebody";
        return switch (event.getKind()) {
            case KIND_CREATED -> who + " waits for approval";
            case KIND_VOTED -> actor + " approved; more people have to";
            case KIND_APPROVED -> actor + " approved what " + who + " asked for";
            case KIND_BREAK_GLASS -> "BREAK-GLASS: " + actor + " alone granted what " + who + " asked for";
            case KIND_DENIED -> actor + " denied what " + who + " asked for";
            case KIND_EXPIRED -> "Nobody decided in time on what " + who + " asked for";
            case KIND_CANCELLED -> who + " took the request back";
            case KIND_CONSUMED -> who + " used the grant";
            case KIND_REFUSED -> actor + " tried to decide on what " + who + " asked for, and may not";
            case KIND_UNSPECIFIED, UNRECOGNIZED -> "Something happened to what " + who + " asked for";
        };
    }

    private static List<Fact> facts(ApprovalEvent event, String who) {
        Approval approval = event.getApproval();
        List<Fact> facts = new ArrayList<>();
        add(facts, "Who", who);
        add(facts, "From", approval.getRequest().getContext().getClientAddress());
        Action action = approval.getRequest().getAction();
        add(facts, "Operation", action.getProtocol() + ' ' + action.getOperation());
        add(facts, "On", resource(approval.getRequest().getResource()));
        add(facts, "Limit", approval.getLimit());
        add(facts, "Why", names(approval.getDecision().getReasonsList().stream().map(Reason::getText)));
        add(
                facts,
                "Rests on",
                names(approval.getDecision().getReasonsList().stream().map(Reason::getCitation)));
        if (event.getKind() == ApprovalEvent.Kind.KIND_CREATED && approval.hasExpiresAt()) {
            add(facts, "Until", instant(approval.getExpiresAt()).toString());
        }
        add(facts, "Approval", approval.getId());
        return List.copyOf(facts);
    }

    private static void add(List<Fact> facts, String name, String value) {
        String plain = plain(value);
        if (!plain.isEmpty()) {
            facts.add(new Fact(name, plain));
        }
    }

    private static String resource(Resource resource) {
        Endpoint endpoint = resource.getEndpoint();
        Stream<String> touched = Stream.of(
                        resource.getRelationsList().stream().map(one -> one.getSchema() + '.' + one.getName()),
                        resource.getObjectsList().stream().map(one -> one.getBucket()),
                        Stream.of(endpoint.getMethod() + ' ' + endpoint.getRoute()),
                        Stream.of(resource.getTool().getName()))
                .flatMap(all -> all);
        return (resource.getUpstream() + ": " + names(touched)).strip();
    }

    private static String names(Stream<String> names) {
        List<String> distinct = names.map(Notice::plain)
                .filter(name -> !name.isEmpty())
                .distinct()
                .limit(MOST_NAMES + 1L)
                .toList();
        String first = distinct.stream().limit(MOST_NAMES).collect(Collectors.joining(", "));
        return distinct.size() > MOST_NAMES ? first + ", …" : first;
    }

    /** One line, without characters that steer a terminal, a header or the direction of the text. */
    private static String plain(String text) {
        StringBuilder plain = new StringBuilder();
        text.codePoints()
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
                .limit(LONGEST + 1L)
                .forEach(plain::appendCodePoint);
        if (plain.codePointCount(0, plain.length()) > LONGEST) {
            plain.setLength(plain.offsetByCodePoints(0, LONGEST - 1));
            plain.append('…');
        }
        return plain.toString().strip();
    }

    private static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }
}
