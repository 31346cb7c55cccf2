package dev.chaperone.pdp;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.List;

/**
 * What decides now, and whether that is what is configured.
 *
 * @param version the active version's name
 * @param digest SHA-256 of its sources and catalog (32 bytes)
 * @param activeSince when it became active
 * @param rules how many rules it has
 * @param problems what is wrong with a newer content that was refused; empty when the newest is active
 */
public record PolicyStatus(String version, ByteString digest, Instant activeSince, int rules, List<String> problems) {

    public PolicyStatus {
        problems = List.copyOf(problems);
    }

    /** True when the newest content is active. */
    public boolean current() {
        return problems.isEmpty();
    }
}
