package dev.chaperone.cli;

/** Text that comes from elsewhere, made fit for a terminal. */
final class Text {

    private Text() {}

    /** The text with control and formatting characters replaced, so that it can neither steer a terminal nor hide. */
    static String printable(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            int type = Character.getType(point);
            boolean plain = !Character.isISOControl(point)
                    && type != Character.FORMAT
                    && type != Character.SURROGATE
                    && type != Character.UNASSIGNED;
            out.appendCodePoint(plain ? point : '\ufffd');
        });
        return out.toString();
    }

    /** Columns that the text takes; each character one. */
    static int width(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The text in exactly so many columns: filled with spaces, or cut with an ellipsis. */
    static String fit(String text, int columns) {
        int width = width(text);
        if (width <= columns) {
            return text + " ".repeat(columns - width);
        }
        return columns < 1 ? "" : text.substring(0, text.offsetByCodePoints(0, columns - 1)) + "…";
    }
}
