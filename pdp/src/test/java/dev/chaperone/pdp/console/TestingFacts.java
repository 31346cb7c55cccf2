package dev.chaperone.pdp.console;

import com.google.protobuf.ByteString;
import dev.chaperone.pdp.EnforcerStatus;
import dev.chaperone.pdp.PolicyDetails;
import dev.chaperone.pdp.PolicyStatus;
import dev.chaperone.rules.RuleInfo;
import java.time.Instant;
import java.util.List;

/** A decision point's knowledge that does not change. */
final class TestingFacts {

    static final ConsoleFacts FACTS = new ConsoleFacts(
            () -> new PolicyDetails(
                    new PolicyStatus(
                            "abc123",
                            ByteString.copyFromUtf8("digest"),
                            Instant.parse("2026-01-01T00:00:00Z"),
                            1,
                            List.of("own.drl:3: `mistake` is no fact")),
                    List.of(new RuleInfo(
                            "hipaa",
                            "hold-bulk-reads",
                            "more than 1000 patients at a time",
                            "45 CFR 164.502(b)",
                            "hipaa.drl",
                            42)),
                    List.of(),
                    List.of("hipaa.drl"),
                    "catalog.yaml",
                    Instant.parse("2026-01-02T00:00:00Z")),
            () -> List.of(new EnforcerStatus(
                    "clinic",
                    1,
                    Instant.parse("2026-01-01T00:00:00Z"),
                    "abc123",
                    7,
                    Instant.parse("2026-01-01T00:01:00Z"),
                    "abc123",
                    null)));

    private TestingFacts() {}
}
