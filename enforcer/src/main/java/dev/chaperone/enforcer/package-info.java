/** What every enforcer shares: identity, decision client and cache, masking functions, session recorder, spool, shipping to Kafka. */
@NullMarked
package dev.chaperone.enforcer;

import org.jspecify.annotations.NullMarked;
