package dev.chaperone.testkit.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs cases side by side in several sessions, and those that cannot be run beside others one by one after them. Which case goes by which session is always the same, so that what
 * one leaves behind for the next can be found again.
 */
public final class Lanes {

    private final List<Runnable> aside = new ArrayList<>();
    private final List<Runnable> alone = new ArrayList<>();

    /**
     * Plans cases.
     *
     * @param width how many sessions to run them in
     * @param suite begins a session
     * @param modes the modes to run a case in
     * @param after what to do after each case
     * @return what comes of each case, once started
     */
    public Map<BypassCase, CompletableFuture<List<Result>>> add(
            int width,
            Supplier<Conformance> suite,
            List<BypassCase> cases,
            Function<BypassCase, List<Mode>> modes,
            Runnable after) {
        List<List<Planned>> lanes = new ArrayList<>();
        for (int i = 0; i <= width; i++) {
            lanes.add(new ArrayList<>());
        }
        Map<BypassCase, CompletableFuture<List<Result>>> results = new LinkedHashMap<>();
        int next = 0;
        for (BypassCase test : cases) {
            CompletableFuture<List<Result>> result = new CompletableFuture<>();
            results.put(test, result);
            lanes.get(test.alone() ? width : next++ % width).add(new Planned(test, modes.apply(test), result));
        }
        lanes.subList(0, width).forEach(lane -> aside.add(() -> run(suite, lane, after)));
        alone.add(() -> run(suite, lanes.get(width), after));
        return results;
    }

    /** Runs everything, on threads of its own. */
    public void start() {
        List<CompletableFuture<Void>> running = new ArrayList<>();
        aside.forEach(lane -> running.add(CompletableFuture.runAsync(lane, Lanes::inThread)));
        CompletableFuture.allOf(running.toArray(CompletableFuture[]::new))
                .thenRunAsync(() -> alone.forEach(Runnable::run), Lanes::inThread);
    }

    private record Planned(BypassCase test, List<Mode> modes, CompletableFuture<List<Result>> result) {}

    private static void run(Supplier<Conformance> suite, List<Planned> lane, Runnable after) {
        try (Conformance session = suite.get()) {
            for (Planned planned : lane) {
                try {
                    planned.result()
                            .complete(planned.modes().stream()
                                    .map(mode -> session.run(planned.test(), mode))
                                    .toList());
                } catch (RuntimeException | Error e) {
                    planned.result().completeExceptionally(e);
                }
                after.run();
            }
        } catch (RuntimeException | Error e) {
            lane.forEach(planned -> planned.result().completeExceptionally(e));
        }
    }

    private static void inThread(Runnable lane) {
        Thread thread = new Thread(lane, "conformance");
        thread.setDaemon(true);
        thread.start();
    }
}
