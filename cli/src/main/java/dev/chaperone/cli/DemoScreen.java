package dev.chaperone.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Shows what the database holds beside what the agent got, in the terminal's width. */
final class DemoScreen {

    private static final String INDENT = "   ";
    private static final String BETWEEN = "  │  ";
    private static final String HELD = "the database holds";
    private static final String GOT = "the agent got";
    private static final int MOST_CELL = 28;

    private final Terminal terminal;

    DemoScreen(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Begins a step. */
    void step(int number, DemoStep step) {
        line("");
        line(terminal.bold(number + ". " + step.title()));
        wrap(step.sql(), terminal.width() - INDENT.length() - 2)
                .forEach(text -> line(INDENT + terminal.dim("> ") + text));
        line("");
    }

    /** Rows beside rows, or one above the other where the terminal is too narrow. */
    void compare(DemoOutcome held, DemoOutcome got, Set<String> masked) {
        List<String> left = table(held, Set.of());
        List<String> right = got.refused() ? wrap(got.error(), half()) : table(got, masked);
        int width = left.stream().mapToInt(DemoScreen::visible).max().orElse(0);
        int other = right.stream().mapToInt(DemoScreen::visible).max().orElse(0);
        width = Math.max(width, HELD.length());
        if (INDENT.length() + width + BETWEEN.length() + other <= terminal.width()) {
            beside(left, right, width);
        } else {
            line(INDENT + terminal.dim(HELD));
            left.forEach(text -> line(INDENT + text));
            line(INDENT + terminal.dim(GOT));
            right.forEach(text -> line(INDENT + text));
        }
    }

    /** What the database still holds beside the error that the agent got. */
    void refusal(String held, DemoOutcome got) {
        String answer = got.refused() ? got.error() : "no error at all";
        int left = Math.min(half(), Math.max(HELD.length(), Text.width(held)));
        List<String> right = wrap(answer, terminal.width() - INDENT.length() - BETWEEN.length() - left);
        beside(wrap(held, left), right.stream().map(terminal::red).toList(), left);
    }

    /** A statement waits, and somebody decides. */
    void waits(String id, String who, String line) {
        line(INDENT + "the agent waits for approval " + terminal.yellow(id) + "; " + who + " types");
        wrap(line, terminal.width() - INDENT.length() - 2).forEach(text -> line(INDENT + terminal.dim("$ ") + text));
        line("");
    }

    /** What the database holds beside the rows that the agent got once somebody had consented. */
    void answer(String held, DemoOutcome got, Set<String> masked) {
        List<String> right = got.refused() ? wrap(got.error(), half()) : table(got, masked);
        int left = Math.min(half(), Math.max(HELD.length(), Text.width(held)));
        beside(wrap(held, left), right, left);
    }

    /** The step went as it must. */
    void passed(String what) {
        line(INDENT + terminal.green("✓ " + what));
    }

    /** The step did not. */
    void failed(String what) {
        line(INDENT + terminal.red("✗ " + what));
    }

    /** A line of its own. */
    void line(String text) {
        terminal.out().println(text);
    }

    private int half() {
        return (terminal.width() - INDENT.length() - BETWEEN.length()) / 2;
    }

    private void beside(List<String> left, List<String> right, int width) {
        line(INDENT + terminal.dim(Text.fit(HELD, width) + BETWEEN + GOT));
        for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
            String one = i < left.size() ? left.get(i) : "";
            String other = i < right.size() ? right.get(i) : "";
            line(INDENT + one + " ".repeat(Math.max(0, width - visible(one))) + terminal.dim(BETWEEN) + other);
        }
    }

    private List<String> table(DemoOutcome outcome, Set<String> highlighted) {
        int columns = outcome.columns().size();
        int[] widths = new int[columns];
        for (int column = 0; column < columns; column++) {
            widths[column] = Text.width(outcome.columns().get(column));
            for (List<@Nullable String> row : outcome.rows()) {
                widths[column] = Math.max(widths[column], Math.min(MOST_CELL, Text.width(shown(row.get(column)))));
            }
        }
        List<String> lines = new ArrayList<>();
        List<String> head = new ArrayList<>();
        for (int column = 0; column < columns; column++) {
            head.add(Text.fit(outcome.columns().get(column), widths[column]));
        }
        lines.add(terminal.bold(String.join("  ", head)));
        for (List<@Nullable String> row : outcome.rows()) {
            List<String> cells = new ArrayList<>();
            for (int column = 0; column < columns; column++) {
                String cell = Text.fit(shown(row.get(column)), widths[column]);
                cells.add(highlighted.contains(outcome.columns().get(column)) ? terminal.yellow(cell) : cell);
            }
            lines.add(String.join("  ", cells));
        }
        return lines;
    }

    private static String shown(@Nullable String cell) {
        return cell == null ? "NULL" : Text.printable(cell);
    }

    /** Columns that the text takes on the screen; colours take none. */
    private static int visible(String text) {
        return Text.width(text.replaceAll("\u001b\\[[0-9]*m", ""));
    }

    /** The text's lines, broken between words; a word longer than a line is broken too. */
    static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        int room = Math.max(20, width);
        for (String paragraph : text.split("\n", -1)) {
            String rest = Text.printable(paragraph);
            while (Text.width(rest) > room) {
                int limit = rest.offsetByCodePoints(0, room);
                int space = rest.lastIndexOf(' ', limit);
                int at = space > 0 ? space : limit;
                lines.add(rest.substring(0, at));
                rest = rest.substring(at).stripLeading();
            }
            lines.add(rest);
        }
        return lines;
    }
}
