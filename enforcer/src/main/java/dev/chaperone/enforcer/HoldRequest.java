package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.proto.HoldDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What people are asked to decide on.
 *
 * @param request as the decision point was asked
 * @param decision the decision that holds it, or sets the limit that was met
 * @param operation the operation in full, as it runs
 * @param parameters its parameters, in order
 * @param limit the limit that was met ("more than 1000 rows"); null for an operation that is held before it runs
 */
public record HoldRequest(
        DecideRequest request,
        Decision decision,
        String operation,
        List<Parameter> parameters,
        @Nullable String limit) {

    public HoldRequest {
        parameters = List.copyOf(parameters);
    }

    /** The same operation, which has met a limit. */
    public HoldRequest at(String met) {
        return new HoldRequest(request, decision, operation, parameters, met);
    }

    /** What binds the answer to exactly what would run: 32 bytes that are another's for anything else ({@link HoldDigest}). */
    public byte[] digest() {
        return HoldDigest.of(request, decision, operation, parameters, limit == null ? "" : limit);
    }
}
