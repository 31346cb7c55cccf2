package dev.chaperone.postgres;

import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.UnanalysableException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Asks whether a session may start with settings that not everybody may set; each is decided on as the SET of it would be. It
 * starts with all of them, or not at all.
 */
final class StartupSettings {

    private final Decider decider;
    private final SessionRecorder recorder;
    private final ArrayDeque<Map.Entry<String, String>> left;

    StartupSettings(Decider decider, Caller caller) {
        this.decider = decider;
        this.recorder = caller.recorder();
        this.left = new ArrayDeque<>(caller.startup().undecided().entrySet());
    }

    /**
     * Asks.
     *
     * @param permitted called when all of them may be set
     * @param refused gets why one of them may not
     */
    void decide(Runnable permitted, Consumer<GatewayError> refused) {
        Map.Entry<String, String> setting = left.poll();
        if (setting == null) {
            permitted.run();
            return;
        }
        decider.decide(subject(setting.getKey(), setting.getValue()), List.of(), ruling -> {
            GatewayError refusal = ruling.refusal();
            recorder.record(Outbox.completion(
                    ruling.request(),
                    refusal == null ? Outcome.OUTCOME_SUCCEEDED : Outcome.OUTCOME_REFUSED,
                    refusal == null ? "" : refusal.sqlState(),
                    0,
                    0,
                    System.nanoTime()));
            if (refusal == null) {
                decide(permitted, refused);
            } else {
                refused.accept(new GatewayError(
                        refusal.sqlState(),
                        refusal.code(),
                        "startup parameter `" + setting.getKey() + "`: " + refusal.message(),
                        refusal.detail(),
                        refusal.hint()));
            }
        });
    }

    private static Subject subject(String name, String value) {
        String text = "set " + name + " = '" + value.replace("'", "''") + "'";
        SqlStatement statement = new SqlStatement(
                text,
                0,
                text.length(),
                StatementClass.SET,
                "set",
                new StatementDetail.Setting(name, false, List.of(value)));
        UnanalysableException failure =
                new UnanalysableException("what comes of setting `" + name + "` is not analysed");
        return new Subject(statement, statement.actionClass(), null, failure, false, "");
    }
}
