package dev.chaperone.postgres.analysis;

import java.util.Set;

/**
 * The parts of the database's own catalogs that anyone may read: enough for {@code \d}, for drivers' metadata and for
 * schema browsers. Statistics, activity, credentials and large objects hold values of other people's data and are not here.
 */
final class SystemRelations {

    private static final Set<String> CATALOG = Set.of(
            "pg_aggregate",
            "pg_am",
            "pg_amop",
            "pg_amproc",
            "pg_attrdef",
            "pg_attribute",
            "pg_auth_members",
            "pg_available_extension_versions",
            "pg_available_extensions",
            "pg_cast",
            "pg_class",
            "pg_collation",
            "pg_constraint",
            "pg_conversion",
            "pg_database",
            "pg_default_acl",
            "pg_depend",
            "pg_description",
            "pg_enum",
            "pg_event_trigger",
            "pg_extension",
            "pg_foreign_data_wrapper",
            "pg_foreign_server",
            "pg_foreign_table",
            "pg_group",
            "pg_index",
            "pg_indexes",
            "pg_inherits",
            "pg_init_privs",
            "pg_language",
            "pg_matviews",
            "pg_namespace",
            "pg_opclass",
            "pg_operator",
            "pg_opfamily",
            "pg_parameter_acl",
            "pg_partitioned_table",
            "pg_policies",
            "pg_policy",
            "pg_proc",
            "pg_publication",
            "pg_publication_namespace",
            "pg_publication_rel",
            "pg_publication_tables",
            "pg_range",
            "pg_rewrite",
            "pg_roles",
            "pg_rules",
            "pg_seclabel",
            "pg_seclabels",
            "pg_sequence",
            "pg_sequences",
            "pg_settings",
            "pg_shdepend",
            "pg_shdescription",
            "pg_statistic_ext",
            "pg_tables",
            "pg_tablespace",
            "pg_timezone_abbrevs",
            "pg_timezone_names",
            "pg_transform",
            "pg_trigger",
            "pg_ts_config",
            "pg_ts_config_map",
            "pg_ts_dict",
            "pg_ts_parser",
            "pg_ts_template",
            "pg_type",
            "pg_user",
            "pg_views");

    private SystemRelations() {}

    static boolean readable(RelationInfo relation) {
        if (relation.schema().equals("information_schema")) {
            // Both kinds of name: the standard's views and the private ones beneath them.
            return !relation.name().contains("user_mapping");
        }
        return relation.schema().equals("pg_catalog") && CATALOG.contains(relation.name());
    }
}
