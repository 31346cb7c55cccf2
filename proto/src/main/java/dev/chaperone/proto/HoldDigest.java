package dev.chaperone.proto;

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

/**
 * What binds an approval to exactly what would run. SHA-256 over these, each with its length (four bytes, big endian) first:
 *
 * <pre>
 *   "chaperone hold 3"
 *   the principal      as a protobuf message, maps in order, without token_id, token_hash and expires_at
 *   the resource       likewise, without the estimates
 *   where it goes      the client's address, and the destination's zone
 *   what for           the purpose that the caller names
 *   the operation's name, and its text
 *   the parameters     their number (four bytes) first
 *   the limit          empty for what is held before it runs
 *   the policy's version
 *   what it decided    as a protobuf message: effect and obligations, with the terms for people, in order, and what it lets through
 * </pre>
 *
 * <p>What is left out may differ when the same operation is asked for again: a token is renewed every few minutes, and a planner's
 * guess changes with its statistics. Neither changes who asks, or what would run. What was decided is in it because one policy may
 * decide otherwise on the same later, or for another purpose: what was granted with masks is not granted without them, and what two
 * people have to grant is not granted by one.
 */
public final class HoldDigest {

    /** Length of a digest. */
    public static final int BYTES = 32;

    private static final String DOMAIN = "chaperone hold 3";

    private HoldDigest() {}

    /**
     * The digest.
     *
     * @param request as the decision point was asked
     * @param operation the operation in full, as it runs
     * @param parameters its parameters, in order
     * @param limit the limit that was met; empty for none
     * @param decision that holds it, or sets the limit
     */
    public static byte[] of(
            DecideRequest request, Decision decision, String operation, List<Parameter> parameters, String limit) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            add(digest, utf8(DOMAIN));
            add(
                    digest,
                    bytes(request.getPrincipal().toBuilder()
                            .clearTokenId()
                            .clearTokenHash()
                            .clearExpiresAt()
                            .build()));
            add(
                    digest,
                    bytes(request.getResource().toBuilder()
                            .clearEstimatedRows()
                            .clearEstimatedBytes()
                            .build()));
            add(digest, utf8(request.getContext().getClientAddress()));
            add(digest, utf8(request.getContext().getDestinationZone()));
            add(digest, utf8(request.getContext().getPurpose()));
            add(digest, utf8(request.getAction().getOperation()));
            add(digest, utf8(operation));
            digest.update(
                    ByteBuffer.allocate(Integer.BYTES).putInt(parameters.size()).flip());
            for (Parameter parameter : parameters) {
                add(digest, bytes(parameter));
            }
            add(digest, utf8(limit));
            add(digest, utf8(decision.getPolicyVersion()));
            add(
                    digest,
                    bytes(Decision.newBuilder()
                            .setEffect(decision.getEffect())
                            .addAllObligations(decision.getObligationsList())
                            .setPermitsUnanalysed(decision.getPermitsUnanalysed())
                            .setVerbatim(decision.getVerbatim())
                            .build()));
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
