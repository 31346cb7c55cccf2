package dev.chaperone.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Ties what runs to the life of the process: when the process is told to end, by SIGTERM or Ctrl-C, it ends only after what
 * runs was closed in order.
 */
final class Lifetime implements AutoCloseable {

    private final Closing closing = new Closing();
    private final Thread hook = new Thread(closing::close, "shutdown");

    Lifetime(AutoCloseable running) {
        closing.add(running);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Waits until the process is told to end, or the waiting thread is interrupted. */
    void await() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Closes what runs without waiting for the process's end. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        closing.close();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already, and the hook has found everything closed, or closes it.
            hook.setName("shutdown (late)");
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
