package dev.chaperone.testkit.conformance;

/**
 * Where something that speaks PostgreSQL's protocol listens, and who to be there.
 *
 * @param tls true to encrypt the connection; certificates are not verified, nothing secret is at stake in a test
 */
public record Endpoint(String host, int port, String database, String user, String password, boolean tls) {

    /** Does not show the password. */
    @Override
    public String toString() {
        return user + "@" + host + ":" + port + "/" + database;
    }
}
