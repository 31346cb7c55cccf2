package dev.chaperone.testkit.conformance;

import java.util.List;

/** The ways in which one and the same query can be run. */
public enum Mode {
    /** One Query message. */
    SIMPLE {
        @Override
        List<Step> steps(String sql) {
            return List.of(in -> in.query(sql));
        }
    },
    /** Parse, Bind, Execute, without asking for a description; results as text. */
    TEXT {
        @Override
        List<Step> steps(String sql) {
            return List.of(in -> {
                in.send(Frames.parse("", in.fill(sql), List.of()));
                in.send(Frames.bind("", "", List.of(), List.of()));
                in.send(Frames.execute("", 0));
                in.sync();
            });
        }
    },
    /** A named statement, described, bound twice, run in two halves; results in binary. */
    BINARY {
        @Override
        List<Step> steps(String sql) {
            return List.of(
                    in -> {
                        in.send(Frames.parse("s", in.fill(sql), List.of()));
                        in.send(Frames.describe('S', "s"));
                        in.sync();
                    },
                    in -> {
                        in.send(Frames.bind("p", "s", List.of(), List.of(1)));
                        in.send(Frames.describe('P', "p"));
                        in.send(Frames.execute("p", 2));
                        in.send(Frames.execute("p", 0));
                        in.sync();
                    },
                    in -> {
                        in.send(Frames.close('S', "s"));
                        in.sync();
                    });
        }
    },
    /** COPY ... TO STDOUT. */
    COPY {
        @Override
        List<Step> steps(String sql) {
            return List.of(in -> in.query("copy (" + sql + ") to stdout"));
        }
    },
    /** The same in COPY's binary format, by the extended protocol. */
    COPY_BINARY {
        @Override
        List<Step> steps(String sql) {
            return TEXT.steps("copy (" + sql + ") to stdout (format binary)");
        }
    },
    /** A cursor, fetched from. */
    CURSOR {
        @Override
        List<Step> steps(String sql) {
            return List.of(
                    in -> in.query("begin"),
                    in -> in.query("declare c scroll cursor for " + sql),
                    in -> in.query("fetch 2 from c"),
                    in -> in.query("fetch backward all from c"),
                    in -> in.query("fetch all from c"),
                    in -> in.query("rollback"));
        }
    },
    /** PREPARE and EXECUTE as statements. */
    PREPARE {
        @Override
        List<Step> steps(String sql) {
            return List.of(
                    in -> in.query("prepare q as " + sql),
                    in -> in.query("execute q"),
                    in -> in.query("deallocate all"));
        }
    },
    /** EXPLAIN with everything that it tells, and without running anything. */
    EXPLAIN {
        @Override
        List<Step> steps(String sql) {
            return List.of(
                    in -> in.query("explain (verbose) " + sql),
                    in -> in.query("explain (analyze, verbose, timing off, summary off, buffers off) " + sql));
        }
    },
    /** Within a transaction that is rolled back. */
    ROLLED_BACK {
        @Override
        List<Step> steps(String sql) {
            return List.of(in -> in.query("begin"), in -> in.query(sql), in -> in.query("rollback"));
        }
    },
    /** A case that is written out message by message. */
    STEPS {
        @Override
        List<Step> steps(String sql) {
            throw new IllegalStateException("a case of its own steps has no query");
        }
    };

    /** The steps that run a query in this way. */
    abstract List<Step> steps(String sql);
}
