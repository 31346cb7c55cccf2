package dev.chaperone.postgres.wire;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a client may send before it is a session: packets without a tag byte. */
public sealed interface StartupMessage {

    /** Asks for TLS. */
    record SslRequest() implements StartupMessage {}

    /** Asks for GSSAPI encryption. */
    record GssEncryptionRequest() implements StartupMessage {}

    /**
     * Asks for the running statement of another connection to be cancelled.
     *
     * @param processId as given out in BackendKeyData
     * @param secret as given out in BackendKeyData
     */
    record CancelRequest(int processId, int secret) implements StartupMessage {}

    /**
     * Opens a session.
     *
     * @param majorVersion protocol version; 3 is spoken here
     * @param minorVersion 0 is spoken here, others are negotiated down
     * @param parameters in the order of the packet
     */
    record Startup(int majorVersion, int minorVersion, Map<String, String> parameters) implements StartupMessage {
        public Startup {
            parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        }
    }
}
