package dev.chaperone.benchmarks.load;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.enforcer.Hold;
import dev.chaperone.enforcer.HoldAnswer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/**
 * {@code benchmarks/run holds}: how soon a held statement's first row comes once somebody approves, through the enforcer and the
 * decision point as anybody runs them; and what a decision point takes that has a thousand operations waiting: memory before,
 * while they wait, and once all of them are decided. {@code --quick} takes fewer statements, and looks for a shorter time.
 */
public final class HoldLoad {

    private static final int HOLDS = 1_000;
    private static final double MIB = 1 << 20;
    private static final long PAUSE_MILLIS = 5_000;

    private final PrintStream out;
    private final Targets targets = new Targets();

    private HoldLoad(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] arguments) {
        boolean quick = Arrays.asList(arguments).contains("--quick");
        Path directory = Path.of(
                "benchmarks",
                "target",
                "load",
                String.valueOf(ProcessHandle.current().pid()));
        try (World world = new World(
                        Path.of("").toAbsolutePath(),
                        directory.toAbsolutePath(),
                        false,
                        ProcessMemory.OPTIONS + " -Xmx256m",
                        true);
                Approver approver = new Approver(world)) {
            new HoldLoad(System.out).run(world, approver, quick);
        }
    }

    private void run(World world, Approver approver, boolean quick) {
        firstRows(world.enforcer("spool"), approver, quick ? 100 : 200);
        thousand(world, approver, quick ? 4 : 24);
        targets.print(out);
    }

    /** One statement after the other, each approved as soon as it is held. */
    private void firstRows(Endpoint enforcer, Approver approver, int count) {
        double[] millis = new double[count];
        double[] calls = new double[count];
        try (WireClient client = WireClient.connect(enforcer)) {
            for (int i = -10; i < count; i++) {
                CompletableFuture<Long> row = CompletableFuture.supplyAsync(() -> firstRow(client));
                Approval held = approver.nextHeld();
                long approved = System.nanoTime();
                approver.approve(held.getId());
                double call = (System.nanoTime() - approved) / 1e6;
                double took = (row.join() - approved) / 1e6;
                if (i >= 0) { // what comes before finds both processes cold
                    millis[i] = took;
                    calls[i] = call;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no statement can be held", e);
        }
        print("from the call that approves to the client's first row", millis, " ms");
        print("of that, what the call itself takes", calls, " ms");
        targets.atMost("approval to first row, 99th percentile", 200, percentile(millis, 0.99), " ms");
    }

    private static long firstRow(WireClient client) {
        try {
            return client.firstRow("SELECT line FROM held");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Many at a time. */
    private void thousand(World world, Approver approver, int looks) {
        long process = world.pdpProcessId();
        out.printf(
                Locale.ROOT,
                "%n%-52s %12s %12s %12s%n",
                "the decision point",
                "heap, MB",
                "direct, MB",
                "resident, MB");
        try (Waiting waiting = new Waiting(world.pdpPort())) {
            // Once around, so that what is loaded once is not taken for what holds take.
            decide(approver, waiting.hold(HOLDS));
            ProcessMemory before = look("before", process);
            List<Hold> holds = waiting.hold(HOLDS);
            ProcessMemory first = look(HOLDS + " wait", process);
            ProcessMemory last = first;
            for (int i = 1; i < looks; i++) {
                pause();
                last = look("", process);
            }
            double[] millis = decide(approver, holds);
            ProcessMemory after = look("all are decided", process);
            out.println();
            print("from the call that approves to the grant, " + HOLDS + " waiting", millis, " ms");
            targets.atMost("memory of 1,000 that wait", 64, (first.held() - before.held()) / MIB, " MB");
            targets.atMost("memory that grows while they wait", 4, (last.held() - first.held()) / MIB, " MB");
            targets.atMost("memory that is kept once they are decided", 4, (after.held() - before.held()) / MIB, " MB");
        }
    }

    private static double[] decide(Approver approver, List<Hold> holds) {
        double[] millis = new double[holds.size()];
        List<CompletableFuture<Void>> granted = new ArrayList<>();
        for (int i = 0; i < holds.size(); i++) {
            int at = i;
            long approved = System.nanoTime();
            granted.add(holds.get(i).answer().toCompletableFuture().thenAccept(answer -> {
                if (answer.outcome() != HoldAnswer.Outcome.GRANTED) {
                    throw new IllegalStateException("a hold ended with " + answer);
                }
                millis[at] = (System.nanoTime() - approved) / 1e6;
            }));
            approver.approve(holds.get(i).id());
        }
        CompletableFuture.allOf(granted.toArray(CompletableFuture[]::new)).join();
        return millis;
    }

    private ProcessMemory look(String when, long process) {
        ProcessMemory memory = ProcessMemory.of(process);
        out.printf(
                Locale.ROOT,
                "%-52s %12.1f %12.1f %12.1f%n",
                when,
                memory.live() / MIB,
                memory.direct() / MIB,
                ProcessTimes.residentBytes(process) / MIB);
        return memory;
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private void print(String what, double[] values, String unit) {
        out.printf(
                Locale.ROOT,
                "%-70s median %.1f%s, 90th percentile %.1f%s, 99th percentile %.1f%s, most %.1f%s%n",
                what,
                percentile(values, 0.5),
                unit,
                percentile(values, 0.9),
                unit,
                percentile(values, 0.99),
                unit,
                percentile(values, 1),
                unit);
    }

    private static double percentile(double[] values, double part) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.ceil(part * sorted.length) - 1];
    }
}
