package dev.chaperone.postgres.wire;

/** A peer broke the protocol or exceeded a bound; the connection is past saving. The message is safe to show. */
public final class ProtocolException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public ProtocolException(String message) {
        super(message, null, false, false);
    }
}
