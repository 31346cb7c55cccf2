package dev.chaperone.rules.fact;

/**
 * One object, or one prefix, in an object store.
 *
 * @param bucket bucket name
 * @param key object key, or the prefix of a list operation
 * @param version object version, empty for the current one
 * @param role {@code "source"} (read), {@code "target"} (written or deleted) or {@code "listed"}; empty when not said
 * @param partial whether only a range of bytes is asked for
 * @param mediaType media type as established by the enforcer
 * @param fields how many fields the enforcer found in the object's structure
 */
public record StoredObject(
        @Readable("resource.objects") String bucket,
        @Readable("resource.objects") String key,
        @Readable("resource.objects") String version,
        @Readable("resource.objects") String role,
        @Readable("resource.objects") boolean partial,
        @Readable("resource.objects") String mediaType,
        @Readable("resource.objects") int fields)
        implements Fact, Target {
    @Override
    public String label() {
        return bucket + "/" + key;
    }
}
