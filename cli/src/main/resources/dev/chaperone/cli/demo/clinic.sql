-- A synthetic clinic. Nobody in it exists: social security numbers begin with 9 (never issued), telephone numbers are
-- 555-01xx (reserved for fiction), mail goes to example.org. Everything follows from a row's number, so that every run
-- holds the same data.

CREATE FUNCTION pg_temp.pick(what text, row_number bigint, among int) RETURNS int
  LANGUAGE sql IMMUTABLE AS
  $$ SELECT ('x' || substr(md5(what || row_number), 1, 7))::bit(28)::int % among $$;

CREATE FUNCTION pg_temp.one_of(what text, row_number bigint, choices text[]) RETURNS text
  LANGUAGE sql IMMUTABLE AS
  $$ SELECT choices[1 + pg_temp.pick(what, row_number, cardinality(choices))] $$;

CREATE SCHEMA clinic;
CREATE SCHEMA billing;
CREATE SCHEMA research;

CREATE TABLE clinic.departments (
  department_id int PRIMARY KEY,
  name text NOT NULL,
  floor int NOT NULL
);
INSERT INTO clinic.departments VALUES
  (1, 'Cardiology', 2), (2, 'Endocrinology', 2), (3, 'Family medicine', 1),
  (4, 'Oncology', 3), (5, 'Orthopaedics', 1), (6, 'Pulmonology', 3);

CREATE TABLE clinic.patients (
  patient_id bigint PRIMARY KEY,
  mrn text NOT NULL UNIQUE,
  ssn text NOT NULL UNIQUE,
  given_name text NOT NULL,
  family_name text NOT NULL,
  birth_date date NOT NULL,
  sex text NOT NULL,
  street text NOT NULL,
  city text NOT NULL,
  state text NOT NULL,
  zip text NOT NULL,
  phone text NOT NULL,
  email text NOT NULL,
  plan_member_id text NOT NULL
);
INSERT INTO clinic.patients
SELECT n,
       'MRN-' || (100000 + n * 7),
       '9' || lpad(pg_temp.pick('area', n, 100)::text, 2, '0') || '-' || lpad((1 + n / 100)::text, 2, '0')
           || '-' || lpad((1 + (n % 100) * 97 + pg_temp.pick('serial', n, 90))::text, 4, '0'),
       given, family,
       date '1930-01-01' + pg_temp.pick('birth', n, 32000),
       pg_temp.one_of('sex', n, '{F,M}'),
       (1 + pg_temp.pick('house', n, 980)) || ' '
           || pg_temp.one_of('street', n, '{Alder,Birch,Cedar,Elm,Hawthorn,Juniper,Linden,Maple,Oak,Willow}')
           || ' ' || pg_temp.one_of('kind', n, '{Street,Avenue,Road,Lane}'),
       split_part(place, '|', 1), split_part(place, '|', 2),
       split_part(place, '|', 3) || lpad(pg_temp.pick('zip', n, 100)::text, 2, '0'),
       '(' || split_part(place, '|', 4) || ') 555-01' || lpad(pg_temp.pick('phone', n, 100)::text, 2, '0'),
       lower(given) || '.' || lower(family) || n || '@example.org',
       'HP' || lpad((pg_temp.pick('plan', n, 90000) * 100 + n % 100)::text, 8, '0')
FROM (SELECT n,
             pg_temp.one_of('given', n, '{Ada,Amara,Benjamin,Carmen,Chidi,Dmitri,Elena,Farah,Grace,Hana,Hugo,Ines,Ivan,Jamal,Joan,Kenji,Leila,Luca,Mei,Miguel,Nadia,Noor,Olga,Omar,Priya,Quinn,Rosa,Samuel,Tariq,Ursula,Victor,Wanda,Yusuf,Zoe}') AS given,
             pg_temp.one_of('family', n, '{Abbott,Alvarez,Banerjee,Bauer,Castillo,Chen,Dubois,Eriksen,Farouk,Fischer,Garcia,Haddad,Ibrahim,Ivanova,Jensen,Kimura,Kowalski,Larsen,Mbeki,Moreau,Nakamura,Nguyen,Novak,Okafor,Olsen,Patel,Quispe,Rossi,Sato,Silva,Tanaka,Umar,Vargas,Weber,Yilmaz,Zhang}') AS family,
             pg_temp.one_of('place', n, '{Portland|OR|972|503,Seattle|WA|981|206,Denver|CO|802|303,Austin|TX|787|512,Madison|WI|537|608,Burlington|VT|054|802,Cheyenne|WY|820|307}') AS place
      FROM generate_series(1, 5000) AS n) AS drawn;

CREATE TABLE clinic.diagnoses (
  diagnosis_id bigint PRIMARY KEY,
  patient_id bigint NOT NULL REFERENCES clinic.patients,
  icd10 text NOT NULL,
  description text NOT NULL,
  diagnosed_on date NOT NULL,
  remark text NOT NULL
);
INSERT INTO clinic.diagnoses
SELECT n, 1 + pg_temp.pick('patient', n, 5000),
       split_part(code, '|', 1), split_part(code, '|', 2),
       date '2023-01-01' + pg_temp.pick('on', n, 1090),
       CASE n WHEN 2 THEN 'SSN 219-09-9999 for insurer' -- a number that was never anybody's
              WHEN 3 THEN 'call back (503) 555-0142'
              WHEN 4 THEN 'father born 1931-05-02'
              ELSE 'follow-up' END
FROM (SELECT n, pg_temp.one_of('code', n, '{E11.9|Type 2 diabetes mellitus,I10|Essential hypertension,J45.909|Asthma,C50.919|Malignant neoplasm of breast,M54.50|Low back pain,F32.9|Major depressive disorder,E78.5|Hyperlipidaemia,J44.9|Chronic obstructive pulmonary disease,I25.10|Coronary artery disease,K21.9|Gastro-oesophageal reflux,N18.30|Chronic kidney disease stage 3,G43.909|Migraine}') AS code
      FROM generate_series(1, 9000) AS n) AS drawn;
CREATE INDEX ON clinic.diagnoses (patient_id);

CREATE TABLE clinic.encounters (
  encounter_id bigint NOT NULL,
  patient_id bigint NOT NULL REFERENCES clinic.patients,
  department_id int NOT NULL REFERENCES clinic.departments,
  admitted_at timestamptz NOT NULL,
  attending text NOT NULL,
  notes text NOT NULL,
  PRIMARY KEY (encounter_id, admitted_at)
) PARTITION BY RANGE (admitted_at);
CREATE TABLE clinic.encounters_2023 PARTITION OF clinic.encounters FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE clinic.encounters_2024 PARTITION OF clinic.encounters FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE clinic.encounters_2025 PARTITION OF clinic.encounters FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO clinic.encounters
SELECT n, p.patient_id, 1 + pg_temp.pick('department', n, 6),
       timestamptz '2023-01-01 00:30:00+00' + pg_temp.pick('day', n, 1095) * interval '1 day'
           + pg_temp.pick('minute', n, 1400) * interval '1 minute',
       pg_temp.one_of('attending', n, '{dr.rivera,dr.osei,dr.lindqvist,dr.haddad}'),
       p.given_name || ' ' || p.family_name || ', born ' || p.birth_date || ', seen for follow-up'
FROM generate_series(1, 12000) AS n
JOIN clinic.patients AS p ON p.patient_id = 1 + pg_temp.pick('visitor', n, 5000);

CREATE TABLE billing.claims (
  claim_id bigint PRIMARY KEY,
  patient_id bigint NOT NULL REFERENCES clinic.patients,
  account_number text NOT NULL,
  payer text NOT NULL,
  amount numeric(10, 2) NOT NULL,
  billed_on date NOT NULL
);
INSERT INTO billing.claims
SELECT n, 1 + pg_temp.pick('debtor', n, 5000),
       'ACC' || lpad((pg_temp.pick('account', n, 900000) * 10 + n % 10)::text, 8, '0'),
       pg_temp.one_of('payer', n, '{Evergreen Health,Prairie Mutual,Summit Care,Self-pay}'),
       (4000 + pg_temp.pick('amount', n, 900000)) / 100.0,
       date '2023-01-15' + pg_temp.pick('billed', n, 1075)
FROM generate_series(1, 6000) AS n;

CREATE VIEW research.cohort AS
SELECT d.diagnosis_id, d.icd10, d.description, d.diagnosed_on,
       p.patient_id, p.given_name || ' ' || p.family_name AS full_name, p.family_name, p.birth_date, p.sex, p.state, p.zip
FROM clinic.diagnoses AS d
JOIN clinic.patients AS p USING (patient_id);

-- What pgbench -i makes (scale 1), so that `pgbench -n -S` runs through the enforcer.
CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
INSERT INTO pgbench_branches VALUES (1, 0);
INSERT INTO pgbench_tellers SELECT n, 1, 0 FROM generate_series(1, 10) AS n;
INSERT INTO pgbench_accounts SELECT n, 1, 0, '' FROM generate_series(1, 100000) AS n;

-- The enforcer's own role may do what the clinic's people do, and no more: what an agent must not do is refused by policy,
-- not by chance. It owns nothing, creates nothing, not even temporary tables.
REVOKE ALL ON DATABASE clinic FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE clinic TO chaperone_clinic;
GRANT USAGE ON SCHEMA clinic, billing, research, public TO chaperone_clinic;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA clinic, billing TO chaperone_clinic;
GRANT SELECT ON ALL TABLES IN SCHEMA research, public TO chaperone_clinic;
GRANT UPDATE ON pgbench_accounts, pgbench_tellers, pgbench_branches TO chaperone_clinic;
GRANT INSERT ON pgbench_history TO chaperone_clinic;

-- The enforcer asks the server for its analysis of each statement; the server's own log must not receive it too.
ALTER ROLE chaperone_clinic SET log_min_messages = fatal;

ANALYZE;
