package dev.chaperone.cli.config;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Secret;
import dev.chaperone.proto.Setting;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A configuration with one key of every kind. */
record Sample(
        @Setting("the server part") Server server,

        @Setting(value = "the optional part", optional = true) @Nullable
        Tls tls,

        @Setting(value = "parts by name", defaultValue = "{}")
        Map<String, Upstream> upstreams,

        @Setting(value = "names", defaultValue = "a, b") List<String> names,

        @Setting(value = "labels", defaultValue = "{x: '1'}")
        Map<String, String> labels) {

    record Server(
            @Setting(value = "address", defaultValue = "127.0.0.1")
            String host,

            @Setting(value = "port", defaultValue = "8080") int port,

            @Setting(value = "most", defaultValue = "10000000000")
            long most,

            @Setting(value = "switch", defaultValue = "true")
            boolean enabled,

            @Setting(value = "ratio", defaultValue = "0.5") double ratio,

            @Setting(value = "patience", defaultValue = "5s")
            Duration timeout,

            @Setting(value = "room", defaultValue = "64MiB") ByteSize maxSize,

            @Setting(value = "mode", defaultValue = "verify-full")
            Mode mode) {
        Server {
            if (port < 0) {
                throw new IllegalArgumentException("`port` is `" + port + "`; expected 0 or more");
            }
        }
    }

    record Tls(
            @Setting("certificate") Path certificate,
            @Setting("password of the key") Secret password) {}

    record Upstream(
            @Setting("where it is") URI uri,
            @Setting(value = "roots", defaultValue = "[]") List<Path> roots,

            @Setting(value = "most at once", optional = true) @Nullable
            Integer limit) {}

    enum Mode {
        OFF,
        VERIFY_FULL
    }
}
