package dev.chaperone.cli;

import java.util.Locale;
import java.util.function.Supplier;

/** Says what is being started and how long it took. Used by several threads. */
final class DemoProgress {

    private final Terminal terminal;
    private final long start = System.nanoTime();

    DemoProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Does something, then says that it is done. */
    <T> T done(String what, Supplier<T> work) {
        long began = System.nanoTime();
        T result = work.get();
        say(what + terminal.dim(String.format(Locale.ROOT, " (%.1fs)", seconds(began))));
        return result;
    }

    /** Does something, then says that it is done. */
    void done(String what, Runnable work) {
        done(what, () -> {
            work.run();
            return what;
        });
    }

    /** A line with the time since the start. */
    synchronized void say(String what) {
        terminal.out().println(terminal.dim(String.format(Locale.ROOT, "%6.1fs  ", seconds(start))) + what);
    }

    /** Seconds since the start. */
    double elapsed() {
        return seconds(start);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }
}
