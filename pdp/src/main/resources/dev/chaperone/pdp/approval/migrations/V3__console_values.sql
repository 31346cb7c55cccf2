-- What the console keeps of people who sign in, so that any replica knows them: sealed under names that browsers alone have.
create table console_value (
    -- SHA-256 of kind and name.
    id bytea primary key,
    kind text not null,
    content bytea not null,
    idle_until timestamptz not null,
    ends_at timestamptz not null
);
create index console_value_idle on console_value (kind, idle_until);
