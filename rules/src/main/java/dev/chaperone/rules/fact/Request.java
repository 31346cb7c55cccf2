package dev.chaperone.rules.fact;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who asks, for what, in which circumstances. There is exactly one for each request.
 *
 * @param principalKind {@code "agent"}, {@code "human"} or {@code "service"}
 * @param subject the human or service on whose behalf the call is made
 * @param agent the agent that acts, empty when the subject acts in person
 * @param tokenIssuer the token's issuer
 * @param groups names for {@link #inGroup}
 * @param delegation actors for {@link #delegatedThrough}, nearest first
 * @param claims values for {@link #claim}
 * @param protocol {@code "postgres"}, {@code "s3"}, {@code "http"}, {@code "mcp"}, or a custom enforcer's own name
 * @param operation the protocol's own name of the operation, lower case
 * @param actionClass {@code "read"}, {@code "write"}, {@code "delete"}, {@code "schema"}, {@code "admin"}, {@code
 *     "session"} or {@code "invoke"}; empty when the enforcer does not say
 * @param analysed whether the enforcer knows everything that the operation would touch
 * @param unrestricted whether the operation changes or deletes without a condition
 * @param upstream the upstream's configured name
 * @param estimatedRows rows the upstream's planner expects, -1 when not asked
 * @param estimatedBytes bytes expected to be disclosed, -1 when not known
 * @param enforcer the enforcer's configured name
 * @param clientAddress the client's network address, without port
 * @param clientName the client's own name for itself, unverified
 * @param clientTls whether the client's connection is encrypted
 * @param destinationZone the network zone of the destination, {@code "elsewhere"} when it is in none, empty when none are declared
 * @param purpose why the caller says it needs the data, unverified
 * @param approved whether the request redeems a granted approval
 * @param hour hour of the day in UTC, 0 to 23; -1 when the request carries no time
 * @param dayOfWeek day of the week in UTC, {@code "MONDAY"} to {@code "SUNDAY"}; empty when the request carries no time
 */
public record Request(
        @Readable("principal.kind") String principalKind,
        @Readable("principal.subject") String subject,
        @Readable("principal.agent") String agent,
        @Readable("principal.issuer") String tokenIssuer,
        Set<String> groups,
        List<String> delegation,
        Map<String, String> claims,
        @Readable("action.protocol") String protocol,
        @Readable("action.operation") String operation,
        @Readable("action.class") String actionClass,
        @Readable("action.analysis") boolean analysed,
        @Readable("action.unrestricted") boolean unrestricted,
        @Readable("resource.upstream") String upstream,
        @Readable("resource.estimated_rows") long estimatedRows,
        @Readable("resource.estimated_bytes") long estimatedBytes,
        @Readable("context.enforcer") String enforcer,
        @Readable("context.client_address") String clientAddress,
        @Readable("context.client_name") String clientName,
        @Readable("context.client_tls") boolean clientTls,
        @Readable("context.destination_zone") String destinationZone,
        @Readable("context.purpose") String purpose,
        @Readable("context.approval_id") boolean approved,
        @Readable("context.time") int hour,
        @Readable("context.time") String dayOfWeek)
        implements Fact {
    /** Copies the collections. */
    public Request {
        groups = Set.copyOf(groups);
        delegation = List.copyOf(delegation);
        claims = Map.copyOf(claims);
    }

    /** Whether the caller's token carries a group or role. */
    @Readable("principal.groups")
    public boolean inGroup(String group) {
        return groups.contains(group);
    }

    /** Whether an actor is anywhere in the delegation chain. */
    @Readable("principal.delegation")
    public boolean delegatedThrough(String actor) {
        return delegation.contains(actor);
    }

    /** The value of a further claim, empty when the token has none of that name. */
    @Readable("principal.claims")
    public String claim(String name) {
        return claims.getOrDefault(name, "");
    }
}
