package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.proto.ByteSize;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;

/** The main class of a process that records until it is killed, and prints what was acknowledged as soon as it was. */
final class CrashingRecorder {

    private CrashingRecorder() {}

    public static void main(String[] args) {
        Path keys = Path.of(args[1]);
        RecordingConfig config = new RecordingConfig(
                Path.of(args[0]),
                ByteSize.parse("32KiB"),
                ByteSize.parse("1GiB"),
                ByteSize.parse("64MiB"),
                RecordingConfig.Durability.SPOOL,
                Duration.ofMillis(50),
                keys.resolve("auditor.public.json"),
                keys.resolve("signing.key"),
                keys.resolve("spool-key.json"),
                TestingRecording.KAFKA);
        SpoolRecorder recorder = new SpoolRecorder(
                config,
                "crashing",
                new SimpleMeterRegistry(),
                new TestingRecordSinks(TestingRecordSinks.Mode.AWAY),
                SegmentFile::create,
                Clock.systemUTC());
        recorder.start();
        PrintStream out = System.out;
        for (int thread = 0; thread < 4; thread++) {
            new Thread(() -> recordForEver(recorder, out)).start();
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private static void recordForEver(SpoolRecorder recorder, PrintStream out) {
        while (true) {
            SessionRecorder session = recorder.open(SessionOpened.newBuilder().setProtocol("crash"));
            for (int event = 1; event <= 50; event++) {
                String line = session.sessionId() + " " + event + "\n";
                session.record(TestingRecording.delivered(event * 20)).thenRun(() -> print(out, line));
                if (event % 5 == 0) {
                    session.record(TestingRecording.delivered(1)).join();
                    event++;
                }
            }
        }
    }

    private static void print(PrintStream out, String line) {
        synchronized (out) {
            out.print(line);
            out.flush();
        }
    }
}
