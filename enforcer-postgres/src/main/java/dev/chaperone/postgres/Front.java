package dev.chaperone.postgres;

import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.Zones;

/** What every connection of an enforcer shares until it is known which database it wants. */
record Front(
        PostgresConfig config,
        Authenticator authenticator,
        Recorder recorder,
        PostgresMeters meters,
        Sessions sessions,
        Upstreams upstreams,
        Zones zones) {}
