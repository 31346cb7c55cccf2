package dev.chaperone.postgres;

import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.session;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.MaskedOriginal;
import dev.chaperone.audit.v1.OperationCompleted;
import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Detect.Action;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.RecordLevel;
import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of identifiers in text that no mask covers, byte for byte. */
class ContentDetectionIT {

    private static final String ALL = "ssn,mrn,card,phone,email,birth-date";

    private static final String REPLACED = "case when id % 10 = 0 then 'call [phone]' else 'SSN [ssn]' end";

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "create type mood as enum ('fine', 'SSN 219-09-9999')",
                "create type visit as (id int, note text)",
                "create domain remark as text",
                "create table notes (id int primary key, note text not null)",
                "insert into notes select n, case when n % 10 = 0 then 'call (503) 555-0199' else 'SSN 219-09-9999' end"
                        + " from generate_series(1, 5000) n",
                "grant select on notes to gateway");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.recorder.reset();
        decide(detect(Action.ACTION_MASK, ALL));
    }

    /** The second column is what the database gives, in the same format, for the third. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "text | 'a 219-09-9999 b' | 'a [ssn] b'",
                "text | '219-09-9999' | '[ssn]'",
                "text | 'nothing' | 'nothing'",
                "text | null | null",
                "text | '' | ''",
                "text | 'é219-09-9999 ada@example.org' | 'é[ssn] [email]'",
                "varchar | 'a 219-09-9999' | 'a [ssn]'",
                "varchar(40) | 'DOB 1/2/56' | 'DOB [birth-date]'",
                "varchar(11) | 'DOB 1/2/56' | 'DOB ******'",
                "varchar(12) | 'é 1 born1' | 'é 1 born1'",
                "char(30) | 'SSN 219-09-9999' | 'SSN [ssn]'",
                "char(11) | '219-09-9999' | '[ssn]'",
                "char(10) | 'DOB 1/2/56' | 'DOB ******'",
                "name | 'a 219-09-9999' | 'a [ssn]'",
                "remark | 'a 219-09-9999' | 'a [ssn]'",
                "json | '{\"n\": 1, \"ssn\": 219099999, \"a\": \"219-09-9999\"}' | '{\"n\": 1, \"ssn\": \"[ssn]\", \"a\": \"[ssn]\"}'",
                "json | '{\"a\": \"\\u0032\\u0031\\u0039-09-9999\"}' | '{\"a\": \"[ssn]\"}'",
                "jsonb | '{\"n\": 1, \"ssn\": 219099999}' | '{\"n\": 1, \"ssn\": \"[ssn]\"}'",
                "jsonb | '[\"219-09-9999\", {\"birthDate\": \"1956-03-12\"}]' | '[\"[ssn]\", {\"birthDate\": \"[birth-date]\"}]'",
                "bytea | 'SSN 219-09-9999, é' | 'SSN [ssn], é'",
                "bytea | '\\x00003231392d30392d39393939' | '\\x00003231392d30392d39393939'",
                "text[] | '{a 219-09-9999,NULL,\"b, {c} \\\" 219-09-9999\",\"\"}' | '{a [ssn],NULL,\"b, {c} \\\" [ssn]\",\"\"}'",
                "text[] | '[2:3][0:0]={{219-09-9999},{x}}' | '[2:3][0:0]={{[ssn]},{x}}'",
                "varchar(11)[] | '{\"DOB 1/2/56\",219-09-9999}' | '{\"DOB ******\",[ssn]}'",
                "char(12)[] | '{219-09-9999}' | '{[ssn]}'",
                "jsonb[] | array['{\"ssn\": 219099999}', '7']::jsonb[] | array['{\"ssn\": \"[ssn]\"}', '7']::jsonb[]",
                "bytea[] | array['219-09-9999'::bytea, '\\x00'::bytea] | array['[ssn]'::bytea, '\\x00'::bytea]",
                "int8 | 219099999 | 219099999",
                "date[] | '{1956-03-12}' | '{1956-03-12}'",
                "int4range | '[1,5)' | '[1,5)'",
                "tsrange | '[2020-01-02 03:04, 2021-01-01)' | '[2020-01-02 03:04, 2021-01-01)'",
                "uuid | '21909999-9219-4999-9219-099999219099' | '21909999-9219-4999-9219-099999219099'",
            })
    void textIsSearchedInEveryTypeThatHoldsIt(String type, String value, String expected) throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (int format = 0; format <= 1; format++) {
                decide();
                String held = cell(client, "select (" + expected + ")::" + type, format);
                decide(detect(Action.ACTION_MASK, ALL));
                assertThat(cell(client, "select (" + value + ")::" + type, format))
                        .as("format " + format)
                        .isEqualTo(held);
            }
        }
    }

    @Test
    void typesThatAreNotModelledAreSearchedInTheirTextAndWithheldInBinary() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (String value : List.of("row(7, 'SSN 219-09-9999')::visit", "row(7, 'SSN 219-09-9999')")) {
                assertThat(cell(client, "select " + value, 0)).isEqualTo("(7,\"SSN [ssn]\")");
                assertThat((Object) cell(client, "select " + value, 1)).isNull();
                assertThat((Object) cell(client, "select " + value.replace("SSN ", "x".repeat(40)), 1))
                        .isNull();
            }
            // A length of 50 is the character 2: it is no part of the number after it.
            assertThat((Object) cell(client, "select row('219-09-9999" + "x".repeat(39) + "')", 1))
                    .isNull();
            assertThat((Object) cell(client, "select row(7, 'nothing')", 1)).isNotNull();
            for (int format = 0; format <= 1; format++) {
                assertThat(cell(client, "select 'SSN 219-09-9999'::mood", format))
                        .isEqualTo("SSN [ssn]");
            }
            assertThat(cell(client, "select array['SSN 219-09-9999']::mood[]", 0))
                    .isEqualTo("{\"SSN [ssn]\"}");
            assertThat((Object) cell(client, "select array['SSN 219-09-9999']::mood[]", 1))
                    .isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsFoundIsCountedAndItsOriginalsAreKept(boolean simple) throws IOException {
        String sql = "select id, note, upper(note) from notes where id between 9 and 10 order by id";
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            List<Message> messages = simple ? query(client, sql) : extended(client, sql, 0, 0);
            assertThat(rows(messages))
                    .containsExactly(
                            List.of("9", "SSN [ssn]", "SSN [ssn]"), List.of("10", "call [phone]", "CALL [phone]"));
        }
        Delivered delivered = gateway.recorder.of(AuditEvent::hasDelivered).stream()
                .map(event -> event.event().getDelivered())
                .filter(event -> event.getRows() > 0)
                .findFirst()
                .orElseThrow();
        assertThat(delivered.getDetectedMap()).isEqualTo(Map.of("ssn", 2L, "phone", 2L));
        assertThat(delivered.getMaskedValues()).isEqualTo(4);
        assertThat(completed().getDetectedMap()).isEqualTo(Map.of("ssn", 2L, "phone", 2L));
        List<MaskedOriginal> originals = originals();
        assertThat(originals)
                .extracting(original -> original.getValue().toStringUtf8())
                .containsExactly("SSN 219-09-9999", "SSN 219-09-9999", "call (503) 555-0199", "CALL (503) 555-0199");
        assertThat(originals).extracting(MaskedOriginal::getRow).containsExactly(0L, 0L, 1L, 1L);
        assertThat(originals)
                .extracting(MaskedOriginal::getField)
                .containsExactly("clinic.public.notes.note", "upper", "clinic.public.notes.note", "upper");
    }

    @Test
    void manyRowsComeInOrderAndEveryFindIsCounted() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            List<List<String>> rows = rows(query(client, "select note from notes order by id"));
            assertThat(rows).hasSize(5000);
            for (int i = 0; i < rows.size(); i++) {
                assertThat(rows.get(i)).containsExactly((i + 1) % 10 == 0 ? "call [phone]" : "SSN [ssn]");
            }
        }
        assertThat(completed().getDetectedMap()).isEqualTo(Map.of("ssn", 4500L, "phone", 500L));
        assertThat(gateway.recorder.of(AuditEvent::hasDelivered).stream()
                        .mapToLong(event -> event.event().getDelivered().getDetectedOrDefault("ssn", 0))
                        .sum())
                .isEqualTo(4500);
    }

    @ParameterizedTest
    @CsvSource({"text,true", "csv,true", "binary,true", "text,false", "csv,false", "binary,false"})
    void copiedRowsAreSearchedFieldByField(String format, boolean simple) throws IOException {
        String sql = "copy (select id, note, id * 2 from notes where id <= 20 order by id) to stdout (format " + format
                + ")";
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            decide();
            String held = copied(client, sql.replace("note,", REPLACED + ","), simple);
            decide(detect(Action.ACTION_MASK, ALL));
            assertThat(held).contains("[ssn]").contains("[phone]");
            assertThat(copied(client, sql, simple)).isEqualTo(held);
        }
        assertThat(gateway.recorder
                        .await(event ->
                                !event.getOperationCompleted().getDetectedMap().isEmpty())
                        .getOperationCompleted()
                        .getDetectedMap())
                .isEqualTo(Map.of("ssn", 18L, "phone", 2L));
        assertThat(originals()).hasSize(20).extracting(MaskedOriginal::getRow).contains(0L, 19L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "csv", "binary"})
    void aCopyEndsWhereAValueMayNotBeDelivered(String format) throws IOException {
        decide(detect(Action.ACTION_DENY, "phone"), detect(Action.ACTION_MASK, "ssn"));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            List<Message> messages =
                    query(client, "copy (select note from notes order by id) to stdout (format " + format + ")");
            assertThat(RawClient.tags(messages)).isEqualTo("H" + "d".repeat(9) + "EZ");
            assertThat(messages.get(10).field('C')).isEqualTo("42501");
            assertThat(messages.toString()).doesNotContain("0199");
            assertThat(rows(query(client, "select 'still here'"))).containsExactly(List.of("still here"));
        }
        assertThat(originals().get(originals().size() - 1).getRow()).isEqualTo(-1);
    }

    private static String copied(RawClient client, String sql, boolean simple) throws IOException {
        List<Message> messages = simple ? query(client, sql) : extended(client, sql, 0, 0);
        StringBuilder copied = new StringBuilder();
        for (Message message : messages) {
            if (message.tag() == 'd') {
                copied.append(new String(message.body(), StandardCharsets.ISO_8859_1));
            }
        }
        return copied.toString();
    }

    @Test
    void aMaskIsEnoughForItsColumn() throws IOException {
        gateway.decisions.policy(request -> session(request)
                ? permit()
                : permit(mask("clinic.public.notes.note", "redact"), detect(Action.ACTION_MASK, ALL)));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            assertThat(rows(query(client, "select note, 'x 219-09-9999' from notes where id = 1")))
                    .containsExactly(List.of("[redacted]", "x [ssn]"));
        }
        assertThat(completed().getDetectedMap()).isEqualTo(Map.of("ssn", 1L));
    }

    @Test
    void whatIsComputedFromMaskedValuesIsSearchedToo() throws IOException {
        Obligation everywhere = Obligation.newBuilder()
                .setMask(Mask.newBuilder()
                        .setField("clinic.public.notes.note")
                        .setFunction("redact")
                        .setScope(Mask.Scope.SCOPE_EVERYWHERE))
                .build();
        gateway.decisions.policy(
                request -> session(request) ? permit() : permit(everywhere, detect(Action.ACTION_MASK, ALL)));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            assertThat(rows(query(client, "select note || ' 219-09-9999' from notes where id = 1")))
                    .containsExactly(List.of("[redacted] [ssn]"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'x 219-09-9999'::text | [redacted]",
                "'a@bc.de'::varchar(7) | [redact",
                "'a@bc.de'::char(8) | [redacte",
                "'a@bc.de'::name | [redacted]",
                "'{\"a\": \"219-09-9999\"}'::jsonb | \"[redacted]\"",
                "'219-09-9999'::bytea | \\x5b72656461637465645d",
                "'{219-09-9999,x}'::text[] | {[redacted],x}",
                "row(1, '219-09-9999') | NULL",
            })
    void aValueCanBeRedactedAsAWhole(String value, String expected) throws IOException {
        decide(detect(Action.ACTION_REDACT, ALL));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            assertThat(rows(query(client, "select " + value))).containsExactly(List.of(expected));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStatementEndsWhereAValueMayNotBeDelivered(boolean simple) throws IOException {
        decide(detect(Action.ACTION_DENY, "phone"), detect(Action.ACTION_MASK, "ssn"));
        String sql = "select id, note from notes order by id";
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            List<Message> messages = simple ? query(client, sql) : extended(client, sql, 0, 0);
            assertThat(rows(messages)).hasSize(9).allMatch(row -> row.get(1).equals("SSN [ssn]"));
            Message error = messages.stream()
                    .filter(message -> message.tag() == 'E')
                    .findFirst()
                    .orElseThrow();
            assertThat(error.field('C')).isEqualTo("42501");
            assertThat(error.field('M')).contains("`clinic.public.notes.note`").contains("`phone`");
            assertThat(messages.toString()).doesNotContain("0199");
            assertThat(rows(query(client, "select 'still here'"))).containsExactly(List.of("still here"));
        }
        OperationCompleted completed = completed();
        assertThat(completed.getOutcome()).isEqualTo(OperationCompleted.Outcome.OUTCOME_REFUSED);
        assertThat(completed.getRows()).isEqualTo(9);
        assertThat(completed.getDetectedMap()).isEqualTo(Map.of("ssn", 9L, "phone", 1L));
        MaskedOriginal withheld = originals().get(originals().size() - 1);
        assertThat(withheld.getRow()).isEqualTo(-1);
        assertThat(withheld.getValue().toStringUtf8()).isEqualTo("call (503) 555-0199");
    }

    @Test
    void aDetectorThatIsNotKnownRefuses() throws IOException {
        decide(detect(Action.ACTION_MASK, "ssn,dna"));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            Message error = query(client, "select 1").get(0);
            assertThat(error.field('C')).isEqualTo("42501");
            assertThat(error.field('M')).contains("the detector `dna` is not known");
        }
    }

    @Test
    void withoutOriginalsOnlyTheCountsAreKept() throws IOException {
        gateway.decisions.policy(request -> session(request)
                ? permit()
                : permit(
                        detect(Action.ACTION_MASK, ALL),
                        Obligation.newBuilder()
                                .setRecordLevel(RecordLevel.newBuilder().setLevel(RecordLevel.Level.LEVEL_DELIVERED))
                                .build()));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            query(client, "select note from notes where id = 1");
        }
        assertThat(originals()).isEmpty();
        assertThat(completed().getDetectedMap()).isEqualTo(Map.of("ssn", 1L));
    }

    @Test
    void cursorsAreSearchedWithEachFetch() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            List<Message> messages = query(
                    client,
                    "begin; declare c cursor for select note from notes order by id; fetch 1 from c; fetch 9 from c; commit");
            assertThat(rows(messages))
                    .hasSize(10)
                    .startsWith(List.of("SSN [ssn]"))
                    .endsWith(List.of("call [phone]"));
            AuditEvent second = gateway.recorder.await(
                    event -> event.getOperationCompleted().getDetectedMap().containsKey("phone"));
            assertThat(second.getOperationCompleted().getDetectedMap()).isEqualTo(Map.of("ssn", 8L, "phone", 1L));
            client.raw(RawClient.join(
                    RawClient.query("begin"),
                    RawClient.parse("", "declare d cursor for select note from notes order by id"),
                    RawClient.bind("", ""),
                    RawClient.execute("", 0),
                    RawClient.execute("d", 2),
                    RawClient.sync(),
                    RawClient.query("commit")));
            client.until("Z");
            assertThat(rows(client.until("Z"))).containsExactly(List.of("SSN [ssn]"), List.of("SSN [ssn]"));
            client.until("Z");
        }
    }

    @Test
    void whatExecuteDeliversIsSearched() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            query(client, "prepare p (int) as select note from notes where id = $1");
            assertThat(rows(query(client, "execute p (1)"))).containsExactly(List.of("SSN [ssn]"));
            assertThat(rows(extended(client, "execute p (10)", 0, 0))).containsExactly(List.of("call [phone]"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsRunAgainByAKeptVerdictIsSearchedAgain(boolean simple) throws IOException {
        gateway.decisions.keep();
        String sql = "select note from notes where id = 1";
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (int i = 0; i < 5; i++) {
                assertThat(rows(simple ? query(client, sql) : extended(client, sql, 0, 0)))
                        .containsExactly(List.of("SSN [ssn]"));
            }
            AuditEvent repeated = gateway.recorder.await(AuditEvent::hasOperationRepeated);
            assertThat(repeated.getOperationRepeated().getDelivered().getDetectedMap())
                    .isEqualTo(Map.of("ssn", 1L));
        }
    }

    private static Obligation detect(Action action, String detectors) {
        return Obligation.newBuilder()
                .setDetect(Detect.newBuilder().setAction(action).addAllDetectors(List.of(detectors.split(","))))
                .build();
    }

    private static void decide(Obligation... obligations) {
        gateway.decisions.policy(request -> session(request) ? permit() : permit(obligations));
    }

    private static OperationCompleted completed() {
        return gateway.recorder
                .await(event -> !event.getOperationCompleted().getDetectedMap().isEmpty())
                .getOperationCompleted();
    }

    private static List<MaskedOriginal> originals() {
        List<MaskedOriginal> originals = new ArrayList<>();
        gateway.recorder
                .events()
                .forEach(event -> originals.addAll(event.originals().getValuesList()));
        return originals;
    }

    private static List<Message> query(RawClient client, String sql) throws IOException {
        client.raw(RawClient.query(sql));
        return client.until("Z");
    }

    private static List<Message> extended(RawClient client, String sql, int format, int rows) throws IOException {
        byte[] formats = {0, 0, 0, 0, 0, 1, 0, (byte) format};
        client.raw(RawClient.join(
                RawClient.parse("", sql),
                RawClient.message('B', new byte[2], formats),
                RawClient.execute("", rows),
                RawClient.sync()));
        return client.until("Z");
    }

    /** The one cell of the one row, its bytes as ISO 8859-1 where they are no UTF-8; null for SQL NULL. */
    private static @Nullable String cell(RawClient client, String sql, int format) throws IOException {
        List<Message> messages = extended(client, sql, format, 0);
        Message row = messages.stream()
                .filter(message -> message.tag() == 'D')
                .findFirst()
                .orElseThrow(
                        () -> new AssertionError(sql + ": " + messages.get(0).field('M')));
        ByteBuffer body = ByteBuffer.wrap(row.body());
        body.getShort();
        int length = body.getInt();
        if (length < 0) {
            return null;
        }
        byte[] cell = new byte[length];
        body.get(cell);
        assertThat(body.hasRemaining()).isFalse();
        return new String(cell, StandardCharsets.UTF_8);
    }

    private static List<List<String>> rows(List<Message> messages) {
        return messages.stream()
                .filter(message -> message.tag() == 'D')
                .map(Message::columns)
                .toList();
    }
}
