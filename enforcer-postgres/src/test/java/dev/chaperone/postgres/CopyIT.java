package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bind;
import static dev.chaperone.postgres.RawClient.bytes;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.message;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.permitUnanalysed;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.postgres.RawClient.Message;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** COPY both ways: what a client gets, what the database gets, what is recorded, and what cannot be had. */
class CopyIT {

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "create table letters (id int, code char(3) default 'abc', twice int generated always as (id * 2) stored)",
                "create view initials as select id, left(name, 1) as initial from patients",
                "create schema elsewhere",
                "create table elsewhere.letters (id int)",
                "grant usage on schema elsewhere to gateway",
                "grant insert on elsewhere.letters to gateway",
                "create table parts (id int, text text) partition by range (id)",
                "create table parts_1 partition of parts for values from (0) to (100)",
                "insert into parts values (1, 'one')",
                "grant select, insert, delete on letters, parts, parts_1 to gateway",
                "grant select on initials to gateway");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.decisions.policy(request -> touches(request, "secrets") ? deny("no") : permit());
        gateway.recorder.reset();
        gateway.backend.executeIn(Gateway.DATABASE, "truncate letters");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "copy patients to stdout",
                "copy patients (name, id) to stdout csv header",
                "copy (select name, visits from patients order by id) to stdout with (format csv, null 'none')",
                "copy (table patients) to stdout (format binary)",
                "copy letters to stdout binary",
                "copy binary letters to stdout",
                "copy binary letters (id) to stdout with encoding 'UTF8'",
                "COPY (select 1 as \"a;b\" -- the last word\n) TO STDOUT",
                "copy numbers to stdout"
            })
    void whatIsCopiedIsWhatTheServerCopies(String sql) throws SQLException, IOException {
        gateway.backend.executeIn(Gateway.DATABASE, "insert into letters (id) values (1), (2)");
        byte[] direct;
        try (Connection connection = gateway.backend.connect(Gateway.DATABASE)) {
            direct = copyOut(connection, sql);
        }
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            assertThat(copyOut(connection, sql)).isEqualTo(direct);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "copy patients (id, ssn) to stdout | 1\\t***-**-6789\\n2\\t***-**-4321\\n3\\t\\\\N\\n",
                "copy (select id, ssn from patients) to stdout csv | 1,***-**-6789\\n2,***-**-4321\\n3,\\n",
                "copy (select x.id, x.s from (select id, ssn as s from patients) x) to stdout csv header"
                        + " | id,s\\n1,***-**-6789\\n2,***-**-4321\\n3,\\n"
            })
    void maskedColumnsAreMaskedFieldByField(String sql, String expected) throws SQLException, IOException {
        maskSsn();
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            assertThat(new String(copyOut(connection, sql), StandardCharsets.UTF_8).strip())
                    .isEqualTo(expected.translateEscapes().strip());
        }
        assertThat(gateway.recorder.events().stream()
                        .flatMap(event -> event.originals().getValuesList().stream())
                        .map(original ->
                                original.getField() + "=" + original.getValue().toStringUtf8()))
                .containsExactly("clinic.public.patients.ssn=123-45-6789", "clinic.public.patients.ssn=987-65-4321");
    }

    /** A temporary table is in no catalog, so that what is copied from it is never analysed. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "copy t to stdout",
                "copy (select * from t order by a) to stdout csv",
                "copy (select a from t) to stdout (format binary)"
            })
    void whatIsPermittedUnanalysedIsCopiedAsItIs(String sql) throws SQLException, IOException {
        gateway.decisions.policy(request -> permitUnanalysed());
        List<byte[]> copied = new ArrayList<>();
        for (Connection connection :
                List.of(gateway.backend.connect(Gateway.DATABASE), gateway.connect(TestingAuthenticator.HUMAN))) {
            try (connection;
                    Statement statement = connection.createStatement()) {
                statement.execute("create temp table t (a int, b text)");
                statement.execute("insert into t values (1, 'one'), (2, null)");
                copied.add(copyOut(connection, sql));
            }
        }
        assertThat(copied.get(1)).isNotEmpty().isEqualTo(copied.get(0));
    }

    @Test
    void maskedBinaryCanBeReadByTheServer() throws SQLException, IOException {
        maskSsn();
        byte[] masked;
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            masked = copyOut(connection, "copy patients (id, ssn) to stdout (format binary)");
        }
        try (Connection connection = gateway.backend.connect(Gateway.DATABASE);
                Statement statement = connection.createStatement()) {
            statement.execute("create temp table masked (id int, ssn text)");
            copies(connection).copyIn("copy masked from stdin (format binary)", new ByteArrayInputStream(masked));
            try (ResultSet row = statement.executeQuery("select string_agg(ssn, ' ' order by id) from masked")) {
                row.next();
                assertThat(row.getString(1)).isEqualTo("***-**-6789 ***-**-4321");
            }
        }
    }

    @Test
    void aMaskThatHoldsEverywhereIsInTheCopiedQuery() throws SQLException, IOException {
        gateway.decisions.policy(request -> request.getResource().getRelationsCount() == 0
                ? permit()
                : permit(Obligation.newBuilder()
                        .setMask(Mask.newBuilder()
                                .setField("clinic.public.patients.ssn")
                                .setFunction("last4")
                                .setScope(Mask.Scope.SCOPE_EVERYWHERE))
                        .build()));
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            assertThat(new String(
                            copyOut(
                                    connection,
                                    "copy (select upper(ssn) from patients where ssn like '%4321') to stdout"),
                            StandardCharsets.UTF_8))
                    .isEqualTo("***-**-4321\n");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "copy (select ssn || '' from patients) to stdout",
                "copy (select id from patients where ssn like '1%') to stdout",
                "copy (select p from patients p) to stdout",
                "copy (select ssn from patients) to stdout (null '123-45-6789')",
                "copy secrets to stdout",
                "copy (select text from secrets) to stdout",
                "copy (insert into ledger (id, note) select id, ssn from patients returning note) to stdout",
                "copy patients to '/tmp/patients'",
                "copy patients to program 'cat'",
                "copy patients (ssn) to stdout (encoding 'latin1')"
            })
    void whatWouldGoRoundAMaskIsRefused(String sql) throws IOException {
        maskSsn();
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query(sql));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("EZ");
            assertThat(answer.get(0).field('C')).isIn("42501", "0A000");
            assertThat(answer.toString() + new String(answer.get(0).body(), StandardCharsets.UTF_8))
                    .doesNotContain("6789", "hidden");
            client.raw(query("select 1"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @Test
    void aViewAndAPartitionedTableAreNotCopiedAsTables() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (String relation : List.of("initials", "parts")) {
                client.raw(query("copy " + relation + " to stdout"));
                List<Message> answer = client.until("Z");
                assertThat(tags(answer)).isEqualTo("EZ");
                assertThat(answer.get(0).field('M'))
                        .contains("cannot copy from")
                        .contains(relation);
            }
            client.raw(query("copy (select * from parts) to stdout"));
            assertThat(tags(client.until("Z"))).isEqualTo("HdcCZ");
        }
    }

    @Test
    void aDecisionNamesTheCopiedColumns() throws SQLException, IOException {
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            copyOut(connection, "copy patients (name) to stdout");
        }
        DecideRequest request = gateway.decisions.requests().stream()
                .filter(asked -> touches(asked, "patients"))
                .findFirst()
                .orElseThrow();
        assertThat(request.getAction().getOperation()).isEqualTo("copy");
        assertThat(request.getAction().getClass_()).isEqualTo(ActionClass.ACTION_CLASS_READ);
        assertThat(request.getResource().getRelations(0).getColumnsList())
                .extracting(column -> column.getName())
                .containsExactly("name");
    }

    @Test
    void aRowLimitEndsACopy() throws IOException {
        gateway.decisions.policy(request -> permit(Obligation.newBuilder()
                .setLimit(Limit.newBuilder().setMaxRows(2).setOnExceed(Effect.EFFECT_DENY))
                .build()));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("copy numbers to stdout"));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("HddEZ");
            assertThat(answer.get(3).field('M')).contains("at most 2 rows");
            client.raw(query("copy (select n from numbers where n <= 2) to stdout csv header"));
            assertThat(tags(client.until("Z"))).isEqualTo("HdddcCZ");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "copy letters from stdin | 1\\txyz\\n2\\t\\\\N\\n",
                "copy letters (id) from stdin csv | 1\\n2\\n",
                "copy letters from stdin (format csv, header) | id,code\\n1,\\n2,\\n",
                "copy letters (id) from stdin where id < 3 | 1\\n2\\n3\\n"
            })
    void dataReachesTheTableAndTheRecord(String sql, String data) throws SQLException, IOException {
        String sent = data.translateEscapes();
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            long rows = copies(connection).copyIn(sql, new ByteArrayInputStream(sent.getBytes(StandardCharsets.UTF_8)));
            assertThat(rows).isEqualTo(2);
        }
        assertThat(count("letters")).isEqualTo(2);
        assertThat(received().toStringUtf8()).isEqualTo(sent);
        DecideRequest request = gateway.decisions.requests().stream()
                .filter(asked -> touches(asked, "letters"))
                .findFirst()
                .orElseThrow();
        assertThat(request.getAction().getClass_()).isEqualTo(ActionClass.ACTION_CLASS_WRITE);
        assertThat(request.getResource().getRelations(0).getWritten()).isTrue();
    }

    @Test
    void deniedDataNeverReachesTheTable() throws SQLException, IOException {
        gateway.decisions.policy(request ->
                request.getAction().getClass_() == ActionClass.ACTION_CLASS_WRITE ? deny("no writes") : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    query("copy letters (id) from stdin"),
                    message('d', "1\n".getBytes(StandardCharsets.UTF_8)),
                    message('c'),
                    query("select 1")));
            assertThat(tags(client.until("Z"))).isEqualTo("EZ");
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
        assertThat(count("letters")).isZero();
    }

    @Test
    void aTableThatANameComesToMeanGetsNoDataByTheDecisionOnAnother() throws SQLException, IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("begin"));
            client.until("Z");
            client.raw(join(parse("", "copy letters (id) from stdin"), bind("x", ""), sync()));
            client.until("Z");
            client.raw(query("set local search_path = elsewhere"));
            client.until("Z");
            client.raw(join(execute("x", 0), sync()));
            List<Message> refused = client.until("GZ");
            assertThat(tags(refused)).startsWith("E").doesNotContain("G");
            assertThat(refused.get(0).field('C')).isEqualTo("0A000");
        }
    }

    @Test
    void aSyncSentWithTheExecuteMeansNothingWhileDataComes() throws SQLException, IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(parse("", "copy letters (id) from stdin"), bind("", ""), execute("", 0), sync()));
            assertThat(tags(client.until("G"))).isEqualTo("12G");
            client.raw(join(message('d', "7\n8".getBytes(StandardCharsets.UTF_8)), sync(), message('H')));
            client.raw(join(message('d', "\n".getBytes(StandardCharsets.UTF_8)), message('c'), sync()));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("CZ");
            assertThat(new String(answer.get(0).body(), StandardCharsets.UTF_8)).isEqualTo("COPY 2\0");
        }
        assertThat(count("letters")).isEqualTo(2);
    }

    @Test
    void badDataFailsTheCopyAndTheSessionGoesOn() throws SQLException, IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("copy letters (id) from stdin"));
            assertThat(tags(client.until("G"))).isEqualTo("G");
            client.raw(message('d', "seven\n".getBytes(StandardCharsets.UTF_8)));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("EZ");
            assertThat(answer.get(0).field('C')).isEqualTo("22P02");
            client.raw(
                    join(message('d', "8\n".getBytes(StandardCharsets.UTF_8)), message('c'), query("select 1 as one")));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
        assertThat(count("letters")).isZero();
    }

    @Test
    void aClientThatGivesUpCopiesNothing() throws SQLException, IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    query("copy letters (id) from stdin"),
                    message('d', "8\n".getBytes(StandardCharsets.UTF_8)),
                    message('f', bytes("changed my mind"))));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("GEZ");
            assertThat(answer.get(1).field('C')).isEqualTo("57014");
        }
        assertThat(count("letters")).isZero();
    }

    @Test
    void anyOtherMessageAmongTheDataEndsTheSession() throws SQLException, IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(query("copy letters (id) from stdin"), query("select 1")));
            List<Message> answer = client.until("E");
            assertThat(tags(answer)).isEqualTo("GE");
            assertThat(answer.get(1).field('C')).isEqualTo("08P01");
        }
        assertThat(count("letters")).isZero();
    }

    @Test
    void nothingIsHandedOverThatCannotBeRecorded() throws SQLException, IOException {
        gateway.recorder.failOn(AuditEvent::hasReceived);
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    query("copy letters (id) from stdin"),
                    message('d', "8\n".getBytes(StandardCharsets.UTF_8)),
                    message('c')));
            List<Message> answer = client.until("E");
            assertThat(answer.get(answer.size() - 1).field('C')).isEqualTo("58030");
        }
        assertThat(count("letters")).isZero();
    }

    @Test
    void copiesInATransactionEndWithIt() throws SQLException, IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    query("begin"),
                    query("copy letters (id) from stdin"),
                    message('d', "8\n".getBytes(StandardCharsets.UTF_8)),
                    message('c'),
                    query("copy letters (id) to stdout"),
                    query("rollback")));
            assertThat(tags(client.until("Z"))).isEqualTo("CZ");
            assertThat(tags(client.until("Z"))).isEqualTo("GCZ");
            List<Message> copied = client.until("Z");
            assertThat(tags(copied)).isEqualTo("HdcCZ");
            assertThat(new String(copied.get(1).body(), StandardCharsets.UTF_8)).isEqualTo("8\n");
            assertThat(tags(client.until("Z"))).isEqualTo("CZ");
        }
        assertThat(count("letters")).isZero();
    }

    @Test
    void severalCopiesAndStatementsInOneQuery() throws SQLException, IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    query("select 1; copy letters (id) from stdin; copy letters (id) to stdout; select 2"),
                    message('d', "8\n".getBytes(StandardCharsets.UTF_8)),
                    message('c')));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCGCHdcCTDCZ");
        }
        assertThat(count("letters")).isEqualTo(1);
    }

    @Test
    @Timeout(60)
    void muchDataPassesBothWays() throws SQLException, IOException {
        byte[] line = ("0123456789".repeat(20) + '\n').getBytes(StandardCharsets.UTF_8);
        int lines = 100_000;
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT);
                Connection direct = gateway.backend.connect(Gateway.DATABASE);
                Statement statement = direct.createStatement()) {
            statement.execute("create table bulk (text text)");
            statement.execute("grant select, insert on bulk to gateway");
            var in = copies(connection).copyIn("copy bulk from stdin");
            for (int i = 0; i < lines; i++) {
                in.writeToCopy(line, 0, line.length);
            }
            assertThat(in.endCopy()).isEqualTo(lines);
            byte[] out = copyOut(connection, "copy bulk to stdout");
            assertThat(out).hasSize(lines * line.length).endsWith(line);
        }
        assertThat(received().size()).isEqualTo(lines * line.length);
    }

    private static void maskSsn() {
        gateway.decisions.policy(request -> {
            if (touches(request, "secrets")) {
                return deny("no");
            }
            Decision.Builder decision = permit().toBuilder();
            if (touches(request, "patients")) {
                decision.addObligations(mask("clinic.public.patients.ssn", "last4"));
            }
            return decision.build();
        });
    }

    private static ByteString received() {
        return gateway.recorder.of(AuditEvent::hasReceived).stream()
                .map(event -> event.event().getReceived().getPayload())
                .reduce(ByteString.EMPTY, ByteString::concat);
    }

    private static int count(String table) throws SQLException {
        try (Connection connection = gateway.backend.connect(Gateway.DATABASE);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select count(*) from " + table)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static CopyManager copies(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getCopyAPI();
    }

    private static byte[] copyOut(Connection connection, String sql) throws SQLException, IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        copies(connection).copyOut(sql, out);
        return out.toByteArray();
    }
}
