/**
 * The few values that every module shares beside the generated contract.
 *
 * <p>Starting points: {@link dev.chaperone.proto.ErrorCode} (what can go wrong, and whose fault it is), {@link
 * dev.chaperone.proto.AuditChain} (how audit events are hashed and signed).
 */
@NullMarked
package dev.chaperone.proto;

import org.jspecify.annotations.NullMarked;
