package dev.chaperone.cli;

import java.util.List;

/** One started part of a process, as operation sees it. Closing stops it and everything it alone uses, in order. */
interface Part extends AutoCloseable {

    /** What to call it: {@code pdp}, {@code postgres.clinic}, {@code sink}. */
    String name();

    /** What it enforces, where it listens, and what it does not do; a line each. */
    List<String> banner();

    /**
     * Whether it works at this moment.
     *
     * @throws RuntimeException saying what is wrong
     */
    void check();

    @Override
    void close();
}
