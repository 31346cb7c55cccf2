/**
 * Attacks on a PostgreSQL gateway, and what the attacker's socket received. Any gateway can be attacked: it takes an address
 * and a password.
 *
 * <p>Starting points: {@link dev.chaperone.testkit.conformance.CaseReader} (the cases, as files), {@link
 * dev.chaperone.testkit.conformance.Conformance} (runs them), {@link dev.chaperone.testkit.conformance.Judge} (what counts as a
 * leak), {@link dev.chaperone.testkit.conformance.CanaryScan} (the forms that a secret can take).
 */
@NullMarked
package dev.chaperone.testkit.conformance;

import org.jspecify.annotations.NullMarked;
