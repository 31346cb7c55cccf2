'use strict'
// node-postgres from npm, with its cursors and streams.

const { Client, Pool, types } = require('pg')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')

const VALUES = [
  'true', '1::int2', '-2147483648', '9223372036854775807', '1.50::numeric(10,2)', "'NaN'::numeric", '1e300::float8',
  "'text é €'::text", "'abc'::varchar(10)", "'a'::char(3)", "'\\x00ff'::bytea", "date '2024-02-29'",
  "timestamptz '2024-02-29 12:34:56+02'", "interval '1 year 2 days 3.5 s'", "'01234567-89ab-cdef-0123-456789abcdef'::uuid",
  "'{\"a\": [1, null]}'::json", "'{\"a\": 1}'::jsonb", "'(1,2)'::point", 'array[1,2,null]', "array['a','b,c',null]",
  'null::text', "row(1,'a')"
]

const FAILURES = [
  'select', 'selec 1', 'select * from no_such_table', 'select no_such_column from patients', 'select 1/0', "select 'x'::int",
  'insert into patients (id) values (1)', "select * from patients where id = 'x'", 'savepoint a'
]

const connect = async (more) => {
  const client = new Client({ ssl: false, ...more })
  client.on('error', () => {})
  await client.connect()
  return client
}

const outcome = (say, result) => {
  for (const one of Array.isArray(result) ? result : [result]) {
    say(`${one.command} ${one.rowCount} ${JSON.stringify(one.fields.map((f) => [f.name, f.dataTypeID, f.dataTypeSize,
      f.dataTypeModifier, f.format, f.columnID]))}`)
    say(JSON.stringify(one.rows))
  }
}

const failure = (say, error) => say(`${error.code} ${error.severity} at ${error.position}`)

const attempt = async (say, work) => {
  try {
    outcome(say, await work())
  } catch (error) {
    failure(say, error)
  }
}

const steps = {
  async valuesInTheSimpleProtocol (say) {
    const client = await connect()
    for (const value of VALUES) outcome(say, await client.query(`select ${value} as v`))
    await client.end()
  },

  async valuesInTheExtendedProtocol (say) {
    const client = await connect()
    for (const value of VALUES) {
      outcome(say, await client.query({ text: `select ${value} as v, $1::int as n`, values: [1], rowMode: 'array' }))
      if (!value.startsWith('array')) {
        await attempt(say, () => client.query({ text: `select ${value} as v, $1::int as n`, values: [1], binary: true }))
      }
    }
    await client.end()
  },

  async parameters (say) {
    const client = await connect()
    for (const value of [1, 'é', null, true, Buffer.from([0, 1]), [1, 2], ['a', null], { a: 1 }]) {
      await attempt(say, () => client.query('select $1::text as v', [value]))
    }
    await client.end()
  },

  async failures (say) {
    const client = await connect()
    for (const statement of FAILURES) {
      await attempt(say, () => client.query(statement))
      await attempt(say, () => client.query({ text: statement, values: [] , name: `n${FAILURES.indexOf(statement)}` }))
    }
    await attempt(say, () => client.query("select 'still here' as a"))
    await client.end()
  },

  async transactions (say) {
    const client = await connect()
    for (const statement of ['create temp table t (a int)', 'begin', 'insert into t values (1)', 'savepoint s', 'select 1/0',
      'select 1', 'rollback to s', 'insert into t values (2)', 'commit', 'select * from t', 'begin', 'select 1/0', 'commit',
      'rollback', 'insert into t values (3) returning a', 'select 1; select 2', '', ';', 'drop table t']) {
      await attempt(say, () => client.query(statement))
    }
    await client.end()
  },

  async namedStatements (say) {
    const client = await connect()
    for (let i = 0; i < 5; i++) {
      await attempt(say, () => client.query({ name: 'one', text: 'select $1::int + 1 as a', values: [i] }))
      await attempt(say, () => client.query({ name: 'two', text: 'select name from patients where id = $1', values: [1] }))
    }
    await client.end()
  },

  async queriesQueuedAtOnce (say) {
    const client = await connect()
    const answers = await Promise.all([...Array(50).keys()].map((i) => client.query('select $1::int as a', [i])))
    say(answers.map((answer) => answer.rows[0].a).join())
    await client.end()
  },

  async cursors (say) {
    const client = await connect()
    const cursor = client.query(new Cursor('select g as a from generate_series(1, $1) g', [25]))
    for (;;) {
      const rows = await cursor.read(10)
      say(JSON.stringify(rows))
      if (rows.length === 0) break
    }
    await cursor.close()
    const second = client.query(new Cursor('select g as a from generate_series(1, 100) g'))
    say(JSON.stringify(await second.read(2)))
    await second.close()
    const failing = client.query(new Cursor('select 10 / (3 - g) as a from generate_series(1, 5) g'))
    try {
      say(JSON.stringify(await failing.read(2)))
      say(JSON.stringify(await failing.read(2)))
    } catch (error) {
      failure(say, error)
    }
    await attempt(say, () => client.query("select 'after' as a"))
    await client.end()
  },

  async streams (say) {
    const client = await connect()
    let count = 0
    let sum = 0
    const stream = client.query(new QueryStream("select g as a, repeat('x', 200) as b from generate_series(1, 20000) g", [],
      { batchSize: 300 }))
    for await (const row of stream) {
      count++
      sum += row.a
    }
    say(`${count} ${sum}`)
    const broken = client.query(new QueryStream('select g as a from generate_series(1, 1000) g', [], { batchSize: 10 }))
    for await (const row of broken) if (row.a === 15) break
    await attempt(say, () => client.query("select 'after' as a"))
    await client.end()
  },

  async theSession (say) {
    const client = await connect({ application_name: 'conversation', statement_timeout: 5000 })
    await attempt(say, () => client.query('show statement_timeout'))
    await attempt(say, () => client.query('show application_name'))
    const pid = (await client.query('select pg_backend_pid() as pid')).rows[0].pid
    say(pid === client.processID)
    await client.end()
  },

  async notices (say) {
    const client = await connect()
    client.on('notice', (notice) => say(`${notice.severity} ${notice.code} ${notice.message}`))
    await client.query('drop table if exists no_such_table')
    await client.query("do $$ begin raise notice 'n %', 1; end $$")
    await client.end()
  },

  async aPool (say) {
    const pool = new Pool({ ssl: false, max: 4 })
    const answers = await Promise.all([...Array(30).keys()].map((i) => pool.query('select $1::int * 2 as a', [i])))
    say(answers.map((answer) => answer.rows[0].a).join())
    await pool.end()
  },

  async maskedInEveryWay (say) {
    const client = await connect()
    outcome(say, await client.query('select id, name, ssn from patients order by id'))
    outcome(say, await client.query({ name: 'n', text: 'select id, ssn from patients where id < $1', values: [100] }))
    outcome(say, await client.query({ text: 'select ssn from patients where id < $1', values: [100], binary: true }))
    const cursor = client.query(new Cursor('select ssn from patients'))
    say(JSON.stringify(await cursor.read(1)))
    say(JSON.stringify(await cursor.read(100)))
    await cursor.close()
    await client.end()
  },

  async much (say) {
    const client = await connect()
    say((await client.query("select repeat('x', 3500000) as v")).rows[0].v.length)
    const rows = (await client.query('select g as a from generate_series(1, 100000) g')).rows
    say(`${rows.length} ${rows[99999].a}`)
    say((await client.query('select length($1) as n', ['y'.repeat(3000000)])).rows[0].n)
    await client.end()
  }
}

const main = async () => {
  process.noDeprecation = true
  types.setTypeParser(1114, (value) => value)
  // What is seen under a masking policy differs from what the server says.
  const asked = Object.entries(steps).filter(([step]) => step.startsWith('masked') === process.argv.includes('masked'))
  for (const [step, run] of asked) {
    const said = []
    try {
      await run((line) => said.push(String(line)))
    } catch (error) {
      said.push(`ended by ${error}`)
    }
    console.log(step)
    for (const line of said) console.log('\t' + line.replaceAll('\n', '\\n'))
  }
}

main().then(() => process.exit(0))
