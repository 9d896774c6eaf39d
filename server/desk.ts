// npm run desk -- merchant "Name" | person "Name" | operator "Name" | deposit ACCOUNT AMOUNT
// The operator's desk on the hub's own machine, for the beginning and for when nobody's key is left: the same commands as the page, in
// the same log. It works on the data folder while the hub is stopped, or on DATABASE_URL at any time.
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { resolve } from 'node:path'
import type pg from 'pg'
import { bucketOf, formatAccountNumber, parseAccountNumber } from '#core/accounts.ts'
import { OPERATOR_ROLES, type OperatorRole } from '#core/actions.ts'
import { idFrom } from '#core/ids.ts'
import { formatAmount, parseTyped } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { OperatorAnswerView, OperatorCommandBody, OperatorCommandName } from '#protocol/operator.ts'
import { createSwitch } from '#switch/switch.ts'
import { isProblem } from './http-problems.ts'
import { DESK_ON_THE_MACHINE, operatorDesk } from './operator.ts'
import { schemeKey } from './operator-log.ts'
import { postgresBudgets } from './postgres/budgets.ts'
import { openDatabase } from './postgres/connect.ts'
import { postgresDirectory } from './postgres/directory.ts'
import { migrate } from './postgres/migrate.ts'
import { postgresOperators, withOperators } from './postgres/operators.ts'
import { postgresParties } from './postgres/parties.ts'
import { postgresStaff } from './postgres/staff.ts'
import { cardTables } from './cards/tables.ts'
import { postgresCardTables } from './postgres/card-tables.ts'
import { rateBook } from './rates/setting.ts'
import { readScheme, type SchemeRow } from './postgres/scheme.ts'
import { postgresStore } from './postgres/store.ts'
import { startEmbeddedPostgres, SupervisorError } from './postgres/supervisor.ts'

const HELP = `The operator's desk. Stop the hub first, or set DATABASE_URL.

  npm run desk -- merchant "Marubeni Bakery"     opens a merchant; prints the code of its first register
  npm run desk -- person "Hanako"                opens a person; prints the code of her phone
  npm run desk -- operator "Aoki"                prints a code for the page at /desk
  --role chief                                   what that operator may do: chief, cashier, support or auditor
  npm run desk -- deposit 001-0000001-1 10000    cash into an account
  --data FOLDER                                  the hub's data folder (./data)
`

const WHY = 'npm run desk'

class DeskError extends Error {
  override name = 'DeskError'
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, role: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const [what, first, second] = positionals
  if (values.help === true || what === undefined || first === undefined) return void process.stdout.write(HELP)
  const url = process.env.DATABASE_URL
  const postgres =
    url === undefined
      ? await startEmbeddedPostgres({ folder: resolve(values.data ?? 'data'), progress: () => {} })
      : null
  try {
    await serve(postgres?.connection ?? { connectionString: url }, { what, first, second, role: roleOf(values.role) })
  } finally {
    await postgres?.stop()
  }
}

type Said = Readonly<{ what: string; first: string; second: string | undefined; role: OperatorRole }>

async function serve(settings: pg.ClientConfig, { what, first, second, role: operatorRole }: Said): Promise<void> {
  const { role } = await migrate(settings)
  const scheme = await readScheme(settings)
  if (scheme === undefined) throw new DeskError('There is no scheme here yet: start the hub once, with --new-scheme.')
  const database = openDatabase(settings, { transactions: 4, reads: 2, role })
  try {
    const desk = await deskOver(database, scheme)
    switch (what) {
      case 'merchant':
      case 'person':
        return await open(desk, scheme, what, nameOf(first))
      case 'operator':
        return sayCode(
          '/desk',
          await desk.does('invite', { to: { kind: 'operator', name: nameOf(first), role: operatorRole } }),
        )
      case 'deposit':
        return await deposit(desk, scheme, first, second)
      default:
        throw new DeskError(`The desk does not know "${what}". See npm run desk -- --help.`)
    }
  } finally {
    await database.end()
  }
}

type MachineDesk = Awaited<ReturnType<typeof deskOver>>

/** The operator's commands over a database, without a hub. */
async function deskOver(database: ReturnType<typeof openDatabase>, scheme: SchemeRow) {
  const store = postgresStore(database, scheme.buckets)
  const operators = postgresOperators(database, scheme.buckets)
  const hub = createSwitch({
    store,
    budgets: postgresBudgets(database),
    scheme,
    random: randomBytes,
    lanes: 1,
    onChange: () => {},
    onAlarm: () => {},
  })
  const desk = operatorDesk({
    operators,
    directory: withOperators(postgresDirectory(database.transactions), operators),
    parties: postgresParties(database, scheme.buckets),
    store,
    hub,
    scheme,
    key: await schemeKey(database),
    onAccount: () => {},
    onRules: async () => {},
    staff: postgresStaff(database),
    sites: null,
    rateBook: rateBook(database, scheme.buckets),
    cardTables: cardTables(postgresCardTables(database)),
    // A hub that runs reads the rows itself within two seconds.
    onRevoked: () => {},
  })

  /** One command with an id of its own. Throws DeskError for a no. */
  async function does<Name extends OperatorCommandName>(
    name: Name,
    body: Omit<OperatorCommandBody<Name>, 'command' | 'why'>,
  ): Promise<OperatorAnswerView> {
    // What was left out of the body is put in here.
    const whole = { ...body, command: idFrom('cmd', randomBytes(16)), why: WHY } as unknown as OperatorCommandBody<Name>
    const result = await desk.perform(DESK_ON_THE_MACHINE, name, whole)
    if (isProblem(result)) throw new DeskError(`${result.title} ${result.next}`)
    return result
  }

  return { does, store }
}

function roleOf(text = 'chief'): OperatorRole {
  const role = OPERATOR_ROLES.find((known) => known === text)
  if (role === undefined) throw new DeskError(`An operator is one of ${OPERATOR_ROLES.join(', ')}.`)
  return role
}

function nameOf(text: string): string {
  const name = text.trim()
  if (name === '' || name.length > LIMITS.nameLength)
    throw new DeskError(`A name has 1 to ${LIMITS.nameLength} characters.`)
  return name
}

async function open(desk: MachineDesk, scheme: SchemeRow, kind: 'merchant' | 'person', name: string): Promise<void> {
  const { party, account } = await desk.does('open-party', { kind, name, legalName: name, units: [scheme.unit] })
  if (party === null || account === null) throw new Error('a party that was opened has an account')
  const code = await desk.does('invite', {
    to:
      kind === 'merchant'
        ? { kind: 'terminal', party, label: 'Till 1', terminal: 'counter' }
        : { kind: 'device', party },
  })
  const number = parseAccountNumber(account)
  say(`${name}: account ${number === undefined ? account : formatAccountNumber(number)}`)
  sayCode(kind === 'merchant' ? '/register' : '/wallet', code)
}

const sayCode = (where: string, { code }: OperatorAnswerView): void =>
  say(`One-time code for ${where} (good for a day): ${code}`)

async function deposit(
  desk: MachineDesk,
  scheme: SchemeRow,
  accountText: string,
  amountText: string | undefined,
): Promise<void> {
  const account = parseAccountNumber(accountText)
  const amount = amountText === undefined ? undefined : parseTyped(amountText, scheme.unit)
  if (account === undefined) throw new DeskError('That is not an account number: compare its digits.')
  if (amount === undefined || amount <= 0n) throw new DeskError('Give an amount above zero.')
  await desk.does('cash-in', { account, unit: scheme.unit, amount: String(amount) })
  while ((await desk.store.deposit(bucketOf(account, scheme.buckets))) > 0);
  say(`${formatAmount({ unit: scheme.unit, amount }, 'en')} into ${formatAccountNumber(account)}.`)
}

main().catch((error: unknown) => {
  const known = error instanceof DeskError || error instanceof SupervisorError
  process.stderr.write(`${error instanceof Error ? (known ? error.message : error.stack) : String(error)}\n`)
  process.exitCode = 1
})
