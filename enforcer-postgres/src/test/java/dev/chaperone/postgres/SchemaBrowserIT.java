package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.testkit.PostgresMajors;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Queries on the catalogs as schema browsers write them, and as nobody should be able to. */
class SchemaBrowserIT {

    /** Columns of the catalogs that hold something else than schema: they come as null. */
    private static final Set<String> WITHHELD =
            Set.of("attmissingval", "rolconfig", "useconfig", "last_value", "tgargs");

    private static MetadataWorld world;

    @BeforeAll
    static void start() {
        world = new MetadataWorld();
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    static Stream<String> queries() {
        return Stream.of(MetadataWorld.resource("browser.sql")
                        .replaceFirst("--.*\n", "")
                        .split("\n\n"))
                // Browsers look which version the server is of before they ask for this column.
                .filter(sql -> PostgresMajors.chosen() >= 15 || !sql.contains("datlocprovider"));
    }

    @ParameterizedTest
    @MethodSource("queries")
    void answersAsTheDatabaseItselfButForWhatIsNoSchema(String sql) throws SQLException {
        for (String mode : List.of("simple", "extended")) {
            try (Connection direct = world.gateway.backend.connect(Gateway.DATABASE, "gateway", "not-for-agents");
                    Connection through = agent("preferQueryMode", mode)) {
                List<List<String>> rows = rows(through, sql, true);

                assertThat(rows).isEqualTo(rows(direct, sql, false));
                assertThat(rows.toString()).doesNotContain(MetadataWorld.CANARY);
            }
        }
    }

    @Test
    void whatIsNoSchemaIsThereForThoseWhomNothingIsKeptFrom() throws SQLException {
        try (Connection human = world.gateway.connect(TestingAuthenticator.HUMAN)) {
            assertThat(rows(human, "select rolconfig from pg_roles where rolname = 'gateway'", false)
                            .toString())
                    .contains(MetadataWorld.CANARY);
            assertThat(rows(human, "select last_value from pg_sequences where sequencename = 'numbers'", false))
                    .containsExactly(List.of("last_value=100"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select attmissingval::text from pg_attribute",
                "select 1 from pg_attribute where attmissingval::text like '%c%'",
                "select count(attmissingval) from pg_attribute",
                "select a from pg_attribute a",
                "select row_to_json(a) from pg_attribute a",
                "select a::text from pg_attribute a where a.attname = 'ward'",
                "select attname from pg_attribute a order by a.attmissingval::text",
                "select rolconfig[1] from pg_roles",
                "select array_to_string(rolconfig, ',') from pg_roles",
                "select r from pg_roles r",
                "select unnest(useconfig) from pg_user",
                "select last_value + 1 from pg_sequences",
                "select s.c from (select unnest(setconfig) c from pg_db_role_setting) s",
                "select * from pg_stats",
                "select most_common_vals from pg_stats where tablename = 'people'",
                "select histogram_bounds::text from pg_catalog.pg_stats",
                "select * from pg_statistic",
                "select * from pg_statistic_ext_data",
                "select * from pg_stats_ext",
                "select * from pg_stats_ext_exprs",
                "select query from pg_stat_activity",
                "select n_live_tup from pg_stat_all_tables",
                "select * from pg_stat_user_tables",
                "select * from pg_stat_database",
                "select * from pg_locks",
                "select * from pg_prepared_statements",
                "select * from pg_cursors",
                "select * from pg_prepared_xacts",
                "select * from pg_shadow",
                "select * from pg_authid",
                "select * from pg_user_mappings",
                "select * from information_schema.user_mapping_options",
                "select * from pg_largeobject",
                "select * from pg_file_settings",
                "select * from pg_hba_file_rules",
                "select * from pg_backend_memory_contexts",
                "select last_value from registry.numbers",
                "select (select most_common_vals::text from pg_stats limit 1)",
                "with s as (select * from pg_stats) select tablename from s",
                "select pg_stat_get_live_tuples('registry.people'::regclass)",
                "select * from pg_stat_get_activity(null)",
                "select pg_sequence_last_value('registry.numbers')"
            })
    void dataBehindTheCatalogsIsRefused(String sql) throws SQLException {
        try (Connection agent = agent()) {
            assertThatThrownBy(() -> rows(agent, sql, false))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42501"))
                    .hasMessageNotContaining(MetadataWorld.CANARY);
            assertThat(rows(agent, "select 1", false)).hasSize(1);
        }
    }

    private static Connection agent(String... properties) throws SQLException {
        return world.gateway.connect(TestingAuthenticator.AGENT, properties);
    }

    /** What of a definition gets past the gateway: no constants, and no bodies of functions but the names of those in C. */
    private static @Nullable String withoutConstants(String column, @Nullable String value, boolean expression) {
        if (value == null || expression) {
            return value == null ? null : "***";
        }
        return switch (column) {
            case "prosrc" -> value.matches("\\w+") ? value : null;
            case "pg_get_functiondef" -> value.replaceFirst("(?s)\\$(function|procedure)\\$.*\\$\\1\\$", "'***'");
            case "typdefault" -> value.replaceAll("\\(\\d+\\)", "('***')");
            default -> value;
        };
    }

    private static List<List<String>> rows(Connection connection, String sql, boolean withheldAreNull)
            throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<List<String>> all = new ArrayList<>();
            while (rows.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    String column = rows.getMetaData().getColumnName(i);
                    if (withheldAreNull && WITHHELD.contains(column)) {
                        assertThat(rows.getString(i)).as(column).isNull();
                    }
                    String value = sql.contains("*") && WITHHELD.contains(column) ? null : rows.getString(i);
                    boolean expression = rows.getMetaData().getColumnTypeName(i).equals("pg_node_tree");
                    row.add(column + '=' + (withheldAreNull ? value : withoutConstants(column, value, expression)));
                }
                all.add(row);
            }
            return all;
        }
    }
}
