package dev.chaperone.benchmarks.load;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What was aimed at, beside what was measured. */
final class Targets {

    private record Target(String what, String bound, String measured, boolean met) {}

    private final List<Target> targets = new ArrayList<>();

    /** A figure that should not be smaller. */
    void atLeast(String what, double least, double measured, String unit) {
        targets.add(new Target(what, "at least " + figure(least, unit), figure(measured, unit), measured >= least));
    }

    /** A figure that should not be larger. */
    void atMost(String what, double most, double measured, String unit) {
        targets.add(new Target(what, "at most " + figure(most, unit), figure(measured, unit), measured <= most));
    }

    void print(PrintStream out) {
        out.printf(Locale.ROOT, "%n%-78s %16s %12s%n", "measure", "target", "measured");
        for (Target target : targets) {
            out.printf(
                    Locale.ROOT,
                    "%-78s %16s %12s  %s%n",
                    target.what(),
                    target.bound(),
                    target.measured(),
                    target.met() ? "met" : "missed");
        }
    }

    private static String figure(double value, String unit) {
        return String.format(Locale.ROOT, value == Math.rint(value) ? "%.0f%s" : "%.2f%s", value, unit);
    }
}
