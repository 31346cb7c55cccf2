package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.CancelKey;
import io.netty.channel.Channel;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A connection to the database that has been let in and is ready for its first query. Its channel does not read until told.
 *
 * @param channel the connection; its last handler is still the login's
 * @param key cancels its statements
 * @param parameters as reported by the server
 * @param transport facts of the hop ("TLSv1.3 TLS_AES_256_GCM_SHA384", "plaintext")
 */
record UpstreamConnection(Channel channel, CancelKey key, Map<String, String> parameters, String transport) {

    UpstreamConnection {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }
}
