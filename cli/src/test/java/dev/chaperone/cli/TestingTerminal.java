package dev.chaperone.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;

/** A terminal whose screen can be read. */
final class TestingTerminal {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Terminal terminal;

    TestingTerminal(Map<String, String> environment, Path directory) {
        terminal = new Terminal(
                new PrintWriter(out, true), new PrintWriter(err, true), environment, directory, false, 100);
    }

    static TestingTerminal plain() {
        return new TestingTerminal(Map.of(), Path.of(""));
    }

    int run(String... arguments) {
        return ChaperoneCommand.run(terminal, arguments);
    }

    Terminal terminal() {
        return terminal;
    }

    String out() {
        return out.toString();
    }

    String err() {
        return err.toString();
    }
}
