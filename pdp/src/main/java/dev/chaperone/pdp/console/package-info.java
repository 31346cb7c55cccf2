/**
 * The web console: signs people in, shows them what waits for a decision, and takes their decisions.
 *
 * <p>Starting points: {@link dev.chaperone.pdp.console.ConsoleServer} (what listens), {@link
 * dev.chaperone.pdp.console.ConsoleRoutes} (every path there is), {@link dev.chaperone.pdp.console.ApprovalDesk} (where
 * approvals come from). The pages themselves are the module {@code console}.
 */
@NullMarked
package dev.chaperone.pdp.console;

import org.jspecify.annotations.NullMarked;
