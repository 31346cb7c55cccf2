package dev.chaperone.cli;

import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** On what somebody decides, and why: the options that consenting and refusing have in common. */
final class ApprovalsVerdict {

    @Parameters(paramLabel = "ID", description = "the approval's id")
    private String id = "";

    @Option(
            names = "--because",
            required = true,
            paramLabel = "WHY",
            description = "your justification; it is recorded, and the one who waits reads it")
    private String why = "";

    @Option(names = "--json", description = "print JSON")
    private boolean json;

    String id() {
        return id;
    }

    String why() {
        return why;
    }

    boolean json() {
        return json;
    }
}
