package dev.chaperone.pdp.approval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the console keeps in the database of approvals, seen from two replicas and from the database itself. */
class SealedValuesIT {

    private static final Duration LONG = Duration.ofHours(1);

    private static PostgresBackend postgres;
    private static Approvals one;
    private static Approvals other;

    @BeforeAll
    static void start() {
        postgres = Backends.postgres();
        postgres.execute("create database sealed");
        one = approvals();
        other = approvals();
    }

    private static Approvals approvals() {
        Approvals approvals =
                new Approvals(TestingApprovals.config(postgres, "sealed"), () -> TestingApprovals.POLICY, List.of());
        approvals.start();
        return approvals;
    }

    @AfterAll
    static void stop() {
        one.close();
        other.close();
        postgres.close();
    }

    @Test
    void whatOneReplicaKeepsTheOtherFindsUntilEitherForgetsIt() {
        put("shared", "the value", LONG, LONG);

        assertThat(found("shared", LONG)).isEqualTo("the value");
        assertThat(found("shared", null)).isEqualTo("the value");
        assertThat(other.sealedValues().find("OTHER", "shared", LONG))
                .as("another kind")
                .isNull();
        other.sealedValues().remove("KIND", "shared");
        assertThat(one.sealedValues().find("KIND", "shared", LONG)).isNull();
    }

    @Test
    void oneAloneTakes() {
        put("once", "the value", LONG, LONG);

        byte[] first = other.sealedValues().take("KIND", "once");
        byte[] second = one.sealedValues().take("KIND", "once");

        assertThat(first).isNotNull();
        assertThat(second).isNull();
    }

    @Test
    void whatIsOverIsNotFoundAndNeitherIsWhatNobodyAskedFor() {
        put("over", "x", LONG, Duration.ofNanos(1000));
        put("idle", "x", Duration.ofNanos(1000), LONG);

        assertThat(found("over", LONG)).isNull();
        assertThat(found("idle", LONG)).isNull();
        assertThat(one.sealedValues().take("KIND", "over")).isNull();
    }

    @Test
    void theOneThatNobodyAskedForLongestMakesRoom() {
        for (int i = 0; i < 5; i++) {
            one.sealedValues().put("FEW", "few-" + i, new byte[1], LONG.plusMinutes(i), LONG, 3);
        }

        assertThat(one.sealedValues().find("FEW", "few-1", LONG)).isNull();
        assertThat(one.sealedValues().find("FEW", "few-2", LONG)).isNotNull();
        assertThat(one.sealedValues().find("FEW", "few-4", LONG)).isNotNull();
    }

    @Test
    void whoReadsTheDatabaseReadsNeitherNamesNorValuesAndWhoAltersThemIsNoticed() throws Exception {
        put("the-secret-name", "the secret value", LONG, LONG);
        String rows = rows();

        assertThat(rows).isNotEmpty().doesNotContain("the-secret-name").doesNotContain("the secret value");

        postgres.executeIn(
                "sealed", "update console_value set content = set_byte(content, 20, get_byte(content, 20) # 1)");
        assertThatThrownBy(() -> found("the-secret-name", LONG)).isInstanceOf(ApprovalException.class);
        one.sealedValues().remove("KIND", "the-secret-name");
    }

    private static String rows() throws SQLException {
        StringBuilder all = new StringBuilder();
        try (Connection connection = postgres.connect("sealed");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select id, content from console_value")) {
            while (rows.next()) {
                all.append(new String(rows.getBytes(1), StandardCharsets.ISO_8859_1))
                        .append(new String(rows.getBytes(2), StandardCharsets.ISO_8859_1));
            }
        }
        return all.toString();
    }

    private static void put(String name, String value, Duration idle, Duration lifetime) {
        one.sealedValues().put("KIND", name, value.getBytes(StandardCharsets.UTF_8), idle, lifetime, 100);
    }

    private static @Nullable String found(String name, @Nullable Duration idle) {
        byte[] value = other.sealedValues().find("KIND", name, idle);
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }
}
