package dev.chaperone.cli;

import dev.chaperone.proto.Setting;

/**
 * Where a process answers for its own health.
 *
 * @param enabled whether it answers at all
 * @param address address to listen on; the endpoint has no authentication
 * @param port TCP port; 0 takes a free one
 */
record ManagementConfig(
        @Setting(value = "serve `/healthz` and `/metrics`", defaultValue = "true")
        boolean enabled,

        @Setting(
                value = "address to listen on; there is no authentication, so keep it private",
                defaultValue = "127.0.0.1")
        String address,

        @Setting(value = "TCP port; 0 takes a free one", defaultValue = "9464")
        int port) {

    ManagementConfig {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("`port` is `" + port + "`; expected 0 to 65535");
        }
        if (address.isBlank()) {
            throw new IllegalArgumentException("`address` is empty; expected an address such as `127.0.0.1`");
        }
    }
}
