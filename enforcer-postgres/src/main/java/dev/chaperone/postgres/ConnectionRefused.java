package dev.chaperone.postgres;

/** A connection does not become a session; carries what its client is told. */
final class ConnectionRefused extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient GatewayError error;

    ConnectionRefused(GatewayError error) {
        super(error.message());
        this.error = error;
    }

    /** What the client is told. */
    GatewayError error() {
        return error;
    }
}
