/**
 * Kafka to ledger: store, verifier, search, replay.
 *
 * <p>Starting points: {@link dev.chaperone.audit.AuditSink} writes a ledger; {@link
 * dev.chaperone.audit.LedgerVerifier} proves it; {@link dev.chaperone.audit.SessionSearch} and {@link
 * dev.chaperone.audit.SessionReplay} read it. {@code LedgerFormat} describes the files.
 */
@NullMarked
package dev.chaperone.audit;

import org.jspecify.annotations.NullMarked;
