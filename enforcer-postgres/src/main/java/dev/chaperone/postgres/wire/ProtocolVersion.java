package dev.chaperone.postgres.wire;

/**
 * Versions of the protocol (chapter "Protocol Versions").
 *
 * @param major changes when clients of the one cannot talk to servers of the other
 * @param minor is negotiated
 */
public record ProtocolVersion(int major, int minor) {

    /** Spoken since PostgreSQL 7.4. */
    public static final ProtocolVersion V3_0 = new ProtocolVersion(3, 0);

    /** Spoken since PostgreSQL 18; the newest that is spoken here. There is no 3.1 but by accident. */
    public static final ProtocolVersion V3_2 = new ProtocolVersion(3, 2);

    static ProtocolVersion of(int code) {
        return new ProtocolVersion(code >>> 16, code & 0xffff);
    }

    int code() {
        return major << 16 | minor;
    }

    /** True when secrets of cancellation may be long in it. */
    public boolean hasLongSecrets() {
        return major == 3 && minor >= 2;
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
