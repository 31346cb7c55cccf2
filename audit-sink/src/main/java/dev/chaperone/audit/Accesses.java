package dev.chaperone.audit;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.chaperone.audit.v1.EvidenceAccess;
import dev.chaperone.audit.v1.SearchSessionsRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads who asked for what of a ledger, and whether anybody has altered that: each line names the one before. That the newest
 * lines are all there it cannot show, nor that nobody has written the whole file anew.
 */
public final class Accesses {

    private static final int MOST_PROBLEMS = 100;

    private Accesses() {}

    /**
     * What reading has shown.
     *
     * @param accesses how many there are
     * @param cutOff lines that a crash has cut off before anything was answered
     * @param problems places at which a line does not follow the one before, the first 100
     */
    public record Report(long accesses, long cutOff, List<String> problems) {

        public Report {
            problems = List.copyOf(problems);
        }

        /** Whether each line follows the one before. */
        public boolean ok() {
            return problems.isEmpty();
        }
    }

    /**
     * Reads the record of a ledger's directory, a line at a time.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static Report read(Path ledger, Consumer<EvidenceAccess> each) {
        Path file = ledger.resolve(AccessLog.FILE);
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    "`" + file + "` is not there: nobody has asked a sink of this ledger for anything");
        }
        long accesses = 0;
        long cutOff = 0;
        List<String> problems = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            String previous = "";
            long number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                EvidenceAccess.Builder access = EvidenceAccess.newBuilder();
                if (parses(line, access)) {
                    accesses++;
                    if (!access.getPrevious().equals(previous) && problems.size() < MOST_PROBLEMS) {
                        problems.add("line " + number + " does not follow the line before it: something was altered or"
                                + " taken out");
                    }
                    each.accept(access.build());
                } else {
                    cutOff++;
                }
                previous = AccessLog.sha256(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("`" + file + "` cannot be read", e);
        }
        return new Report(accesses, cutOff, problems);
    }

    private static boolean parses(String line, EvidenceAccess.Builder access) {
        try {
            JsonFormat.parser().merge(line, access);
            return true;
        } catch (InvalidProtocolBufferException e) {
            return false;
        }
    }

    /** An access in one line, in which nothing can steer a terminal. */
    public static String text(EvidenceAccess access) {
        StringBuilder text = new StringBuilder()
                .append(SummaryBuilder.instant(access.getAt()))
                .append("  ")
                .append(access.getSubject())
                .append(" of ")
                .append(access.getIssuer())
                .append(": ")
                .append(access.getQuestion());
        if (!access.getSessionId().isEmpty()) {
            text.append(" of session ").append(access.getSessionId());
        }
        if (access.hasSearch()) {
            text.append(conditions(access.getSearch()));
        }
        if (!access.getPurpose().isEmpty()) {
            text.append(", for ").append(access.getPurpose());
        }
        return Printable.line(
                text.append(", through ").append(access.getClient()).toString());
    }

    private static String conditions(SearchSessionsRequest search) {
        StringBuilder text = new StringBuilder();
        if (search.hasScope()) {
            text.append(" within those of ").append(search.getScope().getSubject());
        }
        condition(text, "subject", search.getSubject());
        condition(text, "agent", search.getAgent());
        condition(text, "resource", search.getResource());
        return text.toString();
    }

    private static void condition(StringBuilder text, String name, String value) {
        if (!value.isEmpty()) {
            text.append(' ').append(name).append(" `").append(value).append('`');
        }
    }
}
