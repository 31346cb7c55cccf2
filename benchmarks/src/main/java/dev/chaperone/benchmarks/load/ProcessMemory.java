package dev.chaperone.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a JVM holds, in bytes, as its {@code jcmd} says.
 *
 * @param live objects on its heap that can be reached: after a full collection
 * @param direct memory outside of its heap that it has allocated for itself, buffers above all
 */
record ProcessMemory(long live, long direct) {

    /** What an enforcer has to be started with. */
    static final String OPTIONS = "-XX:NativeMemoryTracking=summary";

    private static final Pattern TOTAL = Pattern.compile("^Total\\s+\\d+\\s+(\\d+)", Pattern.MULTILINE);
    private static final Pattern OTHER = Pattern.compile("Other \\(reserved=\\d+KB, committed=(\\d+)KB\\)");

    static ProcessMemory of(long processId) {
        return new ProcessMemory(
                number(TOTAL, jcmd(processId, "GC.class_histogram")),
                number(OTHER, jcmd(processId, "VM.native_memory", "summary")) << 10);
    }

    /** Both. */
    long held() {
        return live + direct;
    }

    private static long number(Pattern pattern, String output) {
        Matcher matcher = pattern.matcher(output);
        if (!matcher.find()) {
            throw new IllegalStateException("jcmd said something else:\n" + output);
        }
        return Long.parseLong(matcher.group(1));
    }

    private static String jcmd(long processId, String... command) {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        List<String> arguments = new ArrayList<>(List.of(jcmd.toString(), String.valueOf(processId)));
        arguments.addAll(List.of(command));
        try {
            Process process =
                    new ProcessBuilder(arguments).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException("jcmd failed:\n" + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException("`" + jcmd + "` cannot be run; this needs a JDK", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
