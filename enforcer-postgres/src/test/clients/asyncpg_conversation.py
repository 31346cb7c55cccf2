"""Debian's python3-asyncpg, which speaks the extended protocol in binary."""

import asyncio

import asyncpg
from conversation import DATABASE, FAILURES, PARAMETERS, VALUES, main, seen


async def connect(**more):
    return await asyncpg.connect(database=DATABASE, ssl=False, **PARAMETERS, **more)


def rows(say, records):
    for record in records:
        say(" | ".join(f"{key} {seen(value)}" for key, value in record.items()))


def failure(say, connection, error):
    position = getattr(error, "position", None)
    say(f"{type(error).__name__} {getattr(error, 'sqlstate', None)} {getattr(error, 'severity', None)} at {position}")
    say(f"then {connection.is_in_transaction()} {connection.is_closed()}")


async def types(say):
    connection = await connect()
    for value in VALUES:
        try:
            rows(say, await connection.fetch(f"select {value} as v"))
        except Exception as e:
            say(f"{type(e).__name__}")
    await connection.close()


async def attributes(say):
    connection = await connect()
    for statement in ["select 1 as a, 'x'::text as b", "select $1::int4 + $2::int8, $3::text[]", "select * from patients",
                      "insert into numbers values ($1)", "show timezone"]:
        prepared = await connection.prepare(statement)
        for attribute in prepared.get_attributes():
            say(f"{attribute.name} {attribute.type.name} {attribute.type.kind}")
        for parameter in prepared.get_parameters():
            say(f"{parameter.name} {parameter.kind}")
    await connection.close()


async def a_type_of_ones_own(say):
    connection = await connect()
    await connection.execute("create type pg_temp.mood as enum ('good', 'bad')")
    await connection.execute("create temp table t (m pg_temp.mood, ms pg_temp.mood[])")
    await connection.execute("insert into t values ('good', '{good,bad}')")
    rows(say, await connection.fetch("select * from t"))
    await connection.close()


async def failures(say):
    connection = await connect()
    for statement in FAILURES:
        for run in [connection.execute, connection.fetch]:
            try:
                await run(statement)
                say("no failure")
            except asyncpg.PostgresError as e:
                failure(say, connection, e)
            except asyncpg.InterfaceError as e:
                say(type(e).__name__)
    rows(say, await connection.fetch("select 'still here' as a"))
    await connection.close()


async def transactions(say):
    connection = await connect()
    await connection.execute("create temp table t (a int)")
    async with connection.transaction(isolation="serializable"):
        await connection.execute("insert into t values (1)")
        try:
            async with connection.transaction():
                await connection.execute("insert into t values (2)")
                await connection.fetch("select 1/0")
        except asyncpg.DivisionByZeroError as e:
            failure(say, connection, e)
        rows(say, await connection.fetch("show transaction_isolation"))
    try:
        async with connection.transaction():
            await connection.execute("insert into t values (3)")
            await connection.execute("select no_such_column")
    except asyncpg.PostgresError as e:
        failure(say, connection, e)
    rows(say, await connection.fetch("select * from t"))
    try:
        async with connection.transaction(readonly=True):
            await connection.execute("create table nowhere (a int)")
    except asyncpg.PostgresError as e:
        failure(say, connection, e)
    await connection.close()


async def statuses(say):
    connection = await connect()
    for statement in ["create temp table t (a int)", "insert into t values (1), (2)", "update t set a = 3", "delete from t",
                      "begin", "commit", "set timezone = 'UTC'", "select 1; select 2", "drop table t",
                      "truncate t", "explain select 1", "do $$ begin end $$", "discard plans"]:
        try:
            say(f"{statement}: {await connection.execute(statement)}")
        except asyncpg.PostgresError as e:
            failure(say, connection, e)
    await connection.close()


async def prepared_statements(say):
    connection = await connect(statement_cache_size=3)
    for i in range(12):
        say(await connection.fetchval(f"select $1::int + {i % 5}", i))
    await connection.execute("create temp table t (a int)")
    await connection.execute("insert into t values (1)")
    for _ in range(3):
        rows(say, await connection.fetch("select * from t"))
    await connection.execute("alter table t add column b text default 'x'")
    try:
        rows(say, await connection.fetch("select * from t"))
    except asyncpg.PostgresError as e:
        failure(say, connection, e)
    rows(say, await connection.fetch("select * from t"))
    await connection.close()


async def cursors(say):
    connection = await connect()
    async with connection.transaction():
        cursor = await connection.cursor("select g from generate_series(1, 20) g")
        rows(say, await cursor.fetch(3))
        say(await cursor.forward(4))
        rows(say, [await cursor.fetchrow()])
        total = 0
        async for record in connection.cursor("select g, repeat('x', 100) from generate_series(1, 5000) g", prefetch=70):
            total += record["g"]
        say(total)
    await connection.close()


async def many_at_once(say):
    connection = await connect()
    await connection.execute("create temp table t (a int primary key, b text)")
    await connection.executemany("insert into t values ($1, $2)", [(i, f"row {i}") for i in range(2000)])
    rows(say, await connection.fetch("select count(*), sum(a), max(b) from t"))
    try:
        await connection.executemany("insert into t values ($1, $2)", [(5000, "x"), (1, "y"), (5001, "z")])
    except asyncpg.PostgresError as e:
        failure(say, connection, e)
    rows(say, await connection.fetch("select count(*) from t"))
    await connection.close()


async def the_session(say):
    connection = await connect(server_settings={"application_name": "conversation", "statement_timeout": "4000"})
    settings = connection.get_settings()
    for name in ["server_version", "server_encoding", "client_encoding", "DateStyle", "TimeZone", "application_name"]:
        say(f"{name} {getattr(settings, name, None)}")
    say(f"{connection.get_server_version()}")
    say(connection.get_server_pid() == await connection.fetchval("select pg_backend_pid()"))
    say(await connection.fetchval("show statement_timeout"))
    await connection.execute("set timezone = 'Asia/Tokyo'")
    say(connection.get_settings().TimeZone)
    await connection.close()


async def a_timeout_that_cancels(say):
    connection = await connect()
    for _ in range(3):
        try:
            await connection.fetch("select pg_sleep(20)", timeout=0.3)
            say("no timeout")
        except asyncio.TimeoutError as e:
            say(type(e).__name__)
        rows(say, await connection.fetch("select 'again' as a"))
    await connection.close()


async def notices(say):
    connection = await connect()
    heard = []
    connection.add_log_listener(lambda _, notice: heard.append(f"{type(notice).__name__} {notice.sqlstate} {notice.message}"))
    await connection.execute("do $$ begin raise notice 'n %', 1; raise warning 'w'; end $$")
    await connection.execute("drop table if exists no_such_table")
    await asyncio.sleep(0)
    say(heard)
    await connection.close()


async def a_pool(say):
    async with asyncpg.create_pool(
            database=DATABASE, ssl=False, min_size=2, max_size=4, **PARAMETERS) as pool:
        async def one(i):
            async with pool.acquire() as connection:
                return await connection.fetchval("select $1::int * 2", i)

        say(await asyncio.gather(*[one(i) for i in range(30)]))


async def much(say):
    connection = await connect()
    value = await connection.fetchval("select repeat('x', 3500000)")
    say(f"{len(value)}")
    records = await connection.fetch("select g, 'row ' || g as r from generate_series(1, 100000) g")
    say(f"{len(records)} {records[0]} {records[-1]}")
    say(await connection.fetchval("select length($1)", "y" * 3000000))
    await connection.close()


async def masked_in_binary(say):
    connection = await connect()
    rows(say, await connection.fetch("select id, name, ssn from patients where id < $1 order by id", 100))
    async with connection.transaction():
        async for record in connection.cursor("select ssn from patients", prefetch=1):
            rows(say, [record])
    await connection.close()


if __name__ == "__main__":
    main()
