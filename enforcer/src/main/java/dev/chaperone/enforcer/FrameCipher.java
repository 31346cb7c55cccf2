package dev.chaperone.enforcer;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.function.Consumer;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Frames of one segment: {@code marker (4) length of what follows the header (4) index (8) index of the first frame of its
 * group (8)}, then AES-256-GCM over {@code key length (2) key record}. The nonce is the index: a segment has its own key and
 * no index is ever written twice under it. Associated data are the segment's number and the frame's header, so no frame can
 * be moved. Used by one thread.
 */
final class FrameCipher {

    static final int HEADER = 4 + 4 + 8 + 8;
    static final int TAG = 16;
    /** A record is an event, its signature and little else; a key is a UUID. */
    static final int MOST_BYTES = Recorder.MAX_EVENT + 4096;

    private static final int CHUNK = 64 * 1024;

    private final long segment;
    private final int marker;
    private final SecretKeySpec key;
    private final Cipher cipher;
    private final byte[] scratch = new byte[CHUNK + 2 * TAG];

    FrameCipher(SegmentHeader header) {
        this.segment = header.segment();
        this.marker = header.marker();
        this.key = new SecretKeySpec(header.key(), "AES");
        try {
            this.cipher = Cipher.getInstance("AES/GCM/NoPadding");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has AES-GCM", e);
        }
    }

    /** Bytes that a frame takes in a segment. */
    static long size(byte[] key, byte[] record) {
        return (long) HEADER + Short.BYTES + key.length + record.length + TAG;
    }

    /** Encrypts one frame and hands its bytes to {@code out} in pieces that are valid during the call only. */
    void encrypt(long index, long group, byte[] kafkaKey, byte[] record, Consumer<ByteBuffer> out) {
        int plain = Short.BYTES + kafkaKey.length + record.length;
        ByteBuffer header = ByteBuffer.allocate(HEADER)
                .putInt(marker)
                .putInt(plain + TAG)
                .putLong(index)
                .putLong(group)
                .flip();
        try {
            begin(Cipher.ENCRYPT_MODE, index, header);
            out.accept(header);
            byte[] prefix = ByteBuffer.allocate(Short.BYTES + kafkaKey.length)
                    .putShort((short) kafkaKey.length)
                    .put(kafkaKey)
                    .array();
            out.accept(ByteBuffer.wrap(scratch, 0, cipher.update(prefix, 0, prefix.length, scratch)));
            // One call for a large record would run without the JIT's AES intrinsics.
            for (int from = 0; from < record.length; from += CHUNK) {
                int count = cipher.update(record, from, Math.min(CHUNK, record.length - from), scratch);
                out.accept(ByteBuffer.wrap(scratch, 0, count));
            }
            out.accept(ByteBuffer.wrap(scratch, 0, cipher.doFinal(scratch, 0)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM refuses to encrypt", e);
        }
    }

    /** True when the bytes begin like a frame of this segment and have a possible length. */
    boolean plausible(ByteBuffer header) {
        int length = length(header);
        return header.getInt(0) == marker && length >= TAG + Short.BYTES && length <= MOST_BYTES + TAG;
    }

    static int length(ByteBuffer header) {
        return header.getInt(4);
    }

    static long index(ByteBuffer header) {
        return header.getLong(8);
    }

    static long group(ByteBuffer header) {
        return header.getLong(16);
    }

    /** The frame in the clear, or null when it does not authenticate. */
    @Nullable
    SpoolFrame decrypt(ByteBuffer header, byte[] encrypted) {
        try {
            begin(Cipher.DECRYPT_MODE, index(header), header);
            ByteBuffer plain = ByteBuffer.wrap(cipher.doFinal(encrypted));
            byte[] kafkaKey = new byte[Short.toUnsignedInt(plain.getShort())];
            plain.get(kafkaKey);
            byte[] record = new byte[plain.remaining()];
            plain.get(record);
            return new SpoolFrame(new SpoolPosition(segment, index(header)), kafkaKey, record);
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM refuses to decrypt", e);
        }
    }

    private void begin(int mode, long index, ByteBuffer header) throws GeneralSecurityException {
        byte[] nonce = ByteBuffer.allocate(12).putInt(0).putLong(index).array();
        cipher.init(mode, key, new GCMParameterSpec(8 * TAG, nonce));
        cipher.updateAAD(ByteBuffer.allocate(Long.BYTES).putLong(segment).flip());
        cipher.updateAAD(header.duplicate());
    }
}
