/** Real embedded backends (PostgreSQL, Kafka, OIDC) behind one switch, and the suites every enforcer extends. */
@NullMarked
package dev.chaperone.testkit;

import org.jspecify.annotations.NullMarked;
