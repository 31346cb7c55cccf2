package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bytes;
import static dev.chaperone.postgres.RawClient.describe;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.message;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.permitUnanalysed;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Corners in which the gateway answers as the server itself does: each is asked of both. */
class SameAsServerIT {

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
        gateway.recorder.reset();
        gateway.decisions.policy(request -> permitUnanalysed());
    }

    private static void answersAlike(byte[]... requests) throws IOException {
        try (RawClient direct = RawClient.direct(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD);
                RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.HUMAN)) {
            for (byte[] request : requests) {
                direct.raw(request);
                client.raw(request);
                assertThat(said(client)).isEqualTo(said(direct));
            }
        }
    }

    private static List<String> said(RawClient client) throws IOException {
        List<String> said = new ArrayList<>();
        for (Message message : client.until("Z")) {
            if (message.tag() == 'D') {
                said.add("D " + message.columns());
                continue;
            }
            String error = message.tag() == 'E' ? " " + message.field('C') + " " + message.field('M') : "";
            said.add(message.tag() + error);
        }
        return said;
    }

    /** Bind with one parameter and these formats. */
    private static byte[] bind(int parameterFormat, int resultFormat) {
        byte[] value = bytes("1");
        return message(
                'B',
                bytes(""),
                bytes(""),
                shorts(1, parameterFormat, 1),
                ByteBuffer.allocate(5).putInt(1).put(value[0]).array(),
                shorts(1, resultFormat));
    }

    private static byte[] shorts(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(2 * values.length);
        for (int value : values) {
            buffer.putShort((short) value);
        }
        return buffer.array();
    }

    @ParameterizedTest
    @CsvSource({"2,0", "0,2", "0,-1", "32767,1"})
    void formatsThatAreNone(int parameterFormat, int resultFormat) throws IOException {
        answersAlike(
                join(
                        parse("", "select ssn from patients where id = $1::int"),
                        bind(parameterFormat, resultFormat),
                        describe('P', ""),
                        execute("", 0),
                        sync()),
                join(
                        parse("", "select ssn from patients where id = -$1::int"),
                        bind(parameterFormat, resultFormat),
                        execute("", 0),
                        sync()),
                query("select 1"));
    }

    @Test
    void aMaskedColumnInAFormatThatIsNone() throws IOException {
        gateway.decisions.policy(request ->
                touches(request, "patients") ? permit(mask("clinic.public.patients.ssn", "last4")) : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    parse("", "select ssn from patients where id = $1::int"),
                    bind(0, 2),
                    execute("", 0),
                    sync(),
                    query("select 1")));
            List<Message> said = client.until("Z");
            assertThat(tags(said)).isEqualTo("12EZ");
            assertThat(said.get(2).field('C')).isEqualTo("22023");
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vacuum; select 1",
                "select 1; vacuum",
                "select 1; vacuum (analyze) patients; select 2",
                "discard all; select 1",
                "select 1; create index concurrently i on patients (id)",
                "; vacuum patients;",
            })
    void commandsThatCannotBePartOfATransaction(String sql) throws IOException {
        answersAlike(query(sql), query("select 1"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTextWhoseTableHasChangedIsANewText(boolean simple) throws IOException {
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "drop table if exists changing",
                "create table changing (a int)",
                "insert into changing values (1)",
                "grant select on changing to gateway");
        byte[] ask = simple
                ? query("select * from changing where a = 1")
                : join(
                        parse("", "select * from changing"),
                        RawClient.bind("", ""),
                        describe('P', ""),
                        execute("", 0),
                        sync());
        gateway.decisions.policy(request -> permit());
        gateway.decisions.keep();
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.HUMAN)) {
            for (int columns = 1; columns < 4; columns++) {
                for (int i = 0; i < 5; i++) {
                    client.raw(ask);
                    List<Message> said = client.until("Z");
                    assertThat(tags(said)).isEqualTo(simple ? "TDCZ" : "12TDCZ");
                    assertThat(said.get(said.size() - 3).columns()).hasSize(columns);
                }
                gateway.backend.executeIn(Gateway.DATABASE, "alter table changing add column b" + columns + " int");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ledger in access share mode nowait",
                "numbers, public.ledger in access share mode nowait",
                "only \"ledger\" nowait",
                "nowhere nowait",
            })
    void whatIsLockedAlreadyIsNotWaitedFor(String what) throws Exception {
        try (Connection other = gateway.backend.connect(Gateway.DATABASE);
                Statement holding = other.createStatement()) {
            other.setAutoCommit(false);
            holding.execute("lock table ledger in access exclusive mode");
            answersAlike(query("begin"), query("lock table " + what), query("show lock_timeout"), query("rollback"));
        }
    }

    @Test
    void whatIsNotLockedIsLockedAndTheTimeForOtherLocksStays() throws IOException {
        answersAlike(
                query("begin"),
                query("set local lock_timeout = '5s'"),
                query("lock table numbers, patients in access share mode nowait"),
                query("show lock_timeout"),
                query("select mode from pg_locks where pid = pg_backend_pid() and relation = 'numbers'::regclass"),
                query("commit"),
                query("show lock_timeout"));
    }
}
