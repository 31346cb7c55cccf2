"""What the scripts beside it share: steps that write down what a user of the client sees.

A step prints a line with its name, then what it says, each line of it after a tabulator. Steps whose names begin with
"masked" run, and then only they, when the script's argument is "masked".
"""

import asyncio
import inspect
import logging
import os
import sys

PARAMETERS = dict(
    host=os.environ["PGHOST"],
    port=int(os.environ["PGPORT"]),
    user=os.environ["PGUSER"],
    password=os.environ["PGPASSWORD"],
)
DATABASE = os.environ["PGDATABASE"]

# Values of the common types, as SQL. Nothing in them depends on when or where they are evaluated.
VALUES = [
    "true", "1::int2", "-2147483648", "9223372036854775807", "1.50::numeric(10,2)", "'NaN'::numeric", "1e300::float8",
    "'Infinity'::float4", "'text é €'::text", "'abc'::varchar(10)", "'a'::char(3)", "'x'::\"char\"", "'n'::name",
    "'\\x00ff'::bytea", "date '2024-02-29'", "time '12:34:56.789'", "timestamp '2024-02-29 12:34:56'",
    "timestamptz '2024-02-29 12:34:56+02'", "interval '1 year 2 days 3.5 s'",
    "'01234567-89ab-cdef-0123-456789abcdef'::uuid", "'{\"a\": [1, null, \"x\"]}'::json", "'{\"a\": 1}'::jsonb",
    "'192.168.0.1/24'::inet", "'08:00:2b:01:02:03'::macaddr", "B'101'", "'(1,2)'::point", "'[1,5)'::int4range",
    "array[1,2,null]", "array['a','b,c','\"q\"',null]", "array[[1,2],[3,4]]", "null::text", "null::int", "row(1,'a')",
    "12.34::money", "'<a/>'::xml", "16384::oid", "'pg_class'::regclass", "array[date '2024-01-01']",
]

# Statements that fail, each in its own way.
FAILURES = [
    "select", "selec 1", "select * from no_such_table", "select no_such_column from patients", "select 1/0",
    "select 'x'::int", "select no_such_function(1)", "insert into patients (id) values (1)", "select $1",
    "select 1; select 2", "select * from patients where id = 'x'", "select (select id from numbers)",
    "create table patients (id int)", "select 1 from patients group by", "select '\\x0'::bytea",
    "set statement_timeout = 'x'", "savepoint a", "rollback to nowhere",
]


def seen(value):
    return f"{type(value).__name__} {value!r}"


def steps(module):
    """The functions of the script that take a list to write in."""
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function) and list(inspect.signature(function).parameters) == ["say"]
    }


def main():
    # What a client logs by the way depends on its timing.
    logging.disable()
    for name, function in steps(sys.modules["__main__"]).items():
        # What is seen under a masking policy differs from what the server says.
        if name.startswith("masked") != ("masked" in sys.argv):
            continue
        said = []
        try:
            result = function(said.append)
            if inspect.iscoroutine(result):
                asyncio.run(result)
        except Exception as e:
            said.append(f"ended by {type(e).__name__}: {e}")
        print(name)
        for line in said:
            print("\t" + str(line).replace("\n", "\\n"), flush=True)
