package dev.chaperone.rules;

/** What a {@link Diagnostic} does to the policy it is about. */
public enum Severity {
    /** The policy is refused. */
    ERROR,
    /** The policy is accepted; its author should look. */
    WARNING
}
