# Statements by which a client has the server put a value that it may not see into an error, a line each. `!`: it is a notice; `16+`: from this
# major version on.
select c::int from vault.kept
select c::smallint from vault.kept
select c::bigint from vault.kept
select c::numeric from vault.kept
select c::float4 from vault.kept
select c::float8 from vault.kept
select c::boolean from vault.kept
select c::money from vault.kept
select c::date from vault.kept
select c::time from vault.kept
select c::timetz from vault.kept
select c::timestamp from vault.kept
select c::timestamptz from vault.kept
select c::interval from vault.kept
select c::uuid from vault.kept
select c::inet from vault.kept
select c::cidr from vault.kept
select c::macaddr from vault.kept
select c::macaddr8 from vault.kept
select c::bit(8) from vault.kept
select c::varbit from vault.kept
select ('\x' || c)::bytea from vault.kept
select ('\' || c)::bytea from vault.kept
select c::json from vault.kept
select c::jsonb from vault.kept
select ('{"a": ' || c || '}')::jsonb from vault.kept
select c::jsonpath from vault.kept
select c::point from vault.kept
select c::line from vault.kept
select c::lseg from vault.kept
select c::box from vault.kept
select c::path from vault.kept
select c::polygon from vault.kept
select c::circle from vault.kept
select (c || ' & &')::tsquery from vault.kept
select ('''' || c)::tsvector from vault.kept
select c::int[] from vault.kept
select ('{' || c)::text[] from vault.kept
select ('{' || c || '}')::int[] from vault.kept
select c::int4range from vault.kept
select c::tstzrange from vault.kept
select c::int4multirange from vault.kept
select c::vault.mood from vault.kept
select c::vault.pair from vault.kept
select ('(' || c || ',1)')::vault.pair from vault.kept
select c::oid from vault.kept
16+ select c::xid from vault.kept
select c::tid from vault.kept
select c::pg_lsn from vault.kept
select c::pg_snapshot from vault.kept
select c::aclitem from vault.kept
select c::int2vector from vault.kept
select c::oidvector from vault.kept
select c::regclass from vault.kept
select c::regtype from vault.kept
select c::regproc from vault.kept
select c::regprocedure from vault.kept
select c::regoper from vault.kept
select c::regoperator from vault.kept
select c::regrole from vault.kept
select c::regnamespace from vault.kept
select c::regconfig from vault.kept
select c::regdictionary from vault.kept
select c::regcollation from vault.kept
select n::smallint from vault.kept
select n::numeric(3, 1) from vault.kept
select n::int4 from vault.kept
select (n * power(n, 20))::float4 from vault.kept
select (n::text || '-13-45')::date from vault.kept
select ('1999-' || n::text)::date from vault.kept
select (n::text || ' years')::interval from vault.kept
select nextval(c) from vault.kept
select currval(c) from vault.kept
select setval('vault.seq', n::bigint) from vault.kept
select set_config(c, 'x', false) from vault.kept
select set_config('work_mem', c, false) from vault.kept
select set_config('timezone', c, false) from vault.kept
select set_config('client_min_messages', c, false) from vault.kept
select set_config('role', c, false) from vault.kept
select current_setting(c) from vault.kept
select to_date(c, 'YYYY-MM-DD') from vault.kept
select to_timestamp(c, 'Mon DD') from vault.kept
select date_trunc(c, now()) from vault.kept
select date_part(c, now()) from vault.kept
select extract(epoch from (c)::interval) from vault.kept
select timezone(c, now()) from vault.kept
select d at time zone c from vault.kept
select make_date(2000, 1, 1) + n::bigint::int from vault.kept
select convert_to(c, c) from vault.kept
select convert_from(c::bytea, c) from vault.kept
select convert(c::bytea, c, 'UTF8') from vault.kept
select convert_from(('\xff'::bytea || c::bytea), 'UTF8') from vault.kept
select convert(('\xe5a4a7'::bytea || c::bytea), 'UTF8', 'LATIN1') from vault.kept
select encode(c::bytea, c) from vault.kept
select decode(c, c) from vault.kept
select decode(c, 'hex') from vault.kept
select decode(c || '!', 'base64') from vault.kept
select 'x' ~ ('(' || c) from vault.kept
select regexp_replace('x', 'x', 'x', c) from vault.kept
select regexp_matches('x', 'x', c) from vault.kept
select 'x' like c escape c from vault.kept
select format('%' || c, 1) from vault.kept
select unistr('\' || c) from vault.kept
select has_table_privilege(c, 'select') from vault.kept
select has_schema_privilege(c, 'usage') from vault.kept
select has_table_privilege('vault.kept', c) from vault.kept
select pg_has_role(c, 'usage') from vault.kept
select pg_get_serial_sequence(c, 'x') from vault.kept
select pg_get_serial_sequence('vault.kept', c) from vault.kept
select pg_size_bytes(c) from vault.kept
select pg_encoding_to_char(c::int) from vault.kept
select json_populate_record(null::vault.pair, json_build_object('one', c)) from vault.kept
select * from vault.kept, json_to_record(json_build_object('one', c)) as r (one int)
select jsonb_populate_record(null::vault.pair, jsonb_build_object('one', c)) from vault.kept
select (jsonb_build_object('one', c) ->> 'one')::int from vault.kept
select jsonb_path_query(jsonb_build_object('a', c), '$.a.datetime()') from vault.kept
select jsonb_path_query(jsonb_build_object('a', c), '$.a.double()') from vault.kept
select jsonb_path_query('{}', ('strict $.' || c)::jsonpath) from vault.kept
select jsonb_set('[]', array[c], '1') from vault.kept
select json_object(array[c]) from vault.kept
select xmlparse(document c) from vault.kept
select ('<a><' || c || '></b></a>')::xml from vault.kept
select xpath('//' || c || '[', '<a/>') from vault.kept
select x.* from vault.kept, xmltable('/a' passing xmlparse(document '<a>' || c || '</a>') columns v int path '.') x
select query_to_xml(c, true, false, '') from vault.kept
select ts_rewrite('a'::tsquery, c) from vault.kept
select ts_stat(c) from vault.kept
select to_tsquery('simple', c || ' &') from vault.kept
select ts_lexize(c::regdictionary, 'x') from vault.kept
select setweight('a:1'::tsvector, 'x') from vault.kept where c::int = 1
select int4range(n::bigint::int, 1) from vault.kept
select numrange(n, -n) from vault.kept
select id from vault.kept where c::int > 1
select id from vault.kept order by c::int
select count(*) from vault.kept group by c::int
select sum(c::int) from vault.kept
select (select c::int from vault.kept limit 1)
select case when c is not null then c::int end from vault.kept
select coalesce(null, c::date) from vault.kept
select array_agg(c::int) from vault.kept
with k as materialized (select c::int as c from vault.kept) select * from k
select * from generate_series(1, (select c::int from vault.kept limit 1))
select vault.raise(c) from vault.kept
select vault.as_violation(c) from vault.kept
select vault.as_state(c) from vault.kept
select vault.dynamic(c) from vault.kept
select vault.strict(c) from vault.kept
select vault.asserted(c) from vault.kept
select vault.branch(c) from vault.kept
select vault.cast_inside(c) from vault.kept
!select vault.noted(c) from vault.kept
insert into vault.target (id, c) select 100, 'canary-7f3a' from vault.kept where id = 1
insert into vault.target (id, c) select 101, c from vault.kept where id = 1
insert into vault.target (id, small) select 102, c from vault.kept
insert into vault.target (id, must, c) select 103, null, c from vault.kept where id = 2
insert into vault.target (id, checked) select 104, c from vault.kept where id = 1
insert into vault.target (id, n) select 105, n from vault.kept
insert into vault.target (id, ref) select 106, c || 'x' from vault.kept where id = 1
insert into vault.target (id, span) values (107, '[73737370,73737375)')
insert into vault.target (id, c) select 1, c || id from vault.kept
update vault.target set id = null where id = 1
update vault.target set n = 1000 where id = 1
update vault.target set small = must where id = 1
update vault.target set ref = must || 'x' where id = 1
delete from vault.kept where id = 1 and exists (select pg_sleep(0) where c::int = 1)
insert into vault.parts select c from vault.kept
insert into vault.part_a select c from vault.kept
insert into vault.checked select 108, c from vault.kept where id = 2
insert into vault.secured select c from vault.kept
insert into vault.triggered select c from vault.kept
!insert into vault.noticed select c from vault.kept where id = 1
insert into vault.target (id, late) select 109, c || 'x' from vault.kept where id = 1
insert into vault.target (id, c) values (110, 'canary-7f3a') on conflict (id) do nothing
15+ merge into vault.target t using vault.kept k on t.id = k.id + 1000 when not matched then insert (id, must, c) values (k.id + 200, null, k.c || 'x')
create temp table copied as select c::int from vault.kept
select c::vault.short from vault.kept
