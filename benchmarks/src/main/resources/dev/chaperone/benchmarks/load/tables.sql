-- What the agents read; two tables with the same content, of which the catalog classifies two columns of one.
CREATE TABLE masked AS
SELECT i AS id, 'given ' || i AS given_name, lpad(i::text, 9, '0') AS ssn, 'city ' || i % 100 AS city,
       'street ' || i AS street, i % 7 AS kind, i * 3 AS amount, 'note number ' || i AS note,
       md5(i::text) AS reference, DATE '2020-01-01' + i % 1000 AS made
FROM generate_series(1, 10000) AS i;
ALTER TABLE masked ADD PRIMARY KEY (id);
CREATE TABLE plain AS TABLE masked;
ALTER TABLE plain ADD PRIMARY KEY (id);
-- What takes an approval.
CREATE TABLE held AS SELECT i AS id, 'row ' || i AS line FROM generate_series(1, 10) AS i;
-- What is copied in and out, and a row as long as PostgreSQL makes them through most drivers.
CREATE UNLOGGED TABLE loaded (line text);
CREATE TABLE long_rows (content bytea);
ALTER TABLE long_rows ALTER content SET STORAGE EXTERNAL;
GRANT SELECT ON masked, plain, long_rows, held, pgbench_accounts, pgbench_branches TO chaperone_bench;
GRANT INSERT ON loaded TO chaperone_bench;
-- The log would receive every query tree; docs/architecture.md says so.
ALTER ROLE chaperone_bench SET log_min_messages = fatal;
ANALYZE;
