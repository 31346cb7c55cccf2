package dev.chaperone.testkit.conformance;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Looks for secrets, in all of their forms at once, in what a client received. Immutable. */
public final class CanaryScan {

    /** Shortest form that is looked for. */
    static final int SHORTEST = 5;

    /** Values of one byte or number in a row that may spell something. */
    private static final int FEWEST = 3;

    private record Form(byte[] bytes, String canary, String what) {}

    /**
     * A secret that was found.
     *
     * @param canary its name
     * @param form the form it was in
     */
    public record Hit(String canary, String form) implements Comparable<Hit> {
        @Override
        public int compareTo(Hit other) {
            return toString().compareTo(other.toString());
        }

        @Override
        public String toString() {
            return canary + " (" + form + ")";
        }
    }

    private final Map<Integer, List<Form>> forms = new HashMap<>();
    private final BitSet starts = new BitSet(1 << 20);

    /** Looks for these. */
    public CanaryScan(Collection<Canary> canaries) {
        for (Canary canary : canaries) {
            CanaryForms.of(canary, (bytes, what) -> add(new Form(bytes, canary.name(), what)));
        }
    }

    private void add(Form form) {
        int start = start(form.bytes(), 0);
        starts.set(slot(start));
        forms.computeIfAbsent(start, any -> new ArrayList<>()).add(form);
    }

    /** Every secret in the bytes, and in what the rows among them spell when they are read downwards or across. */
    public Set<Hit> scan(Received received) {
        Set<Hit> hits = new TreeSet<>();
        scan(received.bytes(), hits);
        spelled(received).forEach(text -> scan(text, hits));
        return hits;
    }

    /** Every secret in the bytes. */
    void scan(byte[] bytes, Set<Hit> hits) {
        for (int i = 0; i + SHORTEST <= bytes.length; i++) {
            int start = start(bytes, i);
            if (starts.get(slot(start))) {
                for (Form form : forms.getOrDefault(start, List.of())) {
                    int end = i + form.bytes().length;
                    if (end <= bytes.length && Arrays.equals(bytes, i, end, form.bytes(), 0, form.bytes().length)) {
                        hits.add(new Hit(form.canary(), form.what()));
                    }
                }
            }
        }
    }

    private static List<byte[]> spelled(Received received) {
        List<List<byte @Nullable []>> rows = received.rows();
        List<byte[]> texts = new ArrayList<>();
        if (rows.isEmpty()) {
            return texts;
        }
        ByteArrayOutputStream across = new ByteArrayOutputStream();
        Map<Integer, ByteArrayOutputStream> downwards = new HashMap<>();
        Map<Integer, ByteArrayOutputStream> characters = new HashMap<>();
        for (List<byte @Nullable []> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                byte[] value = row.get(column);
                if (value != null) {
                    across.writeBytes(value);
                    downwards
                            .computeIfAbsent(column, any -> new ByteArrayOutputStream())
                            .writeBytes(value);
                    characters
                            .computeIfAbsent(column, any -> new ByteArrayOutputStream())
                            .write(character(value));
                }
            }
        }
        texts.add(across.toByteArray());
        downwards.values().forEach(text -> texts.add(text.toByteArray()));
        characters.values().stream()
                .filter(text -> text.size() >= FEWEST)
                .forEach(text -> texts.add(text.toByteArray()));
        return texts;
    }

    /** The character that a value may stand for by its code, in decimal or as a binary integer; 0 for none. */
    private static int character(byte[] value) {
        long code = 0;
        if (value.length <= FEWEST && new String(value, StandardCharsets.ISO_8859_1).matches("[0-9]+")) {
            code = Long.parseLong(new String(value, StandardCharsets.ISO_8859_1));
        } else if (value.length == Integer.BYTES) {
            code = ByteBuffer.wrap(value).getInt();
        } else if (value.length == Long.BYTES) {
            code = ByteBuffer.wrap(value).getLong();
        }
        return code > 0 && code < 256 ? (int) code : 0;
    }

    private static int start(byte[] bytes, int from) {
        return (bytes[from] & 0xff) << 24
                | (bytes[from + 1] & 0xff) << 16
                | (bytes[from + 2] & 0xff) << 8
                | bytes[from + 3] & 0xff;
    }

    private static int slot(int start) {
        int mixed = start * 0x9E3779B1;
        return mixed >>> 12;
    }
}
