package dev.chaperone.rules;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.List;

/** Turns sources into a policy that decides. Takes seconds; call it off serving threads. */
public final class PolicyCompiler {
    private PolicyCompiler() {}

    /** The content detectors that a policy can name. */
    public static List<String> detectors() {
        return Detectors.NAMES;
    }

    /** The masking functions that a policy can name. */
    public static List<String> masks() {
        return Masks.FUNCTIONS;
    }

    /**
     * Lints and compiles.
     *
     * @param version name of the policy version, as it will appear in decisions
     * @param sources every file of the policy, in any order
     * @throws PolicyException when a source is refused
     */
    public static CompiledPolicy compile(String version, List<PolicySource> sources) throws PolicyException {
        PolicyParser.Parsed parsed = PolicyLinter.check(sources);
        if (parsed.diagnostics().stream().anyMatch(diagnostic -> diagnostic.severity() == Severity.ERROR)) {
            throw new PolicyException(parsed.diagnostics());
        }
        return new CompiledPolicy(version, digest(sources), parsed, RuleEngine.of(parsed.rules()));
    }

    static byte[] digest(List<PolicySource> sources) {
        MessageDigest digest = sha256();
        sources.stream().sorted(Comparator.comparing(PolicySource::path)).forEach(source -> {
            update(digest, source.path());
            update(digest, source.text());
        });
        return digest.digest();
    }

    private static void update(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, bytes.length));
        digest.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
