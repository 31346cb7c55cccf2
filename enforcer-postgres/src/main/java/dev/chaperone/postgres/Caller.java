package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Principal;
import dev.chaperone.enforcer.SessionRecorder;
import java.time.Instant;

/**
 * Who a session belongs to, and where its record is kept.
 *
 * @param principal as the token says
 * @param address the client's network address, without port
 * @param zone the network zone of that address, where all that is delivered goes; empty for none
 * @param tls true when the client's connection is encrypted
 * @param startup what the client asked for
 * @param recorder keeps the session's record
 */
record Caller(
        Principal principal,
        String address,
        String zone,
        boolean tls,
        StartupParameters startup,
        SessionRecorder recorder) {

    /** True when the token that opened the session is no longer valid. */
    boolean expired(Instant now) {
        return principal.hasExpiresAt()
                && now.getEpochSecond() >= principal.getExpiresAt().getSeconds();
    }
}
