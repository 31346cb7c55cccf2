package dev.chaperone.cli;

import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.enforcer.IdentityConfig;
import dev.chaperone.enforcer.RecordingConfig;
import dev.chaperone.enforcer.Zones;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.postgres.PostgresConfig;
import dev.chaperone.proto.Secret;
import dev.chaperone.proto.Setting;
import java.util.Map;

/**
 * One PostgreSQL enforcer with everything it needs.
 *
 * @param listen the hop towards the clients
 * @param upstreams the guarded databases, by what policies, catalog and records call them
 * @param zones networks of clients, by what policies call them
 * @param bounds how much of anything is taken in
 * @param identity whose tokens are accepted
 * @param decisions where decisions come from
 * @param approvals whether people are asked about what policies hold
 * @param recording how everything is recorded
 * @param masking what masking needs
 * @param detection what detectors need to know
 */
record PostgresSection(
        @Setting("the hop towards the clients") PostgresConfig.Listen listen,

        @Setting("the databases that are guarded, by what policies, catalog and records call them")
        Map<String, PostgresConfig.Upstream> upstreams,

        @Setting(
                value =
                        "networks of clients, by what policies call them (`destinationZone`); a client that is in none of"
                                + " them is `elsewhere`, and where there are none it is `\"\"`; the pack `hipaa` holds exports"
                                + " to any but `trusted`",
                defaultValue = "{}")
        Map<String, Zones.Zone> zones,

        @Setting("how much of anything is taken in") PostgresConfig.Bounds bounds,
        @Setting("whose tokens are accepted") IdentityConfig identity,
        @Setting("where decisions come from") DecisionClientConfig decisions,

        @Setting(
                value =
                        "ask people about what policies hold, by the approval service of the decision point; otherwise it"
                                + " is refused",
                defaultValue = "false")
        boolean approvals,

        @Setting("how everything is recorded") RecordingConfig recording,
        @Setting("what masking needs") Masking masking,
        @Setting("what detectors need to know") DetectionConfig detection) {

    PostgresSection {
        upstreams = new PostgresConfig(listen, upstreams, zones, bounds).upstreams();
    }

    /**
     * What masking needs.
     *
     * @param pseudonymKey the same for every enforcer whose pseudonyms shall match
     */
    record Masking(
            @Setting("key of pseudonyms, at least 32 bytes; the same for every enforcer whose pseudonyms shall match")
            Secret pseudonymKey) {}

    /** The enforcer's own part of it. */
    PostgresConfig postgres() {
        return new PostgresConfig(listen, upstreams, zones, bounds);
    }
}
