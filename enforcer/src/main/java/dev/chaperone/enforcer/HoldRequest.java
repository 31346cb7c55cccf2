package dev.chaperone.enforcer;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What people are asked to decide on.
 *
 * @param request as the decision point was asked
 * @param decision the decision that holds it, or sets the limit that was met
 * @param operation the operation in full, as it runs
 * @param parameters its parameters, in order
 * @param limit the limit that was met ("more than 1000 rows"); null for an operation that is held before it runs
 */
public record HoldRequest(
        DecideRequest request,
        Decision decision,
        String operation,
        List<Parameter> parameters,
        @Nullable String limit) {

    private static final String DOMAIN = "chaperone hold 1";

    public HoldRequest {
        parameters = List.copyOf(parameters);
    }

    /** The same operation, which has met a limit. */
    public HoldRequest at(String met) {
        return new HoldRequest(request, decision, operation, parameters, met);
    }

    /**
     * SHA-256 over the principal, the resource, the action's operation, the text, the parameters, the limit and the policy's
     * version, each with its length first: 32 bytes that are another's for anything else that would run.
     */
    public byte[] digest() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            add(digest, utf8(DOMAIN));
            add(digest, bytes(request.getPrincipal()));
            add(digest, bytes(request.getResource()));
            add(digest, utf8(request.getAction().getOperation()));
            add(digest, utf8(operation));
            digest.update(
                    ByteBuffer.allocate(Integer.BYTES).putInt(parameters.size()).flip());
            for (Parameter parameter : parameters) {
                add(digest, bytes(parameter));
            }
            add(digest, utf8(limit == null ? "" : limit));
            add(digest, utf8(decision.getPolicyVersion()));
            return digest.digest();
        } catch (NoSuchAlgorithmException | IOException e) {
            throw new IllegalStateException(
                    "every Java platform has SHA-256, and memory takes what is written to it", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Maps in one order, so that equal messages are equal bytes. */
    private static byte[] bytes(MessageLite message) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(message.getSerializedSize());
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.useDeterministicSerialization();
        message.writeTo(out);
        out.flush();
        return bytes.toByteArray();
    }

    private static void add(MessageDigest digest, byte[] part) {
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
        digest.update(part);
    }
}
