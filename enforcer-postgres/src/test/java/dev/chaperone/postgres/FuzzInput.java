package dev.chaperone.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The bytes that a fuzzer, a seed or a generator made, taken apart from the front. Past the end there are zeros. */
public final class FuzzInput {

    /** How long one run fuzzes one test. What a run has found interesting is kept, and the next one goes on from there. */
    public static final String DURATION = "60s";

    /** The same in seconds. */
    public static int seconds() {
        return Integer.parseInt(DURATION.substring(0, DURATION.length() - 1));
    }

    private final byte[] data;
    private int position;

    public FuzzInput(byte[] data) {
        this.data = data;
    }

    /** A number from 0 to less than {@code bound}. */
    public int below(int bound) {
        int next = position < data.length ? data[position] & 0xff : 0;
        position++;
        return next % bound;
    }

    public boolean flag() {
        return below(2) == 1;
    }

    public <T> T oneOf(List<T> choices) {
        return choices.get(below(choices.size()));
    }

    /** Whatever has not been taken. */
    public byte[] rest() {
        return position >= data.length ? new byte[0] : Arrays.copyOfRange(data, position, data.length);
    }

    /** Malformed UTF-8 becomes U+FFFD: it is the same for every reader from then on. */
    public static String text(byte[] data) {
        return new String(data, StandardCharsets.UTF_8);
    }

    /** The seeds of a fuzz test and what it has found so far: the files below {@code <class>Inputs} beside it. */
    public static Stream<byte[]> seeds(Class<?> fuzzTest) {
        URL folder = fuzzTest.getResource(fuzzTest.getSimpleName() + "Inputs");
        if (folder == null) {
            throw new IllegalStateException("no seeds for " + fuzzTest.getSimpleName());
        }
        try (Stream<Path> files = Files.walk(Path.of(URI.create(folder.toString())))) {
            List<Path> all = files.filter(Files::isRegularFile).sorted().toList();
            return all.stream().map(FuzzInput::read);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
