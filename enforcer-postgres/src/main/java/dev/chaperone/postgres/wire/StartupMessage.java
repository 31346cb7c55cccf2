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
     * @param key as given out in BackendKeyData
     */
    record CancelRequest(CancelKey key) implements StartupMessage {}

    /**
     * Opens a session.
     *
     * @param version as the client would like it
     * @param parameters in the order of the packet; none where the major version is not 3
     */
    record Startup(ProtocolVersion version, Map<String, String> parameters) implements StartupMessage {
        public Startup {
            parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        }
    }
}
