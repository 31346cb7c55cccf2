package dev.chaperone.cli;

/** The process. Everything that can be tested is in {@link ChaperoneCommand}. */
public final class Main {

    private Main() {}

    /** Runs one command; ends the process with 0 for success, 1 for failure, 2 for a command line that makes no sense. */
    public static void main(String[] arguments) {
        System.exit(ChaperoneCommand.run(Terminal.system(), arguments));
    }
}
