/**
 * Approvals: what policies hold waits here for people.
 *
 * <p>Starting points: {@link dev.chaperone.pdp.approval.Approvals} (everything that can be done with them), {@link
 * dev.chaperone.pdp.approval.Voting} (who may decide, and when it is decided), {@link
 * dev.chaperone.pdp.approval.ApprovalServer} (what enforcers and people reach).
 */
@NullMarked
package dev.chaperone.pdp.approval;

import org.jspecify.annotations.NullMarked;
