package dev.chaperone.benchmarks.load;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * {@code benchmarks/run memory}: how much memory the PostgreSQL enforcer takes for a connection through which very much goes:
 * a result and a COPY each way of a gigabyte, and a row of 256 MB. While it goes through, the enforcer is asked again and again
 * what it can reach on its heap and what it has allocated beside it; the most that it ever said counts, above what it said
 * while the same connections were idle. {@code --quick} takes a tenth of everything.
 */
public final class MemoryLoad {

    private static final int CONNECTIONS = 2;
    private static final long MIB = 1 << 20;
    private static final long PAUSE_MILLIS = 500;

    /** What goes through one connection; returns how many bytes did. */
    private interface Transfer {
        long run(WireClient client) throws IOException;
    }

    private final PrintStream out;
    private final Targets targets = new Targets();

    private MemoryLoad(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] arguments) {
        long part = Arrays.asList(arguments).contains("--quick") ? 10 : 1;
        Path directory = Path.of(
                "benchmarks",
                "target",
                "load",
                String.valueOf(ProcessHandle.current().pid()));
        try (World world = new World(
                Path.of("").toAbsolutePath(), directory.toAbsolutePath(), false, ProcessMemory.OPTIONS + " -Xmx512m")) {
            new MemoryLoad(System.out).run(world, part);
        }
    }

    private void run(World world, long part) {
        int longRow = (int) (256 * MIB / part);
        world.fillLongRow(longRow);
        Endpoint agent = world.enforcer("spool");
        Endpoint physician = agent.as(world.physician());
        out.printf(
                Locale.ROOT,
                "%-44s %10s %10s %14s %14s %14s%n",
                "through each of " + CONNECTIONS + " connections",
                "MB",
                "MB/s",
                "heap, MB more",
                "direct, MB more",
                "a connection");
        // 10,000 rows of about 150 bytes each time around
        long times = 700 / part;
        String rows = "SELECT plain.* FROM plain, generate_series(1, " + times + ")";
        measure("result, columns searched", agent, client -> client.query(rows));
        measure("result, 2 of 10 columns masked", agent, client -> client.query(rows.replace("plain", "masked")));
        measure("COPY out, columns searched", agent, client -> client.query("COPY (" + rows + ") TO STDOUT"));
        measure("COPY in", agent, client -> client.copyIn("COPY loaded FROM STDIN", (1 << 10) * MIB / part));
        measure("row of " + longRow / MIB + " MB", physician, client -> client.query("SELECT content FROM long_rows"));
        targets.print(out);
    }

    private void measure(String name, Endpoint endpoint, Transfer transfer) {
        try (WireClient one = WireClient.connect(endpoint);
                WireClient other = WireClient.connect(endpoint)) {
            List<WireClient> clients = List.of(one, other);
            // What the process keeps whoever uses it, such as the newest records on their way to Kafka, is not a
            // connection's.
            transfer.run(one);
            ProcessMemory idle = ProcessMemory.of(endpoint.processId());
            long began = System.nanoTime();
            List<CompletableFuture<Long>> running = clients.stream()
                    .map(client -> CompletableFuture.supplyAsync(() -> run(transfer, client)))
                    .toList();
            CompletableFuture<Void> all = CompletableFuture.allOf(running.toArray(CompletableFuture[]::new));
            long live = 0;
            long direct = 0;
            long most = 0;
            while (!all.isDone()) {
                pause(all);
                ProcessMemory now = ProcessMemory.of(endpoint.processId());
                live = Math.max(live, now.live() - idle.live());
                direct = Math.max(direct, now.direct() - idle.direct());
                most = Math.max(most, now.held() - idle.held());
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            double bytes = running.stream().mapToLong(CompletableFuture::join).sum();
            double each = (double) most / CONNECTIONS / MIB;
            out.printf(
                    Locale.ROOT,
                    "%-44s %10.0f %10.0f %14.1f %14.1f %14.1f%n",
                    name,
                    bytes / CONNECTIONS / MIB,
                    bytes / MIB / seconds,
                    (double) live / MIB,
                    (double) direct / MIB,
                    each);
            targets.atMost("memory a connection, " + name, 16, each, " MB");
        } catch (IOException e) {
            throw new UncheckedIOException(name + " failed", e);
        } catch (CompletionException e) {
            throw new IllegalStateException(name + " failed", e.getCause());
        }
    }

    /** Looking stops the process that is looked at. */
    private static void pause(CompletableFuture<Void> all) {
        try {
            all.get(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // it goes on, or its caller will see why it does not
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static long run(Transfer transfer, WireClient client) {
        try {
            return transfer.run(client);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
