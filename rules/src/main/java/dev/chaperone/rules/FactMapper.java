package dev.chaperone.rules;

import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.FieldClass;
import dev.chaperone.decision.v1.ObjectRef;
import dev.chaperone.decision.v1.ObjectRole;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.rules.fact.Endpoint;
import dev.chaperone.rules.fact.Fact;
import dev.chaperone.rules.fact.Field;
import dev.chaperone.rules.fact.FunctionCall;
import dev.chaperone.rules.fact.Request;
import dev.chaperone.rules.fact.StoredObject;
import dev.chaperone.rules.fact.Table;
import dev.chaperone.rules.fact.Tool;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/** Turns one access request into facts. What the request does not say becomes the most restricted value. */
final class FactMapper {
    /** Most facts that one request may be; a statement has at most 1,664 outputs in PostgreSQL. */
    static final int MAX_FACTS = 4_096;

    private final Classifier classifier;
    private final List<Fact> facts = new ArrayList<>();
    private final List<FieldClass> fieldClasses = new ArrayList<>();

    private FactMapper(Classifier classifier) {
        this.classifier = classifier;
    }

    /** The facts of a request, and the class of each touched field. */
    record Facts(List<Fact> facts, List<FieldClass> fieldClasses) {}

    /**
     * Maps a request.
     *
     * @throws IllegalArgumentException when it touches more than {@link #MAX_FACTS} things
     */
    static Facts map(DecideRequest request, Classifier classifier) {
        FactMapper mapper = new FactMapper(classifier);
        mapper.add(request(request));
        Resource resource = request.getResource();
        resource.getRelationsList().forEach(mapper::relation);
        resource.getFunctionsList().forEach(name -> mapper.add(new FunctionCall(name)));
        resource.getObjectsList().forEach(mapper::object);
        if (resource.hasEndpoint()) {
            mapper.endpoint(resource.getEndpoint());
        }
        if (resource.hasTool()) {
            mapper.tool(resource.getTool());
        }
        return new Facts(mapper.facts, mapper.fieldClasses);
    }

    /** Whether it is known what the operation would touch. */
    static boolean analysed(DecideRequest request) {
        return request.getAction().getAnalysis() == Analysis.ANALYSIS_COMPLETE;
    }

    private static Request request(DecideRequest request) {
        Principal principal = request.getPrincipal();
        Action action = request.getAction();
        Resource resource = request.getResource();
        Context context = request.getContext();
        int hour = -1;
        String day = "";
        if (context.hasTime()) {
            ZonedDateTime time = Times.instant(context.getTime()).atZone(ZoneOffset.UTC);
            hour = time.getHour();
            day = time.getDayOfWeek().name();
        }
        return new Request(
                kind(principal.getKind()),
                principal.getSubject(),
                principal.getAgent(),
                principal.getIssuer(),
                Set.copyOf(new HashSet<>(principal.getGroupsList())),
                principal.getDelegationList(),
                principal.getClaimsMap(),
                action.getProtocol(),
                action.getOperation(),
                actionClass(action.getClass_()),
                analysed(request),
                action.getUnrestricted(),
                resource.getUpstream(),
                resource.getEstimatedRows(),
                resource.getEstimatedBytes(),
                context.getEnforcer(),
                context.getClientAddress(),
                context.getClientName(),
                context.getClientTls(),
                context.getDestinationZone(),
                context.getPurpose(),
                !context.getApprovalId().isEmpty(),
                hour,
                day);
    }

    private static String kind(PrincipalKind kind) {
        switch (kind) {
            case PRINCIPAL_KIND_HUMAN:
                return "human";
            case PRINCIPAL_KIND_SERVICE:
                return "service";
            default:
                return "agent";
        }
    }

    private static String actionClass(ActionClass actionClass) {
        switch (actionClass) {
            case ACTION_CLASS_READ:
                return "read";
            case ACTION_CLASS_WRITE:
                return "write";
            case ACTION_CLASS_DELETE:
                return "delete";
            case ACTION_CLASS_SCHEMA:
                return "schema";
            case ACTION_CLASS_ADMIN:
                return "admin";
            case ACTION_CLASS_SESSION:
                return "session";
            case ACTION_CLASS_INVOKE:
                return "invoke";
            default:
                return "";
        }
    }

    private void relation(Relation relation) {
        String name = relation.getDatabase() + "." + relation.getSchema() + "." + relation.getName();
        String strongest = PhiClasses.checked(classifier.relationClass(relation));
        boolean phi = PhiClasses.isPhi(strongest);
        boolean unclassified = strongest.equals(PhiClasses.UNKNOWN);
        for (Column column : relation.getColumnsList()) {
            String phiClass = PhiClasses.checked(classifier.phiClass(relation, column));
            phi |= PhiClasses.isPhi(phiClass);
            unclassified |= phiClass.equals(PhiClasses.UNKNOWN);
            column(relation, name + "." + column.getName(), column, phiClass);
        }
        add(new Table(
                relation.getDatabase(),
                relation.getSchema(),
                relation.getName(),
                name,
                relation.getWritten(),
                relation.getSystem(),
                strongest,
                phi,
                unclassified));
    }

    private void column(Relation relation, String qualifiedName, Column column, String phiClass) {
        add(new Field(
                "column",
                relation.getDatabase(),
                relation.getSchema(),
                relation.getName(),
                column.getName(),
                qualifiedName,
                column.getType(),
                phiClass,
                PhiClasses.isIdentifier(phiClass),
                relation.getSystem(),
                column.getUsesList().contains(Use.USE_OUTPUT),
                isDerived(column.getUsesList()),
                column.getUsesList().contains(Use.USE_PREDICATE),
                column.getUsesList().contains(Use.USE_WRITE),
                ""));
        classified(qualifiedName, phiClass);
    }

    private void object(ObjectRef object) {
        boolean partial = object.getRangeStart() != 0 || object.getRangeEnd() >= 0 && object.getRangeEnd() != 0;
        add(new StoredObject(
                object.getBucket(),
                object.getKey(),
                object.getVersion(),
                role(object.getRole()),
                partial,
                object.getMediaType(),
                object.getFieldsCount()));
        String location = "s3://" + object.getBucket() + "/" + object.getKey();
        object.getFieldsList().forEach(field -> field("object", location, field));
    }

    private static String role(ObjectRole role) {
        switch (role) {
            case OBJECT_ROLE_SOURCE:
                return "source";
            case OBJECT_ROLE_TARGET:
                return "target";
            case OBJECT_ROLE_LISTED:
                return "listed";
            default:
                return "";
        }
    }

    private void endpoint(dev.chaperone.decision.v1.Endpoint endpoint) {
        add(new Endpoint(
                endpoint.getHost(), endpoint.getMethod(), endpoint.getRoute(), endpoint.getResponseFieldsCount()));
        String location = endpoint.getMethod() + " " + endpoint.getHost() + endpoint.getRoute();
        endpoint.getRequestFieldsList().forEach(field -> field("request", location, field));
        endpoint.getResponseFieldsList().forEach(field -> field("response", location, field));
    }

    private void tool(dev.chaperone.decision.v1.Tool tool) {
        add(new Tool(
                tool.getServer(),
                tool.getName(),
                HexFormat.of().formatHex(tool.getFingerprint().toByteArray()),
                "true".equals(tool.getAnnotationsOrDefault("readOnlyHint", "")),
                !"false".equals(tool.getAnnotationsOrDefault("destructiveHint", ""))));
        String location = "mcp:" + tool.getServer() + "/" + tool.getName();
        tool.getArgumentsList().forEach(field -> field("argument", location, field));
    }

    private void field(String kind, String location, dev.chaperone.decision.v1.Field field) {
        String phiClass = PhiClasses.checked(classifier.phiClass(location, field));
        add(new Field(
                kind,
                "",
                "",
                "",
                field.getPath(),
                field.getPath(),
                "",
                phiClass,
                PhiClasses.isIdentifier(phiClass),
                false,
                field.getUsesList().contains(Use.USE_OUTPUT),
                isDerived(field.getUsesList()),
                field.getUsesList().contains(Use.USE_PREDICATE),
                field.getUsesList().contains(Use.USE_WRITE),
                field.getValue()));
        classified(field.getPath(), phiClass);
    }

    /** A use that is not said, or that this version does not know, counts as an expression: no mask covers it. */
    private static boolean isDerived(List<Use> uses) {
        return uses.contains(Use.USE_DERIVED)
                || uses.contains(Use.USE_UNSPECIFIED)
                || uses.contains(Use.UNRECOGNIZED)
                || uses.isEmpty();
    }

    private void classified(String field, String phiClass) {
        fieldClasses.add(
                FieldClass.newBuilder().setField(field).setPhiClass(phiClass).build());
    }

    private void add(Fact fact) {
        if (facts.size() >= MAX_FACTS) {
            throw new IllegalArgumentException("the request touches more than " + MAX_FACTS + " things");
        }
        facts.add(fact);
    }
}
