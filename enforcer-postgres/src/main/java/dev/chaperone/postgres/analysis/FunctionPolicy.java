package dev.chaperone.postgres.analysis;

import java.util.List;
import java.util.Set;

/**
 * Which of the functions that come with PostgreSQL do nothing but compute from their arguments, or tell harmless things about
 * the session or the catalog. Functions that were created later are never on the list: policies decide about those.
 */
final class FunctionPolicy {

    private static final Set<String> LANGUAGES = Set.of("internal", "c", "sql");

    /** Volatile, but nothing is learned of others and nothing is kept. */
    private static final Set<String> HARMLESS_VOLATILE = Set.of(
            "clock_timestamp",
            "timeofday",
            "random",
            "pg_partition_ancestors",
            "pg_partition_root",
            "pg_partition_tree",
            "bernoulli",
            "system",
            "random_normal",
            "gen_random_uuid",
            "uuidv4",
            "uuidv7",
            "nextval",
            "currval",
            "lastval",
            "pg_is_in_recovery",
            "pg_table_size",
            "pg_relation_size",
            "pg_total_relation_size",
            "pg_indexes_size",
            "pg_database_size",
            "pg_tablespace_size");

    /** Counters that schema browsers show beside indexes, and which tell of no value. */
    private static final Set<String> HARMLESS_STATISTICS = Set.of("pg_stat_get_numscans");

    /** Name prefixes of functions that reach further than their arguments, whatever their volatility says. */
    private static final List<String> REFUSED_PREFIXES = List.of(
            "pg_stat_",
            "pg_read_",
            "pg_ls_",
            "pg_logical_",
            "pg_replication_",
            "pg_show_replication_",
            "pg_control_",
            "pg_event_trigger_",
            "pg_get_replication_",
            "pg_get_shmem_",
            "pg_get_backend_",
            "pg_get_process_",
            "pg_get_wait_",
            "pg_get_wal_",
            "pg_get_aios",
            "pg_lock",
            "pg_hba_",
            "pg_ident_",
            "pg_show_all_file_",
            "pg_config",
            "pg_mcv_",
            "pg_prepared_",
            "pg_cursor",
            "pg_advisory_",
            "pg_try_advisory_",
            "pg_sequence_last_value",
            "pg_get_sequence_data",
            "pg_nextoid",
            "lo_",
            "loread",
            "lowrite",
            "query_to_xml",
            "table_to_xml",
            "cursor_to_xml",
            "schema_to_xml",
            "database_to_xml",
            "binary_upgrade_",
            "currtid",
            "ts_stat",
            "set_config",
            "pg_notify",
            "dblink",
            // Assign a transaction id, or tell how many transactions others run.
            "txid_",
            "pg_current_xact_id",
            "pg_current_snapshot",
            // Load the library of a function.
            "fmgr_",
            // Where the server is, and where on it things are.
            "inet_server_",
            "inet_client_",
            "pg_relation_filepath",
            "pg_relation_filenode",
            "pg_filenode_relation",
            "pg_walfile_name",
            "pg_tablespace_databases",
            "pg_conf_load_time",
            "pg_numa_available");

    /** Belong to what is refused by prefix, but do nothing but compute from a value. */
    private static final Set<String> SNAPSHOT_TYPE = Set.of(
            "txid_snapshot_in",
            "txid_snapshot_out",
            "txid_snapshot_recv",
            "txid_snapshot_send",
            "txid_snapshot_xip",
            "txid_snapshot_xmax",
            "txid_snapshot_xmin",
            "txid_visible_in_snapshot");

    /** Takes or gives what exists inside the server only. Samplers are the ones that a statement can name. */
    private static final String INTERNAL = "internal";

    private static final Set<String> SAMPLERS = Set.of("bernoulli", "system");

    /** Stable or immutable by their label, refused by name: they call the input function of any type by its OID or name. */
    private static final Set<String> REFUSED = Set.of(
            "domain_in",
            "domain_recv",
            "record_in",
            "record_recv",
            "array_in",
            "array_recv",
            "range_in",
            "range_recv",
            "multirange_in",
            "multirange_recv",
            "pg_dependencies_in",
            "pg_input_is_valid",
            "pg_input_error_info",
            // Says which options there are by failing.
            "postgresql_fdw_validator");

    private FunctionPolicy() {}

    /**
     * Whether a function that came with PostgreSQL is on the list.
     *
     * @param types the types of its arguments
     */
    static boolean allows(String schema, String name, char kind, char volatility, String language, List<String> types) {
        if (!schema.equals("pg_catalog") && !schema.equals("information_schema") || !LANGUAGES.contains(language)) {
            return false;
        }
        if (kind == 'p' || REFUSED.contains(name) || types.contains(INTERNAL) && !SAMPLERS.contains(name)) {
            return false;
        }
        if (volatility == 'v') {
            return HARMLESS_VOLATILE.contains(name);
        }
        return HARMLESS_STATISTICS.contains(name)
                || SNAPSHOT_TYPE.contains(name)
                || REFUSED_PREFIXES.stream().noneMatch(name::startsWith);
    }
}
