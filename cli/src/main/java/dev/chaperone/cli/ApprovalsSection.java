package dev.chaperone.cli;

import dev.chaperone.enforcer.IdentityConfig;
import dev.chaperone.pdp.approval.ApprovalsConfig;
import dev.chaperone.pdp.approval.KafkaConfig;
import dev.chaperone.pdp.console.ConsoleConfig;
import dev.chaperone.pdp.notify.NotifierConfig;
import dev.chaperone.proto.Setting;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The approval service of a decision point.
 *
 * @param listen where people reach it
 * @param identity whose tokens people bring
 * @param console the web console, or null for none
 * @param store where approvals are kept
 * @param terms what holds where a policy says nothing, and what no policy may exceed
 * @param limits bounds on what may wait
 * @param auditorGroups groups whose members see every approval
 * @param url address at which people decide
 * @param notices who is told what happens
 * @param kafka the topic that every step is put on, or null for none
 * @param unprovenEnforcers true to take requests of enforcers that show no certificate from beyond this machine
 * @param keep how long approvals that are over are kept
 */
record ApprovalsSection(
        @Setting("where people reach the approval service; enforcers reach it where they ask for decisions")
        ApprovalsConfig.Listen listen,

        @Setting("whose tokens people bring; people in person are those of `claims.human-clients`")
        IdentityConfig identity,

        @Setting(value = "the web console, where people decide in a browser; none when left out", optional = true)
        @Nullable
        ConsoleConfig console,

        @Setting("where approvals are kept") ApprovalsConfig.Store store,

        @Setting("what holds where a policy says nothing, and what no policy may exceed")
        ApprovalsConfig.Terms terms,

        @Setting("bounds on what may wait") ApprovalsConfig.Limits limits,

        @Setting(
                value = "groups whose members see every approval; that alone does not let them decide",
                defaultValue = "[]")
        List<String> auditorGroups,

        @Setting(
                value = "address at which people decide, to which the approval's id is appended; notices name it",
                optional = true)
        @Nullable
        URI url,

        @Setting("who is told what happens, beside those who watch")
        NotifierConfig notices,

        @Setting(value = "Kafka, where every step is put on a topic; nowhere when left out", optional = true) @Nullable
        KafkaConfig kafka,

        @Setting(
                value =
                        "let whoever reaches `pdp.listen` open, withdraw and redeem approvals where that is not a loopback"
                                + " address and takes no `tls.client-ca`",
                defaultValue = "false")
        boolean unprovenEnforcers,

        @Setting(value = "how long approvals that are over are kept", defaultValue = "365d")
        Duration keep) {

    ApprovalsSection {
        auditorGroups = service(store, terms, limits, auditorGroups, url, keep).auditorGroups();
    }

    /** The service's own part of it. */
    ApprovalsConfig service() {
        return service(store, terms, limits, auditorGroups, url, keep);
    }

    private static ApprovalsConfig service(
            ApprovalsConfig.Store store,
            ApprovalsConfig.Terms terms,
            ApprovalsConfig.Limits limits,
            List<String> auditorGroups,
            @Nullable URI url,
            Duration keep) {
        return new ApprovalsConfig(store, terms, limits, auditorGroups, url, keep);
    }
}
