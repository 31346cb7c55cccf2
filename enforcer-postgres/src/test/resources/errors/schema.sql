-- Where values can get into the server's own words from. `canary-7f3a` and 73737373737373 are in every row of `vault.kept`.
CREATE SCHEMA vault;
CREATE TYPE vault.mood AS ENUM ('good', 'bad');
CREATE TYPE vault.pair AS (one int, two int);
CREATE DOMAIN vault.short AS text CHECK (length(value) < 3);
CREATE TABLE vault.kept (id int PRIMARY KEY, c text UNIQUE, n numeric DEFAULT 73737373737373, d date DEFAULT '2000-01-01');
INSERT INTO vault.kept VALUES (1, 'canary-7f3a'), (2, 'canary-7f3a-two');
CREATE TABLE vault.target (
    id int PRIMARY KEY,
    c text UNIQUE,
    small varchar(3),
    must text NOT NULL DEFAULT 'x',
    checked text CHECK (checked <> 'canary-7f3a'),
    ref text REFERENCES vault.kept (c),
    late text REFERENCES vault.kept (c) DEFERRABLE INITIALLY DEFERRED,
    n numeric CHECK (n < 1000),
    span int4range,
    EXCLUDE USING gist (span WITH &&));
INSERT INTO vault.target (id, c, span, must) VALUES (1, 'canary-7f3a', '[73737373,73737379)', 'canary-7f3a');
CREATE TABLE vault.parts (c text, v int) PARTITION BY LIST (c);
CREATE TABLE vault.part_a PARTITION OF vault.parts FOR VALUES IN ('a');
CREATE VIEW vault.checked AS SELECT id, c, must FROM vault.target WHERE c = 'a' WITH CHECK OPTION;
CREATE TABLE vault.secured (c text);
ALTER TABLE vault.secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY only_a ON vault.secured USING (true) WITH CHECK (c = 'a');
CREATE SEQUENCE vault.seq MAXVALUE 10;
CREATE TABLE vault.triggered (c text);
CREATE TABLE vault.noticed (c text);
CREATE FUNCTION vault.shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no %', new.c USING DETAIL = 'd ' || new.c, HINT = 'h ' || new.c; END $$;
CREATE TRIGGER shout BEFORE INSERT ON vault.triggered FOR EACH ROW EXECUTE FUNCTION vault.shout();
CREATE FUNCTION vault.whisper() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'n %', new.c USING DETAIL = new.c, HINT = new.c;
    RAISE WARNING 'w %', new.c; RAISE INFO 'i %', new.c; RAISE LOG 'l %', new.c; RAISE DEBUG 'd %', new.c;
    RETURN new;
END $$;
CREATE TRIGGER whisper BEFORE INSERT ON vault.noticed FOR EACH ROW EXECUTE FUNCTION vault.whisper();
CREATE FUNCTION vault.raise(c text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = c, DETAIL = c, HINT = c, COLUMN = c, CONSTRAINT = c, DATATYPE = c, TABLE = c, SCHEMA = c;
END $$;
CREATE FUNCTION vault.as_violation(c text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = c, COLUMN = c, CONSTRAINT = c, TABLE = c, SCHEMA = 'vault';
END $$;
CREATE FUNCTION vault.as_state(c text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION USING ERRCODE = upper(translate(substr(c, 1, 5), '-', 'X')), MESSAGE = c; END $$;
CREATE FUNCTION vault.dynamic(c text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'SELECT * FROM "' || c || '" WHERE'; RETURN 1; END $$;
CREATE FUNCTION vault.strict(c text) RETURNS int LANGUAGE plpgsql AS $$
#print_strict_params on
DECLARE found int; BEGIN SELECT 1 INTO STRICT found FROM vault.kept k WHERE k.c = strict.c || '!'; RETURN 1; END $$;
CREATE FUNCTION vault.asserted(c text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN ASSERT false, c; RETURN 1; END $$;
CREATE FUNCTION vault.noted(c text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', c; RETURN 1; END $$;
CREATE FUNCTION vault.branch(c text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN CASE c WHEN '' THEN RETURN 1; END CASE; END $$;
CREATE FUNCTION vault.cast_inside(c text) RETURNS int LANGUAGE sql AS 'SELECT c::int';
GRANT USAGE ON SCHEMA vault TO gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vault TO gateway;
GRANT USAGE, UPDATE, SELECT ON SEQUENCE vault.seq TO gateway;
