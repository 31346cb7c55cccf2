package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.TestingRecording.chain;
import static dev.chaperone.enforcer.TestingRecording.config;
import static dev.chaperone.enforcer.TestingRecording.controlSession;
import static dev.chaperone.enforcer.TestingRecording.recovered;
import static dev.chaperone.enforcer.TestingRecording.started;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills recording processes and looks at what they leave behind. */
class SpoolCrashTest {

    private static final int CRASHES = 3;

    @TempDir
    Path spool;

    @Test
    void nothingAcknowledgedIsLostWhenAProcessIsKilled() throws Exception {
        Random random = new Random(7);
        Map<String, Long> acknowledged = new HashMap<>();
        Set<String> controls = new HashSet<>();
        for (int crash = 0; crash < CRASHES; crash++) {
            killAfter(50 + random.nextInt(1000), acknowledged);
            controls.add(controlSession(recovered(spool)));
        }
        assertThat(acknowledged).isNotEmpty();
        assertThat(controls).as("each process kept its own control session").hasSize(CRASHES);

        TestingRecordSinks sinks = new TestingRecordSinks(TestingRecordSinks.Mode.ACKNOWLEDGE);
        started(config(spool), sinks).close();
        Map<String, List<TestingRecordSinks.Sent>> shipped =
                sinks.sent().stream().collect(Collectors.groupingBy(TestingRecordSinks.Sent::key));
        acknowledged.forEach((session, sequence) -> assertThat(chain(shipped.getOrDefault(session, List.of()), session))
                .as("session %s was acknowledged up to %d", session, sequence)
                .hasSizeGreaterThan(sequence.intValue()));
        assertThat(announced(sinks)).containsAll(acknowledged.keySet());
        assertThat(sinks.sent().stream()
                        .filter(one -> one.event().getSessionOpened().getPreviousUnclean())
                        .count())
                .isEqualTo(CRASHES);
    }

    private static Set<String> announced(TestingRecordSinks sinks) {
        return sinks.sent().stream()
                .map(TestingRecordSinks.Sent::event)
                .filter(AuditEvent::hasSessionStarted)
                .map(event -> event.getSessionStarted().getSessionId())
                .collect(Collectors.toSet());
    }

    private void killAfter(int lines, Map<String, Long> acknowledged) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        CrashingRecorder.class.getName(),
                        spool.toString(),
                        TestingRecording.KEYS.spoolKey().resolveSibling("").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out = process.inputReader(StandardCharsets.US_ASCII)) {
            for (int seen = 0; seen < lines; ) {
                seen += note(out.readLine(), acknowledged);
            }
            process.toHandle().destroyForcibly(); // SIGKILL; the handle leaves the output open
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.matches("[-0-9a-f]{36} \\d+")) {
                    note(line, acknowledged); // acknowledged before the kill, read after it
                }
            }
        } finally {
            process.destroyForcibly();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(process.exitValue()).isEqualTo(137);
    }

    private static int note(String line, Map<String, Long> acknowledged) {
        assertThat(line).as("the process ended by itself").isNotNull();
        String[] words = line.split(" ", -1);
        if (words.length != 2 || words[0].length() != 36) {
            return 0; // a line of the log
        }
        acknowledged.merge(words[0], Long.parseLong(words[1]), Math::max);
        return 1;
    }
}
