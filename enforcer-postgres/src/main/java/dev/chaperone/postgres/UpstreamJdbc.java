package dev.chaperone.postgres;

import dev.chaperone.proto.Secret;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Opens JDBC connections to the database for the enforcer's own purposes: its catalog and its role. They block. */
final class UpstreamJdbc {

    private final PostgresConfig.Upstream upstream;
    private final PostgresConfig.Bounds bounds;

    UpstreamJdbc(PostgresConfig.Upstream upstream, PostgresConfig.Bounds bounds) {
        this.upstream = upstream;
        this.bounds = bounds;
    }

    Connection open() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", upstream.user());
        Secret password = upstream.password();
        if (password != null) {
            properties.setProperty("password", password.value());
        }
        properties.setProperty("requireAuth", upstream.allowTrust() ? "scram-sha-256,none" : "scram-sha-256");
        properties.setProperty("ApplicationName", "chaperone");
        String seconds = Long.toString(Math.max(1, bounds.connectTimeout().toSeconds()));
        properties.setProperty("connectTimeout", seconds);
        properties.setProperty("loginTimeout", seconds);
        switch (upstream.tls()) {
            case DISABLE -> properties.setProperty("sslmode", "disable");
            case REQUIRE -> properties.setProperty("sslmode", "require");
            case VERIFY_FULL -> {
                properties.setProperty("sslmode", "verify-full");
                if (upstream.ca() != null) {
                    properties.setProperty("sslrootcert", upstream.ca().toString());
                } else {
                    properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
                }
            }
        }
        String host = upstream.host();
        if (Transport.address(host, upstream.port()) instanceof UnixDomainSocketAddress socket) {
            properties.setProperty("socketFactory", UnixSocketFactory.class.getName());
            properties.setProperty("socketFactoryArg", socket.getPath().toString());
            host = "localhost"; // pgjdbc wants one
        }
        String shown = host.indexOf(':') < 0 ? host : '[' + host + ']';
        return DriverManager.getConnection(
                "jdbc:postgresql://" + shown + ':' + upstream.port() + '/' + encoded(upstream.database()), properties);
    }

    private static String encoded(String database) {
        return URLEncoder.encode(database, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
