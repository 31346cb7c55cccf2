package dev.chaperone.pdp.console;

import dev.chaperone.pdp.EnforcerStatus;
import dev.chaperone.pdp.PolicyDetails;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the decision point beside the console knows at this moment.
 *
 * @param policy the policy in force; null when none is
 * @param enforcers the enforcers that it hears of
 */
public record ConsoleFacts(Supplier<@Nullable PolicyDetails> policy, Supplier<List<EnforcerStatus>> enforcers) {}
