/** The decision point: gRPC, policy directory with hot reload, PHI catalog, health, metrics. */
@NullMarked
package dev.chaperone.pdp;

import org.jspecify.annotations.NullMarked;
