package dev.chaperone.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes a replay for people to read. Everything recorded is written so that it cannot steer a terminal. */
public final class ReplayText {

    private static final int MAX_CELL = 60;
    private static final String INDENT = "            ";

    private final StringBuilder out = new StringBuilder();

    private ReplayText() {}

    /** The replay as text. */
    public static String of(Replay replay) {
        ReplayText text = new ReplayText();
        text.head(replay.summary());
        replay.steps().forEach(text::step);
        if (replay.truncated()) {
            text.line("(there is more than is shown here)");
        }
        return text.out.toString();
    }

    private void head(SessionSummary summary) {
        line("session " + summary.session() + " at " + summary.began());
        String who = summary.subject().isEmpty() ? "nobody authenticated" : summary.subject();
        String agent = summary.agent().isEmpty() ? "" : " through agent " + summary.agent();
        line("  " + who + agent + " on " + summary.upstream() + " (" + summary.protocol() + ", enforcer "
                + summary.enforcer() + ")");
        line("  " + summary.statements() + " operations " + effects(summary) + ", " + summary.rows() + " rows, "
                + summary.maskedValues() + " values masked, " + found(summary.detected())
                + (summary.end().isEmpty() ? "no end recorded" : "ended by " + summary.end()));
        line("");
    }

    private static String effects(SessionSummary summary) {
        List<String> parts = new ArrayList<>();
        summary.effects().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> parts.add(entry.getValue() + " "
                        + entry.getKey().name().replace("EFFECT_", "").toLowerCase(Locale.ROOT)));
        return parts.isEmpty() ? "" : "(" + String.join(", ", parts) + ")";
    }

    /** {@code "found 2 ssn, 1 phone, "}; empty when nothing was found. */
    private static String found(Map<String, Long> detected) {
        return detected.isEmpty()
                ? ""
                : detected.entrySet().stream()
                        .map(entry -> entry.getValue() + " " + entry.getKey())
                        .collect(Collectors.joining(", ", "found ", ", "));
    }

    private void step(ReplayStep step) {
        String time = String.format(Locale.ROOT, "%+10.3fs ", step.atMicros() / 1e6);
        if (step instanceof ReplayStep.Opened opened) {
            line(time + "connected from " + opened.clientAddress() + ", " + opened.transport());
        } else if (step instanceof ReplayStep.Authenticated who) {
            String agent = who.agent().isEmpty() ? "" : ", agent " + who.agent();
            line(time + "authenticated as " + who.subject() + agent + ", groups " + who.groups());
        } else if (step instanceof ReplayStep.Refused refused) {
            line(time + "refused, " + refused.code() + ": " + refused.message());
        } else if (step instanceof ReplayStep.Asked asked) {
            asked(time, asked);
        } else if (step instanceof ReplayStep.Saw saw) {
            saw(time, saw);
        } else if (step instanceof ReplayStep.Sent sent) {
            line(time + "#" + sent.request() + " sent " + sent.bytes() + " bytes of data"
                    + (sent.last() ? ", the last" : ""));
            sent.start().lines().forEach(text -> line(INDENT + "< " + text));
        } else if (step instanceof ReplayStep.Completed completed) {
            line(time + "#" + completed.request() + " " + completed.outcome() + " " + completed.code() + ", "
                    + completed.rows() + " rows, " + completed.bytes() + " bytes in "
                    + millis(completed.durationMicros()));
        } else if (step instanceof ReplayStep.Held held) {
            line(time + "#" + held.request() + " held for approval " + held.approval()
                    + (held.limit().isEmpty() ? "" : ", " + held.limit()));
        } else if (step instanceof ReplayStep.HoldEnded ended) {
            line(time + "#" + ended.request() + " " + ended.outcome() + " after " + millis(ended.waitedMicros())
                    + (ended.breakGlass() ? ", BY BREAK-GLASS" : "")
                    + (ended.words().isEmpty() ? "" : ": " + ended.words()));
            ended.votes()
                    .forEach(vote -> line(INDENT + vote.subject() + (vote.approve() ? " approved" : " denied")
                            + (vote.breakGlass() ? " by break-glass" : "") + ": " + vote.justification()));
        } else if (step instanceof ReplayStep.Closed closed) {
            line(time + "session closed: " + closed.cause());
        } else {
            line(time + step.kind());
        }
    }

    private void asked(String time, ReplayStep.Asked asked) {
        line(time + "#" + asked.request() + " asked");
        asked.operation().lines().forEach(text -> line(INDENT + "| " + text));
        for (int i = 0; i < asked.parameters().size(); i++) {
            String value = asked.parameters().get(i);
            line(INDENT + "  $" + (i + 1) + " = " + (value == null ? "NULL" : "'" + value + "'"));
        }
        line(INDENT + asked.effect().toUpperCase(Locale.ROOT)
                + (asked.effect().equals(asked.decided()) ? "" : " (the policy said " + asked.decided() + ")")
                + ", policy " + asked.policyVersion() + ", " + millis(asked.decisionMicros())
                + (asked.cached() ? ", cached" : ""));
        for (ReplayStep.Reason reason : asked.reasons()) {
            String citation = reason.citation().isEmpty() ? "" : " [" + reason.citation() + "]";
            line(INDENT + "  because " + reason.rule() + ": " + reason.text() + citation);
        }
        asked.masks().forEach((field, function) -> line(INDENT + "  mask " + field + " by " + function));
        if (!asked.detectors().isEmpty()) {
            line(INDENT + "  search for "
                    + asked.detectors().entrySet().stream()
                            .map(entry -> entry.getKey() + " (" + entry.getValue() + ")")
                            .collect(Collectors.joining(", ")));
        }
        String message = asked.message();
        if (message != null) {
            line(INDENT + "  told the client: " + message);
        }
    }

    private void saw(String time, ReplayStep.Saw saw) {
        line(time + "#" + saw.request() + " saw " + saw.rows() + " rows, " + saw.maskedValues() + " values masked, "
                + found(saw.detected()) + saw.bytes() + " bytes");
        TableView table = saw.table();
        if (table != null) {
            table(table);
        }
        saw.messages().forEach(message -> line(INDENT + message));
    }

    private void table(TableView table) {
        List<String> header = table.columns().stream().map(ReplayText::cell).toList();
        int[] widths = header.stream().mapToInt(ReplayText::width).toArray();
        List<List<String>> rows = new ArrayList<>();
        for (List<@Nullable String> row : table.rows()) {
            List<String> cells = new ArrayList<>(row.size());
            for (int i = 0; i < row.size(); i++) {
                String cell = cell(row.get(i));
                cells.add(cell);
                if (i < widths.length) {
                    widths[i] = Math.max(widths[i], width(cell));
                }
            }
            rows.add(cells);
        }
        row(header, widths);
        List<String> rule = new ArrayList<>();
        for (int width : widths) {
            rule.add("-".repeat(width));
        }
        line(INDENT + String.join("-+-", rule));
        rows.forEach(row -> row(row, widths));
        if (table.omitted() > 0) {
            line(INDENT + "(" + table.omitted() + " more rows)");
        }
    }

    private void row(List<String> cells, int[] widths) {
        StringBuilder text = new StringBuilder(INDENT);
        for (int i = 0; i < cells.size(); i++) {
            String cell = cells.get(i);
            text.append(i == 0 ? "" : " | ").append(cell);
            if (i < cells.size() - 1 && i < widths.length) {
                text.append(" ".repeat(Math.max(0, widths[i] - width(cell))));
            }
        }
        line(text.toString());
    }

    private static String cell(@Nullable String value) {
        if (value == null) {
            return "NULL";
        }
        String printable = Printable.line(value);
        return width(printable) <= MAX_CELL
                ? printable
                : printable.substring(0, printable.offsetByCodePoints(0, MAX_CELL - 1)) + "…";
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }

    private static String millis(long micros) {
        return String.format(Locale.ROOT, "%.1f ms", micros / 1000.0);
    }

    private void line(String text) {
        out.append(Printable.line(text)).append('\n');
    }
}
