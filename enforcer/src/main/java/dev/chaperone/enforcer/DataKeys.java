package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.TinkProtoKeysetFormat;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Session ids with their data keys, drawn and wrapped to the auditor ahead of need: public-key encryption takes longer than
 * everything else that opening a session does.
 */
final class DataKeys {

    private static final int READY = 64;

    private final RecordingKeys keys;
    private final Executor executor;
    private final ArrayBlockingQueue<DataKey> ready = new ArrayBlockingQueue<>(READY);
    private final AtomicBoolean filling = new AtomicBoolean();

    DataKeys(RecordingKeys keys, Executor executor) {
        this.keys = keys;
        this.executor = executor;
    }

    /**
     * One session's key.
     *
     * @param sessionId to which the wrapped key is bound
     * @param aead encrypts originals
     * @param wrapped the keyset, encrypted to the auditor
     */
    record DataKey(String sessionId, Aead aead, ByteString wrapped) {}

    DataKey next() {
        DataKey key = ready.poll();
        if (ready.size() < READY / 2) {
            refill();
        }
        return key != null ? key : draw();
    }

    /** Fills up in the background. */
    void refill() {
        if (filling.compareAndSet(false, true)) {
            executor.execute(() -> {
                try {
                    while (ready.remainingCapacity() > 0
                            && !Thread.currentThread().isInterrupted()) {
                        ready.add(draw());
                    }
                } finally {
                    filling.set(false);
                }
            });
        }
    }

    private void fill() {
        try {
            while (ready.remainingCapacity() > 0 && !Thread.currentThread().isInterrupted()) {
                ready.add(draw());
            }
        } finally {
            filling.set(false);
        }
    }

    private DataKey draw() {
        String sessionId = UUID.randomUUID().toString();
        try {
            KeysetHandle keyset = KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM);
            byte[] wrapped = keys.auditor()
                    .encrypt(
                            TinkProtoKeysetFormat.serializeKeyset(keyset, InsecureSecretKeyAccess.get()),
                            sessionId.getBytes(StandardCharsets.UTF_8));
            return new DataKey(
                    sessionId,
                    keyset.getPrimitive(RegistryConfiguration.get(), Aead.class),
                    ByteString.copyFrom(wrapped));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("cannot wrap a data key to the auditor", e);
        }
    }
}
