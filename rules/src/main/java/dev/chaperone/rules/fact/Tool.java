package dev.chaperone.rules.fact;

/**
 * The tool of an MCP operation.
 *
 * @param server configured name of the MCP server
 * @param name tool name
 * @param fingerprint SHA-256 of the tool's definition as last approved, hexadecimal
 * @param readOnlyHint whether the server declares that the tool changes nothing; the server's word, not proof
 * @param destructiveHint whether the server declares that the tool may destroy, or does not say
 */
public record Tool(
        @Readable("resource.tool") String server,
        @Readable("resource.tool") String name,
        @Readable("resource.tool") String fingerprint,
        @Readable("resource.tool") boolean readOnlyHint,
        @Readable("resource.tool") boolean destructiveHint)
        implements Fact, Target {
    @Override
    public String label() {
        return server + "/" + name;
    }
}
