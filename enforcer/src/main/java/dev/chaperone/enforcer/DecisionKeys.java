package dev.chaperone.enforcer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MessageLite;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Principal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Computes cache keys: SHA-256 over the deterministic serialization of every request attribute that rules may read. Whole
 * messages go in, so that a field the contract gains later is part of the key without anybody thinking of it.
 */
final class DecisionKeys {

    private static final int PRINCIPALS = 10_000;

    /** A principal lives as long as its session and is the same object throughout, so it is serialized once. */
    private final Cache<Principal, byte[]> principals = Caffeine.newBuilder()
            .weakKeys()
            .maximumSize(PRINCIPALS)
            .executor(Runnable::run)
            .build();

    /** The key of a request. */
    Key key(DecideRequest request, DecisionDependencies dependencies) {
        MessageDigest sha256 = sha256();
        Principal principal = request.getPrincipal();
        add(
                sha256,
                dependencies.wholePrincipal()
                        ? serialize(principal)
                        : principals.get(principal, DecisionKeys::withoutToken));
        add(sha256, serialize(request.getAction()));
        add(sha256, serialize(request.getResource()));
        if (!dependencies.context().isEmpty()) {
            add(sha256, serialize(only(request.getContext(), dependencies)));
        }
        ByteBuffer hash = ByteBuffer.wrap(sha256.digest());
        return new Key(
                dependencies.wholePrincipal(),
                dependencies.context().size(),
                hash.getLong(),
                hash.getLong(),
                hash.getLong(),
                hash.getLong());
    }

    private static byte[] withoutToken(Principal principal) {
        Principal.Builder builder = principal.toBuilder();
        for (int number : DecisionDependencies.TOKEN_FIELDS) {
            builder.clearField(Principal.getDescriptor().findFieldByNumber(number));
        }
        return serialize(builder.build());
    }

    private static Context only(Context context, DecisionDependencies dependencies) {
        Context.Builder builder = Context.newBuilder();
        for (FieldDescriptor field : dependencies.context()) {
            builder.setField(field, context.getField(field));
        }
        return builder.build();
    }

    /** Length first, so that no two sequences of parts are the same bytes. */
    private static void add(MessageDigest digest, byte[] part) {
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
        digest.update(part);
    }

    private static byte[] serialize(MessageLite message) {
        byte[] bytes = new byte[message.getSerializedSize()];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        // Maps (claims, annotations) have no order of their own.
        out.useDeterministicSerialization();
        try {
            message.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException("an array of the message's own size cannot overflow", e);
        }
        out.checkNoSpaceLeft();
        return bytes;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The attributes' SHA-256, and which attributes they were: within one policy these only grow. */
    record Key(boolean wholePrincipal, int contextFields, long a, long b, long c, long d) {}
}
