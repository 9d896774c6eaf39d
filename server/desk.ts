// npm run desk -- merchant "Name" | person "Name" | deposit ACCOUNT AMOUNT
// The operator's desk on the hub's own machine, for a scheme that is not a demo: parties, their enrolment codes, and money into
// accounts. It works on the data folder while the hub is stopped, or on DATABASE_URL at any time.
import { createHash, randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { resolve } from 'node:path'
import type pg from 'pg'
import { bucketOf, formatAccountNumber, parseAccountNumber, systemAccount } from '#core/accounts.ts'
import { idFrom, type PartyId } from '#core/ids.ts'
import { formatAmount, parseTyped } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import { createSwitch } from '#switch/switch.ts'
import { postgresBudgets } from './postgres/budgets.ts'
import { openDatabase } from './postgres/connect.ts'
import { postgresDirectory } from './postgres/directory.ts'
import { migrate } from './postgres/migrate.ts'
import { readScheme, type SchemeRow } from './postgres/scheme.ts'
import { idOf, postgresStore } from './postgres/store.ts'
import { startEmbeddedPostgres, SupervisorError } from './postgres/supervisor.ts'

const HELP = `The operator's desk. Stop the hub first, or set DATABASE_URL.

  npm run desk -- merchant "Marubeni Bakery"     opens a merchant; prints the code of its first register
  npm run desk -- person "Hanako"                opens a person; prints the code of her phone
  npm run desk -- deposit 001-0000001-1 10000    cash into an account
  --data FOLDER                                  the hub's data folder (./data)
`

class DeskError extends Error {
  override name = 'DeskError'
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const [what, first, second] = positionals
  if (values.help === true || what === undefined || first === undefined) return void process.stdout.write(HELP)
  const url = process.env.DATABASE_URL
  const postgres =
    url === undefined
      ? await startEmbeddedPostgres({ folder: resolve(values.data ?? 'data'), progress: () => {} })
      : null
  try {
    await serve(postgres?.connection ?? { connectionString: url }, what, first, second)
  } finally {
    await postgres?.stop()
  }
}

async function serve(
  settings: pg.ClientConfig,
  what: string,
  first: string,
  second: string | undefined,
): Promise<void> {
  const { role } = await migrate(settings)
  const scheme = await readScheme(settings)
  if (scheme === undefined) throw new DeskError('There is no scheme here yet: start the hub once, with --new-scheme.')
  const database = openDatabase(settings, { transactions: 4, reads: 2, role })
  try {
    switch (what) {
      case 'merchant':
      case 'person':
        return await open(postgresDirectory(database.transactions), scheme, what, first)
      case 'deposit':
        return await deposit(database, scheme, first, second)
      default:
        throw new DeskError(`The desk does not know "${what}". See npm run desk -- --help.`)
    }
  } finally {
    await database.end()
  }
}

async function open(
  directory: ReturnType<typeof postgresDirectory>,
  scheme: SchemeRow,
  kind: 'merchant' | 'person',
  name: string,
): Promise<void> {
  if (name.trim() === '' || name.length > LIMITS.nameLength)
    throw new DeskError(`A name has 1 to ${LIMITS.nameLength} characters.`)
  const bucket = randomBytes(2).readUInt16BE() % scheme.buckets
  const party = await directory.createParty({ kind, name, legalName: name, bucket, units: [scheme.unit] })
  const lifeMs = LIMITS.enrolmentCodeMs
  const { code } = await directory.createCode(
    kind === 'merchant'
      ? { kind: 'terminal', party: party.id, lifeMs, label: 'Till 1', terminalKind: 'counter' }
      : { kind: 'device', party: party.id, lifeMs },
  )
  say(`${name}: account ${formatAccountNumber(party.account)}`)
  say(`One-time code for ${kind === 'merchant' ? '/register' : '/wallet'} (good for a day): ${code}`)
}

async function deposit(
  database: ReturnType<typeof openDatabase>,
  scheme: SchemeRow,
  accountText: string,
  amountText: string | undefined,
): Promise<void> {
  const account = parseAccountNumber(accountText)
  const amount = amountText === undefined ? undefined : parseTyped(amountText, scheme.unit)
  if (account === undefined) throw new DeskError('That is not an account number: compare its digits.')
  if (amount === undefined || amount <= 0n) throw new DeskError('Give an amount above zero.')
  const bucket = bucketOf(account, scheme.buckets)
  const { rows } = await database.transactions.query<{ id: string; name: string }>(
    'select id, name from party where bucket = $1 and account = $2',
    [bucket, account],
  )
  const [party] = rows
  if (party === undefined) throw new DeskError('There is no such account here.')
  const store = postgresStore(database, scheme.buckets)
  const hub = createSwitch({
    store,
    budgets: postgresBudgets(database),
    scheme,
    random: randomBytes,
    lanes: 1,
    onChange: () => {},
    onAlarm: () => {},
  })
  const transfer = {
    debit: systemAccount('cash', bucket),
    credit: account,
    unit: scheme.unit,
    amount,
    kind: 'post',
    payment: null,
    debitName: party.name,
    creditName: scheme.name,
  } as const
  const id = randomBytes(16)
  const answer = await hub.post(
    { id: idFrom('cmd', id), hash: createHash('sha256').update(id).digest('hex'), transfers: [transfer] },
    idOf<PartyId>('pty', party.id),
  )
  if (answer.refusal !== null) throw new DeskError(`Refused: ${answer.refusal.code}.`)
  while ((await store.deposit(bucket)) > 0);
  say(`${formatAmount({ unit: scheme.unit, amount }, 'en')} to ${party.name}.`)
}

main().catch((error: unknown) => {
  const known = error instanceof DeskError || error instanceof SupervisorError
  process.stderr.write(`${error instanceof Error ? (known ? error.message : error.stack) : String(error)}\n`)
  process.exitCode = 1
})
