"""Debian's python3-psycopg (psycopg 3)."""

import threading
import time

import psycopg
from conversation import DATABASE, FAILURES, PARAMETERS, VALUES, main, seen


def connect(**more):
    connection = psycopg.connect(dbname=DATABASE, **{"autocommit": True, **PARAMETERS, **more})
    return connection


def outcome(say, cursor):
    say(f"{cursor.statusmessage} {cursor.rowcount}")
    if cursor.description:
        for column in cursor.description:
            say(f"{column.name} {column.type_code} {column.internal_size} {column.precision} {column.scale}")
        for row in cursor.fetchall():
            say(" | ".join(seen(value) for value in row))


def failure(say, connection, error):
    diagnosis = error.diag
    say(f"{type(error).__name__} {diagnosis.sqlstate} {diagnosis.severity} at {diagnosis.statement_position}")
    say(f"then {connection.info.transaction_status.name} {connection.broken}")


def types_as_text(say):
    with connect() as connection:
        for value in VALUES:
            outcome(say, connection.execute(f"select {value} as v"))


def types_as_binary(say):
    with connect() as connection:
        for value in VALUES:
            try:
                outcome(say, connection.cursor(binary=True).execute(f"select {value} as v", prepare=True))
            except psycopg.Error as e:
                failure(say, connection, e)


def parameters_of_every_kind(say):
    import datetime
    import decimal
    import uuid

    with connect() as connection:
        for value in [1, 2**40, "é", b"\0\1", 1.5, decimal.Decimal("1.10"), None, True, [1, 2], ["a", None],
                      datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3), uuid.UUID(int=5)]:
            for placeholder in ["%s", "%b", "%t"]:
                outcome(say, connection.execute(f"select {placeholder} as v", (value,)))


def failures(say):
    with connect() as connection:
        for statement in FAILURES:
            try:
                connection.execute(statement)
                say("no failure")
            except psycopg.Error as e:
                failure(say, connection, e)
        outcome(say, connection.execute("select 'still here'"))


def failures_within_a_transaction(say):
    for statement in FAILURES:
        with connect(autocommit=False) as connection:
            connection.execute("select 1")
            try:
                connection.execute(statement, prepare=True)
                say("no failure")
            except psycopg.Error as e:
                failure(say, connection, e)
            try:
                connection.execute("select 2")
            except psycopg.Error as e:
                failure(say, connection, e)
            connection.rollback()
            outcome(say, connection.execute("select 3"))


def transactions(say):
    with connect(autocommit=False) as connection:
        status = lambda: say(connection.info.transaction_status.name)
        status()
        connection.execute("create temp table t (a int)")
        status()
        connection.commit()
        status()
        try:
            with connection.transaction():
                connection.execute("insert into t values (1)")
                with connection.transaction("inner"):
                    connection.execute("insert into t values (2)")
                try:
                    with connection.transaction():
                        connection.execute("insert into t values (3)")
                        connection.execute("select 1/0")
                except psycopg.errors.DivisionByZero:
                    status()
                outcome(say, connection.execute("select count(*) from t"))
        finally:
            status()
        connection.execute("insert into t values (4)")
        connection.rollback()
        outcome(say, connection.execute("select * from t order by a"))
        connection.rollback()
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.read_only = True
        outcome(say, connection.execute("show transaction_isolation"))
        outcome(say, connection.execute("show transaction_read_only"))
        try:
            connection.execute("create table nowhere (a int)")
        except psycopg.Error as e:
            failure(say, connection, e)


def statements_of_every_kind(say):
    with connect() as connection:
        for statement in [
            "create temp table t (a int primary key, b text)", "insert into t values (1, 'x'), (2, 'y')",
            "update t set b = 'z' where a = 1 returning *", "delete from t where a = 3",
            "insert into t values (1, 'w') on conflict (a) do update set b = excluded.b",
            "with d as (delete from t returning a) select count(*) from d", "truncate t", "create index on t (b)",
            "alter table t add column c int", "comment on table t is 'x'", "lock table t", "begin", "savepoint a",
            "release a", "commit", "start transaction read only", "rollback", "set datestyle = 'ISO, YMD'",
            "show datestyle", "reset datestyle", "discard plans", "deallocate all", "explain (costs off) select 1",
            "values (1, 'a'), (2, 'b')", "table t", "select", "", "-- nothing", "do $$ begin end $$",
            "create view v as select 1", "drop view v", "drop table t", "analyze patients", "select 1 into temp u",
            "create temp table w as select generate_series(1, 3) as g",
        ]:
            say(statement)
            try:
                outcome(say, connection.execute(statement))
            except psycopg.Error as e:
                failure(say, connection, e)


def several_statements_at_once(say):
    with connect() as connection:
        for statements in ["select 1; select 'a' as b; values (2)", ";;", "select 1; ; -- x", "select 1; select 1/0; select 3",
                           "begin; select 1", "select 2; commit; select 3", "select 1; selec 2", "select 'é'; select 1 from",
                           "begin; create temp table q (a int); commit; select * from q where", "table q", "begin",
                           "select 1; select 2 from", "rollback",
                           "create temp table m (a int); insert into m values (1); select * from m"]:
            try:
                cursor = connection.execute(statements)
                outcome(say, cursor)
                while cursor.nextset():
                    outcome(say, cursor)
            except psycopg.Error as e:
                failure(say, connection, e)
            say(connection.info.transaction_status.name)


def prepared_statements(say):
    with connect() as connection:
        connection.prepare_threshold = 2
        for i in range(6):
            outcome(say, connection.execute("select %s::int + 1 as a, name from patients where id = 1", (i,)))
        # The gateway's own statements can be seen there, too.
        outcome(
            say,
            connection.execute(
                "select statement, parameter_types::text, from_sql from pg_prepared_statements"
                " where name not like 'chaperone:%'"
            ),
        )
        connection.execute("create temp table c (a int)")
        for i in range(4):
            connection.execute("select * from c")
        connection.execute("alter table c add column b text")
        try:
            outcome(say, connection.execute("select * from c"))
        except psycopg.Error as e:
            failure(say, connection, e)
        connection.prepared_max = 1
        for i in range(3):
            for n in range(4):
                connection.execute(f"select {n}, %s", (i,), prepare=True)


def many_at_once(say):
    with connect() as connection:
        connection.execute("create temp table t (a int, b text)")
        cursor = connection.cursor()
        cursor.executemany("insert into t values (%s, %s)", [(i, f"row {i}") for i in range(500)])
        say(cursor.rowcount)
        cursor.executemany("insert into t values (%s, %s) returning a", [(1, "x"), (2, "y")], returning=True)
        while True:
            outcome(say, cursor)
            if not cursor.nextset():
                break
        outcome(say, connection.execute("select count(*), sum(a), min(b) from t"))


def a_pipeline(say):
    with connect() as connection:
        with connection.pipeline() as pipeline:
            cursors = [connection.execute("select %s::int", (i,)) for i in range(40)]
            pipeline.sync()
            for cursor in cursors:
                say(cursor.fetchone())
        try:
            with connection.pipeline():
                first = connection.execute("select 1")
                connection.execute("select 1/0")
                connection.execute("select 3")
        except psycopg.Error as e:
            failure(say, connection, e)
        try:
            say(first.fetchone())
        except psycopg.Error as e:
            say(type(e).__name__)
        outcome(say, connection.execute("select 'after'"))


def a_pipeline_in_transactions(say):
    with connect() as connection:
        connection.execute("create temp table t (a int primary key)")
        with connection.pipeline():
            for i in range(3):
                try:
                    with connection.transaction():
                        connection.execute("insert into t values (%s)", (i,))
                        connection.execute("insert into t values (%s)", (1,))
                        with connection.transaction():
                            connection.execute("insert into t values (%s)", (10 + i,))
                except psycopg.Error as e:
                    failure(say, connection, e)
            say(connection.execute("select a from t order by a").fetchall())
            cursor = connection.cursor()
            cursor.executemany("insert into t values (%s) returning a", [(i,) for i in range(100, 130)], returning=True)
            rows = [cursor.fetchone()]
            while cursor.nextset():
                rows.append(cursor.fetchone())
            say(rows)


def a_pipeline_of_libpq(say):
    from psycopg.pq import ExecStatus

    def results(syncs):
        while syncs:
            result = pg.get_result()
            if result is None:
                say("-")
                continue
            row = [result.get_value(0, column) for column in range(result.nfields)] if result.ntuples else []
            say(f"{ExecStatus(result.status).name} {result.command_status} {result.ntuples} {row}"
                f" {result.error_field(ord('C'))} {pg.transaction_status}")
            syncs -= result.status == ExecStatus.PIPELINE_SYNC

    with connect() as connection:
        pg = connection.pgconn
        pg.enter_pipeline_mode()
        pg.send_query_params(b"select $1::text", [b"a"])
        pg.send_query_params(b"select 1/0", None)
        pg.send_query_params(b"select 3", None)
        pg.pipeline_sync()
        pg.send_prepare(b"p", b"select $1::int + 1")
        pg.send_query_prepared(b"p", [b"4"])
        pg.send_describe_prepared(b"p")
        pg.send_query_params(b"begin", None)
        pg.send_query_params(b"create temp table t (a int)", None)
        pg.pipeline_sync()
        pg.send_query_params(b"insert into t values (1)", None)
        pg.send_query_params(b"select no_such_column from t", None)
        pg.pipeline_sync()
        pg.send_query_params(b"select 'still failed'", None)
        pg.pipeline_sync()
        pg.send_query_params(b"rollback", None)
        pg.send_query_prepared(b"p", [b"5"], result_format=1)
        pg.pipeline_sync()
        results(5)
        for i in range(200):
            pg.send_query_params(b"select $1::int, name from patients where id = 1", [str(i).encode()])
            # What fails has everything up to the next sync skipped.
            if i % 10 == 4:
                pg.send_query_params(b"select 10 / $1::int", [b"0"])
            if i % 25 == 9:
                pg.pipeline_sync()
        pg.pipeline_sync()
        pg.pipeline_sync()
        results(10)
        pg.exit_pipeline_mode()
        outcome(say, connection.execute("select 'after'"))


def the_session(say):
    with connect(application_name="conversation", options="-c statement_timeout=5000 -c TimeZone=UTC") as connection:
        info = connection.info
        for name in ["server_version", "server_encoding", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone",
                     "integer_datetimes", "standard_conforming_strings", "application_name", "in_hot_standby",
                     "default_transaction_read_only"]:
            say(f"{name} {info.parameter_status(name)}")
        say(f"{info.server_version} {info.encoding} {info.dbname} {info.pipeline_status.name}")
        say(info.backend_pid == connection.execute("select pg_backend_pid()").fetchone()[0])
        for statement in ["show statement_timeout", "set timezone = 'America/New_York'",
                          "select timestamptz '2024-01-01 00:00:00+00'", "set application_name = 'other'",
                          "select current_setting('application_name')", "set local statement_timeout = 3000",
                          "reset all", "show statement_timeout"]:
            outcome(say, connection.execute(statement))
        say(info.parameter_status("TimeZone"))
        say(info.parameter_status("application_name"))


def notices(say):
    with connect() as connection:
        connection.add_notice_handler(lambda d: say(f"notice {d.severity} {d.sqlstate} {d.message_primary} {d.message_detail}"))
        connection.execute("do $$ begin raise notice 'n %', 1; raise warning using message = 'w', detail = 'd'; end $$")
        connection.execute("drop table if exists no_such_table")


def a_cancellation(say):
    with connect() as connection:
        for _ in range(3):
            timer = threading.Timer(0.3, connection.cancel)
            timer.start()
            began = time.monotonic()
            try:
                connection.execute("select pg_sleep(20)")
                say("not cancelled")
            except psycopg.Error as e:
                failure(say, connection, e)
            timer.join()
            say(time.monotonic() - began < 10)
            outcome(say, connection.execute("select 'again'"))


def much(say):
    with connect() as connection:
        row = connection.execute("select repeat('x', 3500000) as v").fetchone()
        say(f"{len(row[0])} {row[0] == 'x' * 3500000}")
        rows = connection.execute("select g, 'row ' || g from generate_series(1, 100000) g").fetchall()
        say(f"{len(rows)} {rows[0]} {rows[-1]} {sum(r[0] for r in rows)}")
        text = "y" * 3000000
        say(connection.execute("select length(%s), %s::text = repeat('y', 3000000)", (text, text)).fetchone())
        wide = connection.execute("select " + ",".join(str(i) for i in range(1600))).fetchone()
        say(f"{len(wide)} {sum(wide)}")


def streamed_row_by_row(say):
    with connect() as connection:
        rows = [row for row in connection.cursor().stream("select g from generate_series(1, 1000) g")]
        say(f"{len(rows)} {rows[-1]}")


def masked_in_every_way(say):
    statement = "select id, name, ssn from patients order by id"
    with connect() as connection:
        for binary in [False, True]:
            for prepare in [False, True]:
                outcome(say, connection.cursor(binary=binary).execute(statement, prepare=prepare))
        with connection.pipeline():
            cursors = [connection.execute(statement) for _ in range(3)]
        for cursor in cursors:
            say(cursor.fetchall())
        say(list(connection.cursor().stream(statement)))


if __name__ == "__main__":
    main()
