package dev.chaperone.audit;

import com.google.protobuf.Timestamp;
import dev.chaperone.audit.v1.OperationEntry;
import dev.chaperone.audit.v1.SessionEntry;
import dev.chaperone.audit.v1.VerificationResult;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import java.time.Instant;
import java.util.List;

/** Puts what was found into the words of the contract. */
final class EvidenceMessages {

    private static final int MAX_FINDINGS = 50;

    private EvidenceMessages() {}

    static SessionEntry session(SessionIndex.Found found) {
        SessionSummary summary = found.summary();
        SessionEntry.Builder entry = SessionEntry.newBuilder()
                .setSessionId(summary.session())
                .setEnforcer(summary.enforcer())
                .setProtocol(summary.protocol())
                .setUpstream(summary.upstream())
                .setClientAddress(summary.clientAddress())
                .setClientTransport(summary.transport())
                .setDurability(summary.durability())
                .setBegan(timestamp(summary.began()))
                .setLastSeen(timestamp(summary.lastSeen()))
                .setEnd(summary.end())
                .setOperations(summary.statements())
                .setRows(summary.rows())
                .setMaskedValues(summary.maskedValues())
                .setPermitted(summary.effects().getOrDefault(Effect.EFFECT_PERMIT, 0L))
                .setHeld(summary.effects().getOrDefault(Effect.EFFECT_HOLD, 0L))
                .setDenied(summary.effects().getOrDefault(Effect.EFFECT_DENY, 0L))
                .addAllResources(found.resources());
        Principal principal = found.principal();
        if (!principal.getSubject().isEmpty()) {
            entry.setPrincipal(shown(principal));
        }
        found.recent()
                .forEach(operation -> entry.addRecent(OperationEntry.newBuilder()
                        .setAt(timestamp(operation.at()))
                        .setName(operation.name())
                        .addAllResources(operation.resources())
                        .setEffect(operation.effect())));
        return entry.build();
    }

    /** Without what identifies the token. */
    static Principal shown(Principal principal) {
        return principal.toBuilder()
                .clearTokenId()
                .clearTokenHash()
                .clearClaims()
                .build();
    }

    static VerificationResult.Builder verification(VerificationReport report) {
        VerificationResult.Builder result = VerificationResult.newBuilder()
                .setIntegrity(verdict(report.integrity()))
                .setCompleteness(verdict(report.completeness()))
                .setRecords(report.records())
                .setSessions(report.sessions())
                .setProcesses(report.controlSessions())
                .setRepeated(report.repeated());
        report.openProcesses().stream()
                .limit(MAX_FINDINGS)
                .forEach(process -> result.addOpenProcesses(VerificationResult.OpenProcess.newBuilder()
                        .setEnforcer(process.enforcer())
                        .setControlSession(process.controlSession())
                        .setLastSigned(timestamp(process.lastSigned()))));
        return result;
    }

    private static VerificationResult.Verdict verdict(Verdict verdict) {
        return VerificationResult.Verdict.newBuilder()
                .setOk(verdict.ok())
                .addAllFailures(first(verdict.failures()))
                .setTotalFailures(verdict.totalFailures())
                .addAllNotes(first(verdict.notes()))
                .setTotalNotes(verdict.totalNotes())
                .build();
    }

    private static List<String> first(List<Finding> findings) {
        return findings.stream().limit(MAX_FINDINGS).map(Finding::toString).toList();
    }

    static Timestamp timestamp(Instant time) {
        return Timestamp.newBuilder()
                .setSeconds(time.getEpochSecond())
                .setNanos(time.getNano())
                .build();
    }
}
