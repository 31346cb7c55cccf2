package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.sql.Connection;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When the catalog is read anew, and when it is not. */
class WatchedCatalogIT {

    private static final String DATABASE = "watched";

    private static PostgresBackend backend;

    private final AtomicInteger opened = new AtomicInteger();
    private CatalogService service;

    @BeforeAll
    static void start() {
        backend = Backends.postgres();
        backend.createDatabase(DATABASE);
        backend.executeIn(
                DATABASE,
                "create table things (id int primary key, a text, b text)",
                "create table parent (id int)",
                "create table child (id int)",
                "create table written (id int)",
                "create domain short as text",
                "create view seen as select a from things",
                "create function own() returns trigger language plpgsql as 'begin return new; end'");
    }

    @AfterAll
    static void stop() {
        backend.close();
    }

    @BeforeEach
    void watch() throws Exception {
        opened.set(0);
        service = CatalogService.start(
                new CatalogLoader(DATABASE, FunctionChoice.NONE, () -> {
                    opened.incrementAndGet();
                    return backend.connect(DATABASE);
                }),
                Duration.ofHours(1));
        now();
        opened.set(0);
    }

    @AfterEach
    void end() {
        service.close();
    }

    private CatalogSnapshot now() throws Exception {
        return get(service.asOf(System.nanoTime()));
    }

    private static CatalogSnapshot get(CompletionStage<CatalogSnapshot> asked) throws Exception {
        return asked.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alter table things rename a to c; alter table things rename c to a",
                "alter table child inherit parent; alter table child no inherit parent",
                "alter table things add check (a <> 'x')",
                "create trigger t before insert on things for each row execute function own()",
                "create index on things (lower(a))",
                "alter table things alter b set default 'b'",
                "create or replace view seen as select a from things where id > 1",
                "alter domain short add check (value <> 'x')",
                "create function fresh() returns int language sql as 'select 1'",
                "alter schema public rename to renamed; alter schema renamed rename to public",
                "create schema another",
                "do $$ begin alter table things add d int; exception when others then null; end $$"
            })
    void aChangeOfTheSchemaIsSeenAtOnce(String change) throws Exception {
        backend.executeIn(DATABASE, change);
        now();
        assertThat(opened).hasValue(1);
        now();
        assertThat(opened).hasValue(1);
    }

    @Test
    void whatIsWrittenToTablesIsNoReasonToReadItAnew() throws Exception {
        long version = service.current().version();
        for (int i = 0; i < 50; i++) {
            backend.executeIn(
                    DATABASE,
                    "insert into written values (" + i + ")",
                    "create temp table passing (id int primary key, note text default 'x', check (id > 0))",
                    "create temp view passing_view as select * from passing");
            assertThat(now().version()).isEqualTo(version);
        }
        backend.executeIn(DATABASE, "analyze written", "vacuum written");
        assertThat(now().version()).isEqualTo(version);
        assertThat(opened).hasValue(0);
    }

    @Test
    void aTransactionThatWentOnWhenTheCatalogWasReadIsSeenWhenItEnds() throws Exception {
        try (Connection other = backend.connect(DATABASE);
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            Savepoint savepoint = other.setSavepoint();
            statement.execute("create table pending (id int)");
            other.releaseSavepoint(savepoint);
            // Younger ones end, and the catalog is read anew while the older one goes on.
            backend.executeIn(DATABASE, "create table younger (id int)", "drop table younger");
            now();
            int before = opened.get();
            assertThat(now().relation("public", "pending")).isNull();
            assertThat(opened).hasValue(before);
            other.commit();
            assertThat(now().relation("public", "pending")).isNotNull();
            statement.execute("drop table pending");
            other.rollback();
            assertThat(now().relation("public", "pending")).isNotNull();
            statement.execute("drop table pending");
            other.commit();
            assertThat(now().relation("public", "pending")).isNull();
        }
    }

    @Test
    void whoAsksAtTheSameTimeSharesOneLook() throws Exception {
        long since = System.nanoTime();
        CatalogSnapshot found = get(service.asOf(since));
        assertThat(service.asOf(since).toCompletableFuture()).isCompletedWithValue(found);
        assertThat(get(service.recent())).isSameAs(found);
    }

    @Test
    void aConnectionThatWasLostIsOpenedAnew() throws Exception {
        backend.executeIn(
                DATABASE,
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = '"
                        + DATABASE + "'");
        assertThat(now()).isSameAs(service.current());
        assertThat(opened).hasValue(1);
    }

    @Test
    void whoCannotLookDoesNotSayThatNothingHasChanged() {
        service.close();
        assertThatThrownBy(this::now).hasMessageContaining("closed");
    }
}
