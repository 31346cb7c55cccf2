/**
 * The decision point: gRPC, policy directory with hot reload, PHI catalog, health, metrics.
 *
 * <p>Starting points: {@link dev.chaperone.pdp.DecisionServer} (the process), {@link dev.chaperone.pdp.PolicyStore} (what is
 * in force and how it changes), {@link dev.chaperone.pdp.PhiCatalog} (what the catalog knows about columns).
 */
@NullMarked
package dev.chaperone.pdp;

import org.jspecify.annotations.NullMarked;
