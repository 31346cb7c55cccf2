package dev.chaperone.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux says of a process in {@code /proc} (proc(5)). */
final class ProcessTimes {

    /** Ticks a second in {@code /proc/PID/stat}: USER_HZ, which is 100 on every Linux that Java runs on. */
    private static final double TICKS = 100;

    private ProcessTimes() {}

    /** User and system time of all its threads, those that have ended included. */
    static double cpuSeconds(long processId) {
        String stat = read(processId, "stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS;
    }

    /** Memory that it has resident, in bytes. */
    static long residentBytes(long processId) {
        return read(processId, "status")
                        .lines()
                        .filter(line -> line.startsWith("VmRSS:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .sum()
                << 10;
    }

    private static String read(long processId, String file) {
        try {
            return Files.readString(Path.of("/proc/" + processId + "/" + file));
        } catch (IOException e) {
            throw new UncheckedIOException("process " + processId + " has ended", e);
        }
    }
}
