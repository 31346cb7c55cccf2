-- What schema browsers (DBeaver, pgAdmin, DataGrip) and drivers' introspection ask, a query a paragraph.
SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate OR db.datname = 'clinic' ORDER BY db.datname

SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass
ORDER BY nspname

SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr,
    pg_catalog.pg_get_partkeydef(c.oid) AS partition_key
FROM pg_catalog.pg_class c
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE c.relnamespace = 'registry'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.oid

SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid
FROM pg_catalog.pg_attribute a
INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid)
LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum)
LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum
    AND dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.oid = 'registry.people'::regclass ORDER BY a.attnum

SELECT c.oid, c.*, t.relname AS tabrelname, rt.relnamespace AS refnamespace, d.description,
    CASE WHEN c.contype = 'c' THEN "substring"(pg_get_constraintdef(c.oid), 7) ELSE null END consrc_copy
FROM pg_catalog.pg_constraint c
INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_constraint'::regclass
WHERE c.conrelid = 'registry.people'::regclass ORDER BY c.oid

SELECT i.*, i.indkey AS keys, c.relname, c.relnamespace, c.relam, c.reltablespace, tc.relname AS tabrelname, dsc.description,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS pred_expr, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expr,
    pg_catalog.pg_relation_size(i.indexrelid) AS index_rel_size, pg_catalog.pg_stat_get_numscans(i.indexrelid) AS index_num_scans
FROM pg_catalog.pg_index i
INNER JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
INNER JOIN pg_catalog.pg_class tc ON tc.oid = i.indrelid
LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid = dsc.objoid
WHERE i.indrelid = 'registry.visits'::regclass ORDER BY c.relname

SELECT i.*, c.relnamespace FROM pg_catalog.pg_inherits i, pg_catalog.pg_class c
WHERE i.inhrelid = 'registry.staff'::regclass AND c.oid = i.inhparent ORDER BY i.inhseqno

SELECT a.oid, a.*, pd.description FROM pg_catalog.pg_roles a
LEFT JOIN pg_catalog.pg_shdescription pd ON a.oid = pd.objoid ORDER BY a.rolname

SELECT * FROM pg_catalog.pg_user ORDER BY 1

SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description
FROM pg_catalog.pg_type t
LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = t.typelem
LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid
WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C')
ORDER BY t.oid

SELECT e.* FROM pg_catalog.pg_enum e WHERE e.enumtypid = 'registry.mood'::regtype ORDER BY e.enumsortorder

SELECT p.oid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS arg_defaults, d.description
FROM pg_catalog.pg_proc p
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = p.oid AND d.objsubid = 0
WHERE p.pronamespace = 'registry'::regnamespace ORDER BY p.proname, p.oid

SELECT p.oid, pg_get_functiondef(p.oid), pg_get_function_result(p.oid), pg_get_function_identity_arguments(p.oid)
FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'registry'::regnamespace AND p.prokind IN ('f', 'p') ORDER BY 1

SELECT x.oid, x.*, p.pronamespace AS func_schema_id, d.description, pg_get_triggerdef(x.oid, true)
FROM pg_catalog.pg_trigger x
LEFT OUTER JOIN pg_catalog.pg_proc p ON p.oid = x.tgfoid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = x.oid AND d.objsubid = 0
WHERE x.tgrelid = 'registry.people'::regclass AND NOT x.tgisinternal

SELECT c.oid, pg_catalog.pg_total_relation_size(c.oid) AS total_rel_size, pg_catalog.pg_relation_size(c.oid) AS rel_size
FROM pg_class c WHERE c.relnamespace = 'registry'::regnamespace AND c.relkind = 'r' ORDER BY 1

SELECT pg_get_viewdef('registry.adults'::regclass, true), pg_get_ruledef(r.oid, true), r.*
FROM pg_catalog.pg_rewrite r WHERE r.ev_class = 'registry.adults'::regclass ORDER BY r.oid

SELECT * FROM pg_catalog.pg_sequences WHERE schemaname = 'registry' ORDER BY sequencename

SELECT t.oid, t.*, pg_tablespace_location(t.oid) AS loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid

SELECT * FROM information_schema.table_privileges WHERE table_schema = 'registry' ORDER BY table_name, privilege_type, grantee

SELECT * FROM information_schema.columns WHERE table_schema = 'registry' AND table_name <> 'remote' ORDER BY table_name, ordinal_position

SELECT * FROM information_schema.views WHERE table_schema = 'registry' ORDER BY table_name

SELECT * FROM information_schema.check_constraints WHERE constraint_schema = 'registry' ORDER BY constraint_name

SELECT tc.constraint_name, tc.table_name, kcu.column_name, ccu.table_name AS foreign_table, ccu.column_name AS foreign_column
FROM information_schema.table_constraints AS tc
JOIN information_schema.key_column_usage AS kcu USING (constraint_schema, constraint_name)
JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
WHERE tc.constraint_type = 'FOREIGN KEY' AND tc.table_schema = 'registry' ORDER BY 1, 2, 3

SELECT * FROM information_schema.routines WHERE routine_schema = 'registry' ORDER BY specific_name

SELECT * FROM information_schema.triggers WHERE trigger_schema = 'registry' ORDER BY trigger_name

SELECT * FROM information_schema.sequences WHERE sequence_schema = 'registry' ORDER BY sequence_name

SELECT * FROM information_schema.foreign_tables

SELECT e.oid, e.*, n.nspname, v.default_version FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
LEFT JOIN pg_catalog.pg_available_extensions v ON v.name = e.extname

SELECT s.*, f.fdwname FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper f ON f.oid = s.srvfdw

SELECT name, setting, unit, category, short_desc, context, vartype FROM pg_catalog.pg_settings
WHERE name IN ('server_version', 'max_identifier_length', 'standard_conforming_strings', 'TimeZone') ORDER BY name

SELECT string_agg(word, ',' ORDER BY word) FROM pg_catalog.pg_get_keywords() WHERE catcode = 'R'

SELECT current_database(), current_schema(), version(), pg_is_in_recovery(), current_setting('server_version_num')

SELECT d.datname, pg_catalog.pg_get_userbyid(d.datdba) AS owner, pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
    CASE d.datlocprovider WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS provider,
    d.datcollate, d.datctype, pg_catalog.array_to_string(d.datacl, E'\n') AS acl,
    CASE WHEN pg_catalog.has_database_privilege(d.datname, 'CONNECT')
         THEN pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(d.datname)) ELSE 'No Access' END AS size, t.spcname
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON d.dattablespace = t.oid ORDER BY 1

SELECT pol.*, pg_get_expr(pol.polqual, pol.polrelid) AS qual FROM pg_catalog.pg_policy pol ORDER BY pol.polname

SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum), a.attidentity, a.attgenerated,
    has_column_privilege(a.attrelid, a.attnum, 'SELECT'), pg_get_serial_sequence('registry.people', a.attname)
FROM pg_attribute a WHERE a.attrelid = 'registry.people'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum

WITH RECURSIVE tree AS (
    SELECT 'registry.measures'::regclass::oid AS id, 0 AS depth
    UNION ALL SELECT i.inhrelid, t.depth + 1 FROM pg_inherits i JOIN tree t ON i.inhparent = t.id)
SELECT id::regclass, depth, obj_description(id, 'pg_class') FROM tree ORDER BY 1

SELECT con.conname, ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = con.conrelid AND attnum = ANY (con.conkey)) AS columns
FROM pg_constraint con WHERE con.connamespace = 'registry'::regnamespace ORDER BY 1
