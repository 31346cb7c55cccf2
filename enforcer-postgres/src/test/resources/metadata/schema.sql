-- One of everything that clients look up in the catalogs, with no constant in any definition: those are taken out on the way. The value `canary-7f3a` stands for data: it must reach nobody.
CREATE SCHEMA registry;
COMMENT ON SCHEMA registry IS 'people and what they came for';
CREATE TYPE registry.mood AS ENUM ('good', 'bad');
CREATE TYPE registry.address AS (street text, zip text);
CREATE DOMAIN registry.percent AS int CHECK (value = value);
CREATE TYPE registry.span AS RANGE (subtype = date);
CREATE SEQUENCE registry.numbers START 100;
CREATE TABLE registry.people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    ssn varchar(11) UNIQUE,
    born date DEFAULT CURRENT_DATE,
    mood registry.mood,
    home registry.address,
    score registry.percent DEFAULT length(CURRENT_USER),
    tags text[],
    initial text GENERATED ALWAYS AS (upper(name)) STORED,
    CONSTRAINT old_enough CHECK (born <= CURRENT_DATE));
COMMENT ON TABLE registry.people IS 'one row a person';
COMMENT ON COLUMN registry.people.ssn IS 'social security number';
CREATE TABLE registry.visits (
    id int PRIMARY KEY,
    person bigint NOT NULL REFERENCES registry.people ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now(),
    during registry.span,
    room int,
    EXCLUDE USING gist (during WITH &&));
CREATE INDEX visits_by_day ON registry.visits (person, (room + room)) WHERE room IS NOT NULL;
CREATE STATISTICS registry.visits_stats (dependencies) ON person, room FROM registry.visits;
CREATE TABLE registry.measures (id int, taken date, value numeric(10, 2)) PARTITION BY RANGE (taken);
CREATE TABLE registry.measures_2024 PARTITION OF registry.measures FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
CREATE TABLE registry.measures_rest PARTITION OF registry.measures DEFAULT;
CREATE TABLE registry.staff (badge text) INHERITS (registry.visits);
CREATE VIEW registry.adults AS SELECT id, name FROM registry.people WHERE born < CURRENT_DATE;
CREATE MATERIALIZED VIEW registry.counts AS SELECT mood, count(*) FROM registry.people GROUP BY mood;
CREATE FUNCTION registry.twice(n int DEFAULT pg_backend_pid()) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION registry.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE PROCEDURE registry.tidy(INOUT n int) LANGUAGE plpgsql AS 'BEGIN n := 0; END';
CREATE AGGREGATE registry.total (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE OPERATOR registry.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE TRIGGER touched BEFORE UPDATE ON registry.people FOR EACH ROW WHEN (old.name <> new.name)
    EXECUTE FUNCTION registry.touch();
CREATE RULE nothing AS ON DELETE TO registry.adults DO INSTEAD NOTHING;
CREATE COLLATION registry.german (locale = 'C');
CREATE TEXT SEARCH CONFIGURATION registry.plain (COPY = pg_catalog.simple);
CREATE FOREIGN DATA WRAPPER elsewhere;
CREATE SERVER other FOREIGN DATA WRAPPER elsewhere OPTIONS (host 'other.example');
CREATE FOREIGN TABLE registry.remote (id int, name text) SERVER other OPTIONS (table_name 'people');
CREATE FUNCTION registry.watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION registry.watched();
ALTER TABLE registry.people ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone ON registry.people USING (name <> '***');
INSERT INTO registry.people (name, ssn, mood) VALUES ('canary-7f3a', 'can-7f3a', 'good'), ('Grace', '987-65-4321', 'bad');
ALTER TABLE registry.people ADD COLUMN ward text DEFAULT 'canary-7f3a-missing';
ALTER TABLE registry.people ALTER COLUMN ward DROP DEFAULT;
SELECT nextval('registry.numbers');
ANALYZE registry.people;
CREATE PUBLICATION news FOR TABLE registry.visits;
GRANT USAGE ON SCHEMA registry TO gateway;
GRANT SELECT ON ALL TABLES IN SCHEMA registry TO gateway;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA registry TO gateway;
ALTER ROLE gateway SET "app.secret" = 'canary-7f3a-setting';
ALTER DEFAULT PRIVILEGES IN SCHEMA registry GRANT SELECT ON TABLES TO gateway;
