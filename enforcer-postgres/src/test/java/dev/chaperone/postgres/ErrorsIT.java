package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.testkit.PostgresMajors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ways to have the server put a value into an error or a notice. Every one of them is permitted here, functions that are not on
 * the allow-list included: what keeps the value from the agent is the sanitiser alone.
 */
class ErrorsIT {

    /** Pieces of what stands for data in {@code errors/schema.sql}; the server quotes values in part, too. */
    private static final List<String> CANARIES = List.of("canary", "cana", "7f3a", "737373", "\"n\"", "\"c\"");

    private static final Set<String> FIELDS = Set.of("S", "V", "C", "M", "P", "s", "t", "n", "c");

    /** Before a statement that older servers do not know, or answer without an error. */
    private static final String SINCE = "\\d\\d\\+ ";

    private static final Properties TEXTS = new Properties();

    private static Gateway gateway;

    @BeforeAll
    static void start() throws IOException {
        TEXTS.load(ErrorsIT.class.getResourceAsStream("/dev/chaperone/postgres/masking/sqlstates.properties"));
        gateway = Gateway.start();
        gateway.backend.executeIn(Gateway.DATABASE, resource("schema.sql"));
        gateway.backend.execute("grant temporary on database clinic to gateway");
        gateway.decisions.policy(request -> permitted());
    }

    private static Decision permitted() {
        return TestingDecisions.permit().toBuilder().setPermitsUnanalysed(true).build();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    private static String resource(String name) {
        try (InputStream in = ErrorsIT.class.getResourceAsStream("/errors/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<String> statements() {
        return resource("statements.sql")
                .lines()
                .filter(line -> !line.startsWith("#"))
                .filter(line -> since(line) <= PostgresMajors.chosen())
                .map(line -> line.replaceFirst(SINCE, ""));
    }

    private static int since(String line) {
        return line.matches(SINCE + ".*") ? Integer.parseInt(line.substring(0, 2)) : 0;
    }

    @ParameterizedTest
    @MethodSource("statements")
    void noValueArrivesInAnErrorOrNotice(String line) throws Exception {
        String sql = line.startsWith("!") ? line.substring(1) : line;
        gateway.recorder.forget();
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(RawClient.query(sql));
            List<RawClient.Message> answer = new ArrayList<>(client.until("Z"));
            client.raw(RawClient.join(
                    RawClient.parse("", sql), RawClient.bind("", ""), RawClient.execute("", 0), RawClient.sync()));
            answer.addAll(client.until("Z"));
            client.raw(RawClient.query("begin; " + sql));
            answer.addAll(client.until("Z"));
            client.raw(RawClient.query("commit"));
            answer.addAll(client.until("Z"));

            List<RawClient.Message> reports = answer.stream()
                    .filter(message -> message.tag() == 'E' || message.tag() == 'N')
                    .toList();
            assertThat(reports).hasSizeGreaterThanOrEqualTo(3);
            reports.forEach(report -> assertHarmless(report, line.startsWith("!") ? 'N' : 'E'));
        }
        assertThat(gateway.recorder.events())
                .flatMap(event -> event.originals().getValuesList())
                .as("the server's own words are kept for the auditor")
                .anySatisfy(original -> {
                    assertThat(original.getField()).isEqualTo("error");
                    assertThat(original.getValue().toStringUtf8()).contains("C");
                });
    }

    private static void assertHarmless(RawClient.Message report, char tag) {
        String text = new String(report.body(), StandardCharsets.UTF_8);
        Set<String> fields = new TreeSet<>();
        for (String field : text.split("\0")) {
            if (!field.isEmpty()) {
                fields.add(field.substring(0, 1));
            }
        }
        assertThat(report.tag()).isEqualTo(tag);
        assertThat(fields).isSubsetOf(FIELDS);
        assertThat(text.toLowerCase(Locale.ROOT)).doesNotContain(CANARIES);
        if (report.field('t').isEmpty()) {
            assertThat(report.field('M')).isEqualTo(TEXTS.getProperty(report.field('C')));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "insert into vault.target (id) values (1)"
                        + " | duplicate key value violates unique constraint \"target_pkey\" | target | target_pkey",
                "insert into vault.target (id, n) values (300, 5000)"
                        + " | new row for relation \"target\" violates check constraint \"target_n_check\" | target | target_n_check",
                "insert into vault.target (id, ref) values (301, 'none')"
                        + " | insert or update on table \"target\" violates foreign key constraint \"target_ref_fkey\""
                        + " | target | target_ref_fkey",
                "insert into vault.target (id, late) values (302, 'none')"
                        + " | insert or update on table \"target\" violates foreign key constraint \"target_late_fkey\""
                        + " | target | target_late_fkey",
                "insert into vault.target (id, span) values (303, '[73737373,73737374)')"
                        + " | conflicting key value violates exclusion constraint \"target_span_excl\" | target | target_span_excl",
                "insert into vault.target (id, must) values (304, null)"
                        + " | null value in column \"must\" of relation \"target\" violates not-null constraint | target | ''",
                "insert into vault.part_a values ('a', 1), ('b', 1) | a check constraint is violated | '' | ''",
                "delete from vault.kept where id = 3"
                        + " | update or delete violates foreign key constraint \"target_ref_fkey\" on table \"target\""
                        + " | target | target_ref_fkey",
                "update vault.checked set c = 'b' where id = 5"
                        + " | duplicate key value violates unique constraint \"target_c_key\" | target | target_c_key",
                "select vault.as_violation('target_pkey') | a duplicate key value violates a unique constraint | '' | ''"
            })
    void whatAnAgentsOwnStatementViolatesIsNamed(String sql, String message, String table, String constraint)
            throws Exception {
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "insert into vault.kept values (3, 'referenced') on conflict do nothing",
                "insert into vault.target (id, c, ref) values (4, 'b', 'referenced'), (5, 'a', null) on conflict do nothing");
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(RawClient.query(sql));
            RawClient.Message error =
                    client.until("E").stream().reduce((one, other) -> other).orElseThrow();
            assertThat(error.field('M')).isEqualTo(message);
            assertThat(error.field('t')).isEqualTo(table);
            assertThat(error.field('n')).isEqualTo(constraint);
            assertThat(error.field('D')).isEmpty();
            client.until("Z");
        }
    }

    @Test
    void aStatementThatDoesNotParseIsExplainedInTheServersOwnWords() throws Exception {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(RawClient.query("select 1; select cc from vault.kept"));
            RawClient.Message error =
                    client.until("E").stream().reduce((one, other) -> other).orElseThrow();
            assertThat(error.field('M')).isEqualTo("column \"cc\" does not exist");
            assertThat(error.field('H')).contains("Perhaps you meant");
            assertThat(error.field('P')).isEqualTo("18");
            client.until("Z");
            client.raw(RawClient.query("select 1 as " + "x".repeat(70)));
            RawClient.Message notice = client.until("N").get(0);
            assertThat(notice.field('M')).contains("will be truncated");
            client.until("Z");
        }
    }

    @Test
    void whomNothingIsKeptFromGetsTheServersOwnWords() throws SQLException {
        try (Connection human = gateway.connect(TestingAuthenticator.HUMAN);
                Statement statement = human.createStatement()) {
            statement.execute("insert into vault.noticed values ('seen')");
            assertThat(statement.getWarnings().getMessage()).isEqualTo("n seen");
            assertThat(messageOf(statement, "select c::int from vault.kept"))
                    .contains("invalid input syntax for type integer: \"canary-7f3a\"");
            assertThat(messageOf(statement, "insert into vault.target (id, late) values (400, 'none')"))
                    .contains("Key (late)=(none) is not present");
        }
    }

    @Test
    void whatIsKeptBackStaysSoUntilTheTransactionEnds() throws SQLException {
        gateway.decisions.policy(request -> TestingDecisions.touches(request, "kept")
                ? TestingDecisions.permit(TestingDecisions.mask("clinic.vault.kept.c", "redact"))
                : TestingDecisions.permit());
        try (Connection human = gateway.connect(TestingAuthenticator.HUMAN);
                Statement statement = human.createStatement()) {
            human.setAutoCommit(false);
            statement.execute("select c from vault.kept");
            statement.execute("insert into vault.target (id, late) values (401, 'none')");
            assertThat(messageOf(statement, "set constraints all immediate"))
                    .contains("violates foreign key constraint \"target_late_fkey\"")
                    .doesNotContain("Key (late)");
            human.rollback();
            assertThat(messageOf(statement, "insert into vault.target (id, ref) values (401, 'none')"))
                    .contains("Key (ref)=(none) is not present");
        } finally {
            gateway.decisions.policy(request -> permitted());
        }
    }

    private static String messageOf(Statement statement, String sql) {
        try {
            statement.execute(sql);
            return "";
        } catch (SQLException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
