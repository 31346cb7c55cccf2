package dev.chaperone.pdp.approval;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.flywaydb.core.Flyway;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.conf.Settings;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** The connections to the database of approvals, whose schema it brings up to date. */
final class Database implements AutoCloseable {

    private static final long CONNECT_MILLIS = 3_000;
    private static final String STATEMENT_MILLIS = "10000";

    private final ApprovalsConfig.Store config;
    private final int held;
    private volatile @Nullable EmbeddedStore embedded;
    private volatile @Nullable HikariDataSource pool;
    private volatile @Nullable DSLContext sql;

    /** @param held connections that are in use for long, beside those that the configuration gives to calls */
    Database(ApprovalsConfig.Store config, int held) {
        this.config = config;
        this.held = held;
        System.setProperty("org.jooq.no-logo", "true");
        System.setProperty("org.jooq.no-tips", "true");
        // A connection that has broken is not handed to a call, however recently it was used: that call would be
        // refused.
        System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "0");
    }

    /**
     * Connects, and migrates the schema; replicas that start together wait for one another.
     *
     * @throws ApprovalException when the database cannot be reached or used
     */
    void start() {
        ApprovalsConfig.Store store = config;
        if (store.url() == null) {
            EmbeddedStore own = EmbeddedStore.start(config.directory());
            embedded = own;
            store = own.store(config.connections());
        }
        try {
            HikariDataSource started = new HikariDataSource(pool(store));
            pool = started;
            Flyway.configure()
                    .dataSource(started)
                    .locations("classpath:dev/chaperone/pdp/approval/migrations")
                    .table("chaperone_migrations")
                    .validateMigrationNaming(true)
                    .load()
                    .migrate();
            // Statements carry what people ask for: none of them is logged.
            sql = DSL.using(started, SQLDialect.POSTGRES, new Settings().withExecuteLogging(false));
        } catch (RuntimeException e) {
            close();
            throw new ApprovalException(
                    Problem.UNAVAILABLE,
                    "the database of approvals cannot be used: " + e.getMessage() + "; check `approvals.store`",
                    e);
        }
    }

    private HikariConfig pool(ApprovalsConfig.Store store) {
        HikariConfig hikari = new HikariConfig();
        hikari.setPoolName("chaperone-approvals");
        hikari.setJdbcUrl(store.url());
        hikari.setUsername(store.user());
        if (store.password() != null) {
            hikari.setPassword(store.password().value());
        }
        hikari.setMaximumPoolSize(store.connections() + held);
        hikari.setMinimumIdle(1);
        hikari.setConnectionTimeout(CONNECT_MILLIS);
        hikari.setAutoCommit(true);
        hikari.addDataSourceProperty("ApplicationName", "chaperone-approvals");
        hikari.addDataSourceProperty("options", "-c statement_timeout=" + STATEMENT_MILLIS + " -c lock_timeout=5000");
        hikari.addDataSourceProperty("tcpKeepAlive", "true");
        hikari.addDataSourceProperty("connectTimeout", "5");
        hikari.addDataSourceProperty("socketTimeout", "20");
        hikari.addDataSourceProperty("reWriteBatchedInserts", "true");
        return hikari;
    }

    /** Runs something in one transaction. */
    <T> T transaction(Function<DSLContext, T> work) {
        return guarded(() -> sql().transactionResult(transaction -> work.apply(transaction.dsl())));
    }

    /** Runs one statement. */
    <T> T read(Function<DSLContext, T> work) {
        return guarded(() -> work.apply(sql()));
    }

    private static <T> T guarded(Supplier<T> work) {
        try {
            return work.get();
        } catch (DataAccessException e) {
            if (e.getCause() instanceof ApprovalException refused) {
                throw refused;
            }
            throw new ApprovalException(
                    Problem.UNAVAILABLE, "the database of approvals does not answer; try again later", e);
        }
    }

    /** A connection of one's own, to be closed. */
    Connection connection() throws SQLException {
        HikariDataSource started = pool;
        if (started == null) {
            throw new SQLException("the database of approvals is not open");
        }
        return started.getConnection();
    }

    /** Gives up a connection that broke, so that nobody gets it again. */
    void evict(Connection connection) {
        HikariDataSource started = pool;
        if (started != null) {
            started.evictConnection(connection);
        }
    }

    private DSLContext sql() {
        DSLContext started = sql;
        if (started == null) {
            throw new ApprovalException(Problem.UNAVAILABLE, "approvals are not kept yet, or not any more");
        }
        return started;
    }

    @Override
    public void close() {
        sql = null;
        HikariDataSource started = pool;
        if (started != null) {
            pool = null;
            started.close();
        }
        EmbeddedStore own = embedded;
        if (own != null) {
            embedded = null;
            own.close();
        }
    }
}
