package dev.chaperone.pdp.console;

/** Measures what WCAG 2.1 (1.4.3) asks for, in the page itself. */
final class ConsoleContrast {

    /** A script that returns the least contrast between a text that is shown and the colour behind it. */
    static final String LEAST = """
            const channel = (value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
            const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
            const luminance = ([r, g, b]) =>
              0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
            const ground = (element) => {
              for (let at = element; at; at = at.parentElement) {
                const colour = parse(getComputedStyle(at).backgroundColor);
                if (colour.length < 4 || colour[3] > 0) {
                  return colour;
                }
              }
              throw new Error('no ground');
            };
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            let least = 21;
            while (texts.nextNode()) {
              const element = texts.currentNode.parentElement;
              if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.tagName === 'NOSCRIPT') {
                continue;
              }
              const [one, other] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
              least = Math.min(least, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
            }
            return least;
            """;

    private ConsoleContrast() {}
}
