package dev.chaperone.enforcer;

import java.util.concurrent.CompletableFuture;

/**
 * One record on its way into the spool.
 *
 * @param chain the chain it continues
 * @param head its place in that chain and its hash
 * @param key Kafka's key
 * @param record a serialized AuditRecord
 * @param control whether it belongs to the control session: such entries are kept until they can be written
 * @param future completes when it is durable
 * @param since {@link System#nanoTime} of the call
 */
record SpoolEntry(
        EventChain chain,
        EventChain.Head head,
        byte[] key,
        byte[] record,
        boolean control,
        CompletableFuture<Void> future,
        long since) {

    /** Bytes that it takes in a segment, about what it takes in memory. */
    long size() {
        return FrameCipher.size(key, record);
    }
}
