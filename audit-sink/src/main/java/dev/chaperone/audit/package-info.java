/** Kafka to ledger: store, verifier, search, replay. */
@NullMarked
package dev.chaperone.audit;

import org.jspecify.annotations.NullMarked;
