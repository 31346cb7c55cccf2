package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.CatalogLoader;
import dev.chaperone.postgres.analysis.CatalogService;
import dev.chaperone.postgres.analysis.FunctionList;
import dev.chaperone.proto.ErrorCode;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A guarded database at work: how it is reached, its catalog, and what is known of the statements that it analysed. */
final class Upstream implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Upstream.class);
    private static final Duration CATALOG_PATIENCE = Duration.ofSeconds(10);

    private final String name;
    private final PostgresConfig.Upstream config;
    private final UpstreamJdbc jdbc;
    private final UpstreamConnector connector;
    private final CatalogService catalog;
    private final Analyses analyses;
    private final List<String> roleExcesses;

    private Upstream(
            String name,
            PostgresConfig.Upstream config,
            UpstreamJdbc jdbc,
            UpstreamConnector connector,
            CatalogService catalog,
            List<String> roleExcesses) {
        this.name = name;
        this.config = config;
        this.jdbc = jdbc;
        this.connector = connector;
        this.catalog = catalog;
        this.analyses = new Analyses(catalog);
        this.roleExcesses = roleExcesses;
    }

    /**
     * Checks the enforcer's role in the database and reads its catalog. Blocks until both are done.
     *
     * @param name what policies and records call the database
     * @throws EnforcementException when the database cannot be reached, or the role may do more than the configuration allows
     */
    static Upstream start(String name, PostgresConfig.Upstream config, PostgresConfig.Bounds bounds) {
        UpstreamConnector connector = new UpstreamConnector(name, config, bounds);
        UpstreamJdbc jdbc = new UpstreamJdbc(config, bounds);
        List<String> roleExcesses;
        try (Connection connection = jdbc.open()) {
            roleExcesses = RoleCheck.check(connection, name, config);
            RoleCheck.report(connection, name, config, roleExcesses);
        } catch (SQLException e) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE,
                    "upstream `" + name + "` at " + config.host() + ":" + config.port()
                            + " does not let the enforcer in: " + e.getMessage(),
                    e);
        }
        CatalogService catalog;
        try {
            CatalogLoader loader = new CatalogLoader(name, config.functions().choice(), jdbc::open);
            catalog = CatalogService.start(loader, CATALOG_PATIENCE);
        } catch (IllegalStateException e) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE,
                    "the catalog of upstream `" + name + "` cannot be read: " + e.getMessage(),
                    e);
        }
        Upstream upstream = new Upstream(name, config, jdbc, connector, catalog, roleExcesses);
        upstream.checkFunctions(catalog.current().functions());
        return upstream;
    }

    private void checkFunctions(FunctionList functions) {
        for (String entry : config.functions().allow()) {
            requireFunction("allow", entry, functions);
        }
        for (String entry : config.functions().refuse()) {
            requireFunction("refuse", entry, functions);
        }
        if (!functions.trusted().isEmpty()) {
            LOG.warn(
                    "functions of upstream `{}` that may, as configured, be called though nobody looks at what they do: {}",
                    name,
                    String.join(", ", functions.trusted()));
        }
    }

    private void requireFunction(String key, String entry, FunctionList functions) {
        if (functions.unknown().contains(entry)) {
            close();
            List<String> similar = functions.similar(entry);
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE,
                    "`functions." + key + "` of upstream `" + name + "` has `" + entry
                            + "`, which is no function of database `"
                            + config.database() + "`"
                            + (similar.isEmpty() ? "" : "; there is " + String.join(", ", similar)));
        }
    }

    /** What policies and records call the database. */
    String name() {
        return name;
    }

    /** What the configuration says of it. */
    PostgresConfig.Upstream config() {
        return config;
    }

    /** What the enforcer's role in it may do beyond an enforcer's needs, as the configuration allows. */
    List<String> roleExcesses() {
        return roleExcesses;
    }

    /** Opens connections for sessions. */
    UpstreamConnector connector() {
        return connector;
    }

    /** What its statements touch. */
    Analyses analyses() {
        return analyses;
    }

    /** How the hop towards it is protected, for the record. */
    String transport() {
        return switch (config.tls()) {
            case DISABLE -> "plaintext";
            case REQUIRE -> "TLS, certificate not verified";
            case VERIFY_FULL -> "TLS, certificate verified";
        };
    }

    /**
     * Whether it answers, and lets the enforcer's role do no more than is allowed. Blocks for at most the connect timeout.
     *
     * @throws EnforcementException saying what is wrong
     */
    void check(Duration most) {
        try (Connection connection = jdbc.open()) {
            if (!connection.isValid((int) Math.max(1, most.toSeconds()))) {
                throw new EnforcementException(
                        ErrorCode.UPSTREAM_UNAVAILABLE, "upstream `" + name + "` does not answer");
            }
            RoleCheck.check(connection, name, config);
        } catch (SQLException e) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE, "upstream `" + name + "` cannot be reached: " + e.getMessage(), e);
        }
    }

    /** Stops refreshing what is known of it; open connections stay. */
    @Override
    public void close() {
        catalog.close();
    }
}
