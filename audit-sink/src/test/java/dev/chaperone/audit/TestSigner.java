package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.proto.AuditChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/** Signs heads as an enforcer does. */
final class TestSigner {

    private final Ed25519PrivateKeyParameters key;

    TestSigner(long seed) {
        byte[] bytes = new byte[32];
        new Random(seed).nextBytes(bytes);
        key = new Ed25519PrivateKeyParameters(bytes);
    }

    String keyId() {
        return AuditChain.keyId(key.generatePublicKey().getEncoded());
    }

    AuditRecord sign(AuditEvent event) {
        byte[] bytes = event.toByteArray();
        byte[] message = AuditChain.headMessage(event.getSessionId(), event.getSequence(), AuditChain.hash(bytes));
        Ed25519Signer signer = new Ed25519Signer();
        signer.init(true, key);
        signer.update(message, 0, message.length);
        return AuditRecord.newBuilder()
                .setEvent(ByteString.copyFrom(bytes))
                .setHeadSignature(ByteString.copyFrom(signer.generateSignature()))
                .setKeyId(keyId())
                .build();
    }

    TrustedKeys trusted(Path directory) throws IOException {
        return TrustedKeys.read(List.of(publicKey(directory)));
    }

    /** Writes the public key's file. */
    Path publicKey(Path directory) throws IOException {
        Path file = directory.resolve("keys-" + keyId() + ".pub");
        Files.writeString(
                file,
                "# test\nchaperone-ed25519 " + keyId() + " "
                        + Base64.getEncoder()
                                .encodeToString(key.generatePublicKey().getEncoded()) + "\n");
        return file;
    }
}
