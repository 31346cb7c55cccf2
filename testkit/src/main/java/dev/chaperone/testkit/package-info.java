/**
 * Real embedded backends (PostgreSQL, Kafka, OIDC) behind one switch, and the suites every enforcer extends.
 *
 * <p>Starting points: {@link dev.chaperone.testkit.Backends} starts everything; {@link
 * dev.chaperone.testkit.TokenSpec} describes the tokens that {@link dev.chaperone.testkit.OidcBackend} signs.
 */
@NullMarked
package dev.chaperone.testkit;

import org.jspecify.annotations.NullMarked;
