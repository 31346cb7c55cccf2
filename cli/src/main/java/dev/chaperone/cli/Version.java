package dev.chaperone.cli;

import picocli.CommandLine;

/** What {@code --version} prints: Chaperone's version and the Java it runs on. */
final class Version implements CommandLine.IVersionProvider {

    /** Chaperone's own version; "development" outside a packaged build. */
    static String number() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "chaperone " + number(),
            "Java " + Runtime.version() + " on " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
        };
    }
}
