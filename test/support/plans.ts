// Query plans: what the hub asked of PostgreSQL during a story, the tables grown by copies of its rows, and which statements
// would read a growing table from end to end or more than one bucket of it.
import pg from 'pg'

/** The statements a process has sent, by name and text. */
export type Recorded = ReadonlyMap<string, Readonly<{ name: string | null; text: string }>>

/** Listens to every connection that this process opens or has opened, until `stop`. */
export function recordStatements(): { statements: Recorded; stop(): void } {
  const statements = new Map<string, { name: string | null; text: string }>()
  // Border: the driver's overloads; whatever the call's form, its first argument is a text or an object with one.
  const original = pg.Client.prototype.query as (...given: unknown[]) => unknown
  pg.Client.prototype.query = function query(this: pg.Client, ...given: unknown[]) {
    const [first] = given
    const asked = (typeof first === 'string' ? { text: first } : (first ?? {})) as { text?: unknown; name?: unknown }
    const { text, name } = asked
    if (typeof text === 'string' && /^\s*(?:select|insert|update|delete|with)\b/iu.test(text))
      statements.set(`${String(name)} ${text}`, { name: typeof name === 'string' ? name : null, text })
    return original.apply(this, given)
  } as typeof pg.Client.prototype.query
  return {
    statements,
    stop: () => void (pg.Client.prototype.query = original as typeof pg.Client.prototype.query),
  }
}

/** A table that grows. Those found by a secret that names no bucket (sessions, codes, budgets) are not kept by bucket. */
export type Table = Readonly<{ name: string; isByBucket: boolean }>

const VERB = /^(?:select|insert into|update|delete from|with \w+ as|x (?:where|order by|on conflict|returning))\s/u

/**
 * The statements that a source writes, as what one of those sent must contain: `${…}` stands for anything, also for the part
 * that several statements begin with.
 */
export function statementsIn(source: string): RegExp[] {
  const found: RegExp[] = []
  for (const { index } of source.matchAll(
    /['"`]\s*(?=select|insert into|update|delete from|with \w+ as|\$\{[A-Z_]+\})/gu,
  )) {
    const parts = literalAt(source, index)
    if (parts !== undefined && VERB.test(parts.join('x').trim()))
      found.push(new RegExp(parts.map((part) => RegExp.escape(spaced(part))).join('.*'), 'u'))
  }
  return found
}

/** The text with single spaces. */
export const spaced = (text: string): string => text.replace(/\s+/gu, ' ')

/** The parts of a literal between its `${…}`; undefined where none ends. */
function literalAt(source: string, start: number): string[] | undefined {
  const quote = source.charAt(start)
  const parts: string[] = []
  let from = start + 1
  for (let at = from; at < source.length; at++) {
    if (source.charAt(at) === quote) return [...parts, source.slice(from, at)]
    if (source.charAt(at) === '\n' && quote !== '`') return undefined
    if (quote !== '`' || !source.startsWith('${', at)) continue
    parts.push(source.slice(from, at))
    at = source.indexOf('}', at)
    if (at === -1) return undefined
    from = at + 1
  }
  return undefined
}

/** Rows a table is given before plans are read: enough that nobody would scan it by reason. */
const ROWS = 4_000

/** Tables that stay small however many people there are, and why. Those whose key is a bucket or two, or the word "one", are not named. */
const SMALL: ReadonlyMap<string, string> = new Map([
  ['migration', 'one row for each file of ours'],
  ['restart', 'one row for each bucket and restore'],
  ['operator', 'people who work for the scheme'],
  ['operator_code', 'as operator: one for each'],
  ['card_issuer', 'card companies that the operator has a contract with'],
  ['card_range', 'how their numbers begin: some for each'],
  [
    'hub_key',
    "the hub's own keys and secrets: one of each kind, and OpenID's signing keys, which an operator changes by hand",
  ],
])

/**
 * Fills every growing table with copies of its rows that have other keys, and analyses all. A growing table without a row to copy is an
 * error: the story must write one.
 */
export async function growTables(client: pg.ClientBase): Promise<Map<string, Table>> {
  const { rows: columns } = await client.query<Column>(COLUMNS)
  const tables = new Map<string, Table>()
  const empty: string[] = []
  for (const small of SMALL.keys())
    if (!columns.some(({ table }) => table === small)) throw new Error(`no table ${small}`)
  for (const [name, own] of Map.groupBy(columns, ({ table }) => table)) {
    const key = own.filter(({ is_primary }) => is_primary)
    if (SMALL.has(name)) continue
    if (key.every(({ type }) => type === 'smallint' || type === 'boolean')) continue
    const values = own.map(copyOf).join(', ')
    const { rowCount } = await client.query(
      `insert into ${name} (${own.map(({ column }) => column).join(', ')})
       select ${values} from (select *, row_number() over () as rownum from ${name} limit 50) t
       cross join generate_series(1, $1::integer / (select greatest(1, least(50, count(*))) from ${name})) g(i)
       on conflict do nothing`,
      [ROWS],
    )
    if ((rowCount ?? 0) < ROWS / 2) empty.push(name)
    tables.set(name, { name, isByBucket: key.some(({ column }) => column === 'bucket') })
  }
  if (empty.length > 0) throw new Error(`no rows to copy in ${empty.join(', ')}: let the story write some`)
  await client.query('analyze')
  return tables
}

type Column = Readonly<{
  table: string
  column: string
  type: string
  is_primary: boolean
  is_unique: boolean
  /** a check constraint says what it may be */
  is_checked: boolean
}>

const COLUMNS = `
  select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type,
    exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)) as is_primary,
    exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any(i.indkey)) as is_unique,
    exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any(k.conkey)) as is_checked
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
  order by c.relname, a.attnum`

/** The column's value in the i-th copy of a row: another key of the same form, the same content. */
function copyOf({ column, type, is_unique, is_checked }: Column): string {
  if (column === 'bucket' || column === 'credit_bucket') return `((t.${column} + g.i) % 16)::smallint`
  // A party has few rows of most things: were all copies one party's, its index would find nothing.
  if (column === 'party') return 'gen_random_uuid()'
  // Of a closed list of words there is no other: another column of the key tells the copies apart. Hashes fit their constraint.
  if (!is_unique || (type === 'text' && is_checked)) return `t.${column}`
  switch (type) {
    case 'uuid':
      return 'gen_random_uuid()'
    case 'bytea':
      return `sha256((t.rownum || ' ' || g.i)::text::bytea)`
    case 'text':
      return `t.${column} || '/' || g.i`
    case 'bigint':
    case 'integer':
      return `t.${column} + 10000 * g.i`
  }
  return `t.${column}`
}

type Node = Readonly<{
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: readonly Node[]
}>

/** What is wrong with the plan that a hub's connection makes of the statement; none is what we want. */
export async function faultsOfPlan(
  client: pg.ClientBase,
  text: string,
  tables: ReadonlyMap<string, Table>,
): Promise<string[]> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly { Plan: Node }[] }>(
    `explain (generic_plan, verbose, format json) ${text}`,
  )
  const { rows: indexes } = await client.query<{ index: string; table: string }>(
    `select i.indexrelid::regclass::text as index, i.indrelid::regclass::text as table from pg_index i`,
  )
  const tableOf = new Map(indexes.map(({ index, table }) => [index, table]))
  const faults: string[] = []
  const visit = (node: Node): void => {
    faults.push(...faultsOfNode(node, tables, tableOf))
    node.Plans?.forEach(visit)
  }
  rows.forEach((row) => row['QUERY PLAN'].forEach(({ Plan }) => visit(Plan)))
  return [...new Set(faults)]
}

/** One bucket: a parameter, a constant, or the bucket column of the row that is joined; not the bucket a row points to. */
const ONE_BUCKET = /\bbucket = (?:\(?\$\d+\)?(?:::\w+)?|'\d+'::\w+|ANY \(\$\d+\)|\(?\w+\.bucket\)?(?:::\w+)?)(?=\)| )/u

function faultsOfNode(node: Node, tables: ReadonlyMap<string, Table>, tableOf: ReadonlyMap<string, string>): string[] {
  const kind = node['Node Type']
  const name = node['Relation Name'] ?? tableOf.get(node['Index Name'] ?? '')
  const table = name === undefined ? undefined : tables.get(name)
  if (table === undefined) return []
  if (kind === 'Seq Scan') return [`scans ${table.name} from end to end`]
  if (!kind.startsWith('Index') && kind !== 'Bitmap Index Scan') return []
  const condition = node['Index Cond']
  if (condition === undefined) return [`reads the whole index ${node['Index Name']}`]
  if (!table.isByBucket) return []
  if (!ONE_BUCKET.test(condition)) return [`finds ${table.name} by ${condition}, which names no one bucket`]
  return condition.includes(' AND ') ? [] : [`reads all of a bucket of ${table.name}`]
}
