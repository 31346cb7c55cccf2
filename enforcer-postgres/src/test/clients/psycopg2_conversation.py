"""Debian's python3-psycopg2, which speaks the simple protocol only."""

import psycopg2
import psycopg2.extensions
import psycopg2.extras
from conversation import DATABASE, FAILURES, PARAMETERS, VALUES, main, seen


def connect():
    connection = psycopg2.connect(dbname=DATABASE, **PARAMETERS)
    connection.autocommit = True
    return connection


def outcome(say, cursor):
    say(f"{cursor.statusmessage} {cursor.rowcount}")
    if cursor.description:
        for column in cursor.description:
            say(f"{column.name} {column.type_code} {column.internal_size} {column.precision} {column.scale}"
                f" {column.table_column}")
        for row in cursor.fetchall():
            say(" | ".join(seen(bytes(value) if isinstance(value, memoryview) else value) for value in row))


def failure(say, connection, error):
    say(f"{type(error).__name__} {error.pgcode} at {error.diag.statement_position}")
    say(f"then {connection.get_transaction_status()} {connection.closed}")


def types(say):
    connection = connect()
    cursor = connection.cursor()
    for value in VALUES:
        cursor.execute(f"select {value} as v")
        outcome(say, cursor)
    connection.close()


def failures(say):
    connection = connect()
    cursor = connection.cursor()
    for statement in FAILURES:
        try:
            cursor.execute(statement)
            say("no failure")
        except psycopg2.Error as e:
            failure(say, connection, e)
    cursor.execute("select 'still here'")
    outcome(say, cursor)
    connection.close()


def transactions(say):
    connection = connect()
    connection.autocommit = False
    cursor = connection.cursor()
    cursor.execute("create temp table t (a int)")
    connection.commit()
    for isolation in [psycopg2.extensions.ISOLATION_LEVEL_SERIALIZABLE, psycopg2.extensions.ISOLATION_LEVEL_READ_COMMITTED]:
        connection.set_session(isolation_level=isolation, readonly=False, deferrable=False)
        cursor.execute("show transaction_isolation")
        outcome(say, cursor)
        cursor.execute("insert into t values (1)")
        say(connection.get_transaction_status())
        connection.rollback()
        say(connection.get_transaction_status())
    with connection:
        cursor.execute("insert into t values (2)")
    try:
        with connection:
            cursor.execute("insert into t values (3)")
            cursor.execute("select 1/0")
    except psycopg2.Error as e:
        failure(say, connection, e)
    cursor.execute("select * from t")
    outcome(say, cursor)
    connection.close()


def pages_of_values(say):
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create temp table t (a int, b text)")
    rows = [(i, f"it's {i} \\ é") for i in range(300)]
    psycopg2.extras.execute_values(cursor, "insert into t values %s", rows)
    outcome(say, cursor)
    psycopg2.extras.execute_batch(cursor, "insert into t values (%s, %s)", rows)
    outcome(say, cursor)
    cursor.execute("select count(*), max(b), sum(a) from t")
    outcome(say, cursor)
    connection.close()


def the_session(say):
    connection = connect()
    say(f"{connection.server_version} {connection.encoding} {connection.get_parameter_status('TimeZone')}")
    say(f"{connection.protocol_version} {connection.dsn.split()[-1].startswith('dbname')}")
    cursor = connection.cursor()
    cursor.execute("select pg_backend_pid()")
    say(cursor.fetchone()[0] == connection.get_backend_pid())
    cursor.execute("set timezone = 'Asia/Tokyo'; select timestamptz '2024-01-01 00:00+00'")
    outcome(say, cursor)
    cursor.execute("drop table if exists no_such_table")
    say(connection.notices)
    connection.reset()
    cursor.execute("show timezone")
    outcome(say, cursor)
    connection.close()


def masked_as_text(say):
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("select id, name, ssn from patients order by id; select ssn from patients")
    outcome(say, cursor)
    connection.close()


if __name__ == "__main__":
    main()
