package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.postgres.AskedAgainIT.Way;
import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What other sessions change of the schema is known when the next statement is decided on. */
class CatalogChangesIT {

    private static final String READ = "select id, note from visits";
    private static final String SECRET = "diagnosis";

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "drop table if exists visits, labelled, heirs, logged",
                "drop function if exists noted()",
                "create table visits (id int, note text) partition by range (id)",
                "create table visits_1 partition of visits for values from (1) to (10)",
                "create table visits_2 partition of visits for values from (10) to (100) partition by range (id)",
                "insert into visits values (1, 'open')",
                "create table labelled (id int, note text)",
                "insert into labelled values (20, '" + SECRET + "')",
                "create table heirs (id int, note text)",
                "insert into heirs values (1, 'open')",
                "create table logged (id int)",
                "create function noted() returns trigger language plpgsql as 'begin return new; end'",
                "grant select on visits, heirs to gateway",
                "grant insert on logged to gateway");
        gateway.decisions.policy(CatalogChangesIT::decide);
        gateway.decisions.keep();
        gateway.holds.open();
    }

    private static Decision decide(DecideRequest request) {
        if (request.getResource().toString().contains("public.labelled")) {
            return deny("labelled");
        }
        return request.getResource().getFunctionsList().isEmpty() ? permit() : deny("unknown function");
    }

    /** The labelled table becomes part of what the agent may read. */
    private static void attach() {
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "drop table visits_2",
                "alter table visits attach partition labelled for values from (20) to (30)");
    }

    private static void attachFurtherDown() {
        gateway.backend.executeIn(
                Gateway.DATABASE, "alter table visits_2 attach partition labelled for values from (20) to (30)");
    }

    @Test
    void aPartitionThatIsAttachedIsKnownToTheNextNewStatement() throws IOException {
        try (RawClient client = login()) {
            assertOpen(client, query(READ));
            attachFurtherDown();
            assertRefused(client, query("select v.id, v.note from visits v"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatWasPermittedBeforeIsNotDeliveredWithAPartitionThatWasAttachedSince(Way way) throws IOException {
        try (RawClient client = login()) {
            for (int i = 0; i < 4; i++) {
                assertOpen(client, i == 0 ? way.first(READ) : way.again(READ));
            }
            attach();
            assertRefused(client, way.again(READ));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPartitionFurtherDownIsKnownSoonToWhatWasPermittedBefore(Way way) throws IOException {
        try (RawClient client = login()) {
            for (int i = 0; i < 4; i++) {
                assertOpen(client, i == 0 ? way.first(READ) : way.again(READ));
            }
            attachFurtherDown();
            Eventually.holds(() -> {
                client.raw(way.again(READ));
                return tags(client.until("Z")).contains("E");
            });
        }
    }

    @Test
    void aChildThatInheritsIsKnownToTheNextStatement() throws IOException {
        try (RawClient client = login()) {
            assertOpen(client, query("select id, note from heirs"));
            gateway.backend.executeIn(Gateway.DATABASE, "alter table labelled inherit heirs");
            assertRefused(client, query("select id, note from heirs"));
            assertRefused(client, query("select note from heirs where id > 3"));
        }
    }

    @Test
    void aSessionWhoseTransactionSeesTheOldStateDoesNotGetTheNewRows() throws IOException {
        try (RawClient client = login()) {
            client.raw(query("begin isolation level repeatable read"));
            client.until("Z");
            assertThat(text(ask(client, query("select count(*) from heirs")))).contains("1");
            attachFurtherDown();
            assertRefused(client, query(READ));
        }
    }

    @Test
    void aChangeThatIsNotCommittedYetIsNoneAndThenIsOne() throws Exception {
        try (RawClient client = login();
                var other = gateway.backend.connect(Gateway.DATABASE);
                var statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("alter table visits_2 attach partition labelled for values from (20) to (30)");
            var savepoint = other.setSavepoint();
            statement.execute("create table further (id int)");
            other.rollback(savepoint);
            assertOpen(client, query(READ));
            // Others end in between, so that the catalog is looked at while this one goes on.
            gateway.backend.executeIn(Gateway.DATABASE, "insert into numbers values (0)", "create table between1 ()");
            assertOpen(client, query("select note, id from visits"));
            gateway.backend.executeIn(Gateway.DATABASE, "drop table between1");
            other.commit();
            assertRefused(client, query("select id, note, 1 from visits"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            value = {
                "alter table people rename ssn to x|select x from people",
                "alter table people rename ssn to x|select p.b from people p(a, b)",
                "alter table people rename ssn to x|select x from people_seen",
                "alter table people rename ssn to x|select tail from people",
                "alter table people rename ssn to x; alter table people rename x to y|select y from people",
                "alter table people rename ssn to x; alter table people rename to persons|select x from persons",
                "alter table people rename to persons|select ssn from persons",
                "alter table people set schema other|select ssn from other.people",
                "alter table people rename to persons|select ssn from persons_1"
            },
            delimiter = '|')
    void aLabelIsNotLostByAnotherName(String change, String sql) throws IOException {
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "drop view if exists people_seen",
                "drop table if exists other.people, people, persons, persons_1 cascade",
                "create table people (id int, ssn text, tail text generated always as (right(ssn, 4)) stored)",
                "create table persons_1 () inherits (people)",
                "create view people_seen as select id, ssn as x from people",
                "insert into people values (1, '" + SECRET + "')",
                "grant select on people, persons_1, people_seen to gateway");
        gateway.decisions.policy(request -> request.getResource().toString().matches("(?s).*\"(ssn|public.people)\".*")
                ? deny("labelled")
                : permit());
        try (RawClient client = login()) {
            assertRefused(client, query("select ssn from people"));
            for (String part : change.split("; ")) {
                gateway.backend.executeIn(Gateway.DATABASE, part.replace("rename ssn", "rename column ssn"));
                client.raw(query("select id, 1 from numbers where n < 0")); // any new statement
                client.until("Z");
            }
            assertRefused(client, query(sql));
        }
    }

    @Test
    void aViewOverARenamedColumnCanBeRead() throws IOException {
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "create view heirs_seen as select id, note from heirs",
                "alter table heirs rename note to remark",
                "grant select on heirs_seen to gateway");
        try (RawClient client = login()) {
            assertOpen(client, query("select note from heirs_seen"));
        } finally {
            gateway.backend.executeIn(Gateway.DATABASE, "drop view heirs_seen");
        }
    }

    @Test
    void aTriggerThatWasMadeSinceIsUpToThePolicy() throws IOException {
        try (RawClient client = login()) {
            client.raw(query("insert into logged values (1)"));
            assertThat(tags(client.until("Z"))).isEqualTo("CZ");
            gateway.backend.executeIn(
                    Gateway.DATABASE,
                    "create trigger noting before insert on logged for each row execute function noted()");
            client.raw(query("insert into logged values (2)"));
            assertThat(tags(client.until("Z"))).isEqualTo("EZ");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', '', TDDCZ",
        "'', explain (analyze) , DCZ",
        "'', create temp table held as , CZ",
        "begin, declare c cursor for , CZ",
        "prepare held as, execute held, TDDCZ",
        "prepare held as, explain execute held, DCZ",
        "prepare held as, create temp table held as execute held, CZ",
    })
    void whatPeopleGrantIsWhatTheyWereAskedAbout(String before, String words, String answer) throws Exception {
        gateway.decisions.policy(request -> request.getResource().toString().contains("visits") ? hold() : permit());
        boolean prepares = before.startsWith("prepare");
        String ask = prepares ? words : words + ' ' + READ;
        try (RawClient client = login()) {
            if (!before.isEmpty()) {
                assertThat(tags(ask(client, query(prepares ? before + ' ' + READ : before))))
                        .isEqualTo("CZ");
            }
            client.raw(query(ask));
            TestingHolds.Asked asked = gateway.holds.await();
            attachFurtherDown();
            asked.grant();
            assertThat(tags(client.until("Z"))).endsWith("EZ").doesNotContain("D");
            assertThat(tags(ask(client, query("rollback")))).endsWith("CZ");
            if (!before.isEmpty() && !prepares) {
                ask(client, query(before));
            }
            client.raw(query(ask));
            gateway.holds.await().grant();
            assertThat(tags(client.until("Z"))).endsWith(answer);
        }
    }

    @Test
    void whatChangesElsewhereIsNoReasonToRefuse() throws Exception {
        gateway.decisions.policy(request -> request.getResource().toString().contains("visits") ? hold() : permit());
        try (RawClient client = login()) {
            client.raw(query(READ));
            TestingHolds.Asked asked = gateway.holds.await();
            gateway.backend.executeIn(
                    Gateway.DATABASE, "create table elsewhere (id int)", "drop table elsewhere", "analyze visits_1");
            asked.grant();
            assertThat(tags(client.until("Z"))).endsWith("TDCZ");
        }
        gateway.decisions.policy(CatalogChangesIT::decide);
        gateway.decisions.keep();
        try (RawClient client = login()) {
            for (int i = 0; i < 4; i++) {
                assertOpen(client, i == 0 ? Way.NAMED.first(READ) : Way.NAMED.again(READ));
                gateway.backend.executeIn(
                        Gateway.DATABASE, "create table elsewhere (id int)", "drop table elsewhere", "analyze visits");
            }
        }
    }

    private static Decision hold() {
        return Decision.newBuilder()
                .setEffect(Effect.EFFECT_HOLD)
                .addObligations(Obligation.newBuilder().setHold(HoldTerms.getDefaultInstance()))
                .setPolicyVersion("testing-1")
                .build();
    }

    private static List<Message> ask(RawClient client, byte[] request) throws IOException {
        client.raw(request);
        return client.until("Z");
    }

    private static void assertOpen(RawClient client, byte[] request) throws IOException {
        assertThat(text(ask(client, request))).contains("open").doesNotContain(SECRET);
    }

    private static void assertRefused(RawClient client, byte[] request) throws IOException {
        List<Message> answer = ask(client, request);
        assertThat(tags(answer)).endsWith("EZ").doesNotContain("D");
        assertThat(text(answer)).doesNotContain(SECRET).doesNotContain("open");
    }

    private static String text(List<Message> answer) {
        StringBuilder text = new StringBuilder();
        answer.forEach(message -> text.append(new String(message.body(), StandardCharsets.UTF_8)));
        return text.toString();
    }

    private static RawClient login() throws IOException {
        return RawClient.login(gateway.port(), TestingAuthenticator.AGENT);
    }
}
