package dev.chaperone.postgres;

import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.proto.ErrorCode;
import java.util.List;
import java.util.Map;

/**
 * A cursor that a statement of the session has declared.
 *
 * @param query the text of its query, as the client wrote it
 * @param parameters what was bound to it, as received
 * @param asked what the query touches; every FETCH is decided on by it
 * @param delivered what its rows are; another than {@code asked} where the query was rewritten to work on masked values
 * @param masks the masks that it was rewritten with; none where it was not
 * @param binary true when the simple protocol delivers its rows in binary
 * @param hold true when it outlives its transaction
 * @param tally what has been delivered of it
 */
record Cursor(
        String query,
        List<Parameter> parameters,
        QueryAnalysis asked,
        QueryAnalysis delivered,
        Map<String, Terms.Masking> masks,
        boolean binary,
        boolean hold,
        Tally tally) {

    Cursor {
        parameters = List.copyOf(parameters);
        masks = Map.copyOf(masks);
    }

    /** True when its query works on masked values. */
    boolean rewritten() {
        return !masks.isEmpty();
    }

    /**
     * Checks that its rows are what a later permission asks for.
     *
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when values have been masked otherwise than they are to be
     */
    void require(Terms terms) {
        if (!rewritten() || terms.masks().isEmpty()) {
            return;
        }
        if (!terms.masksAs(masks)) {
            throw new EnforcementException(
                    ErrorCode.OBLIGATION_UNFULFILLABLE,
                    "the cursor was declared when other masks applied; declare it again");
        }
    }
}
