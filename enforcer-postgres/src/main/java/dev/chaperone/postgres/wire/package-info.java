/**
 * The messages of the PostgreSQL protocol 3.0 and how they are read and written (PostgreSQL documentation, chapter
 * "Frontend/Backend Protocol").
 *
 * <p>Starting points: {@link dev.chaperone.postgres.wire.FrontendDecoder} (what clients send), {@link
 * dev.chaperone.postgres.wire.BackendDecoder} (what the server sends), {@link dev.chaperone.postgres.wire.BackendWriter} and
 * {@link dev.chaperone.postgres.wire.FrontendWriter} (what is written towards either).
 */
@NullMarked
package dev.chaperone.postgres.wire;

import org.jspecify.annotations.NullMarked;
