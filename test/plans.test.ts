// Query plans: every statement that hubs send during a story finds its rows by a key and in one bucket, however large the tables
// grow; those that do not are listed with the reason, and so is every statement the sources name.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { glob, readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { billToWire } from '#protocol/bill.ts'
import { idFrom, parseId, type PartyId } from '#core/ids.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { withPin } from '#sdk/scram.ts'
import { openDatabase, type Database } from '#server/postgres/connect.ts'
import { isOpenOf } from '#server/postgres/reconcile-cards.ts'
import { asking } from '#server/postgres/reconcile.ts'
import { readHeads } from '#server/operator-log.ts'
import { aBankDay } from './support/bank-day.ts'
import { aCardDay } from './support/card-day.ts'
import { aDayWithCodes } from './support/code-day.ts'
import { aDayOfUserIds } from './support/card-users.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { aDayOfGoods } from './support/goods.ts'
import { aDebitDay } from './support/debit-day.ts'
import { aMeansDay } from './support/means-day.ts'
import { aDayAtTables } from './support/orders.ts'
import { anIdentityDay } from './support/identity-day.ts'
import { aDayAtSigns } from './support/points.ts'
import {
  faultsOfPlan,
  growTables,
  recordStatements,
  spaced,
  statementsIn,
  type Recorded,
  type Table,
} from './support/plans.ts'
import { aDayOfRates } from './support/rates.ts'
import { aReceipt } from './support/receipts.ts'
import { speaker } from './support/raw-client.ts'
import { aDayOnTheWeb } from './support/web-shop.ts'
import { billOf, JPY, newId } from './support/world.ts'

/** Statements that may cross buckets or look at more than a key, by name or by a piece of their text. Each must still be sent. */
const COLD: readonly (readonly [statement: string, reason: string])[] = [
  ['due_offers', 'the timers ask five times a second for what is due in any bucket: an index by time alone'],
  ['due_payments', 'as due_offers'],
  ['read_orders', 'as due_offers: the index holds only orders that are open'],
  [
    'select distinct a.unit from',
    'once at the start: which units there are, by the one account of each bucket that knows them all',
  ],
  ['due_refunds', 'as due_offers: the index holds only what has not been told'],
  ['undeposited', 'the sweep, once a second: one probe of the journal for each pair of buckets'],
  ['deposit', 'money crosses buckets here and nowhere else: each source by its own key, from its mark on'],
  ['town_ledger', 'the open book of a demo town, for people who look at it'],
  ['town_balances', 'as town_ledger'],
  ['where bucket = $1 and name = $2 order by created_at', 'a demo town looks for its three parties when it starts'],
  ['desk_rules', 'each hub asks every two seconds for the newest of an index that holds the settings of rules alone'],
  ['last_head', 'once a minute: the newest of one row a day'],
  ['desk_parties', 'a page of the operator, by name over all buckets: who looks for a name may wait'],
  ['desk_is_busy', 'before an account is closed: open payments of the scheme, an index that holds no others'],
  ['desk_actions', 'a page of the log over all buckets, newest first: an index by time'],
  [
    'with closed as (update party',
    'an operator closes an account for good: the machines of one bucket are looked through',
  ],
  ['oidc_clients', 'a page of the operator: all sites that sign people in, which operators register one by one'],
  ['use_code_hash', 'whoever reads a customer code knows no bucket: its hash is one over all of them'],
  ['use_digits_hash', 'as use_code_hash'],
  ['card_user', 'as use_code_hash'],
  ['webhook_listeners', 'each second: the endpoints that are told anything, an index that holds no others'],
  ['webhook_events', 'the newest events of all buckets: an index by time, from the mark on'],
  ['webhook_due', 'each second: is anything to be sent? An index by time of what is'],
  ['webhook_clear', 'once at the start: an index that holds none but what an older hub has left in the clear'],
  ['webhook_unreadable', 'once at the start: as webhook_listeners'],
  ['insert into webhook_mark', 'a shop wants to be told: is it the first? An index that holds no others'],
  ['webhook_next', 'when something is: one probe for each endpoint that is told anything'],
  [
    'rates_in_force',
    'whoever looks at the rates sees them all: as many as there are pairs of currencies, and what is kept of each',
  ],
  ['newest_rates', 'a page of the operator: the same few rows, newest first'],
  ['means_ends_due', 'each few seconds: the index holds only permissions whose end the bank has not heard of'],
  ['cards_ends_due', 'each few seconds: the index holds only cards whose end the vault has not heard of'],
  ["why = 'forgotten'", 'each few seconds: the index holds only cards that the vault has not said anything of yet'],
  ['bank_due', 'each few seconds: debits that wait for a file, an index that holds no others'],
  ['bank_files', 'each few seconds: files on their way, an index that holds no others'],
  ['bank_notice_last', 'each few seconds: the end of an index'],
  ['with due as (', 'a file for a bank is made of what waits in every bucket: as bank_due'],
  ['update bank_debit d set state = case', 'the results of a file, by the twenty digits that the bank knows'],
  ['bank_in_file', 'the debits of one file, which lie in many buckets'],
  ['as clearing,', 'the operator looks at a day: sums over all orders and bookings'],
  ['as payment, number from outside_order', 'the operator looks at a day'],
  ['select distinct id from bank_notice', 'the operator looks at a day: an index by day'],
  ['from bank_file where done_at', 'the operator looks at a day: one row a file'],
  ['join outside_order o on o.payment', 'the operator looks at a day: orders by the ids that the bank named'],
  ["join bank_debit d on d.file = f.id and d.state = 'collected'", 'the operator looks at a day: by its files'],
  ["where d.state = 'unpaid'", 'the operator looks at a day: an index that holds no others'],
  ["state = 'stuck'", 'the operator looks at a day: what only a person can put right'],
  ['merchants_by_account', 'the operator names merchants: each by its own key, in many buckets'],
  ['as ledger,', 'the operator looks at a day: sums over all orders of cards and what the vault told'],
  ["where via = 'card' and kind <> 'reverse'", 'the operator looks at a day'],
  ["where via = 'card' and state = 'open'", 'the operator looks at a day: the index holds only orders that are open'],
  ["from bank_file where state = 'wrong'", 'the operator looks at a day: one row a file'],
  ['tab_due', 'as due_offers: tabs that something is to happen to'],
  ['read_balances', 'what is arriving lies in the sources: each by its own key, from its mark on'],
]
/** Sources whose statements no hub sends while it serves. */
const NOT_THE_HUB: readonly (readonly [path: string, reason: string])[] = [
  ['server/audit/', 'the audit, a program that reads everything'],
  ['server/backup/', 'backup and restore, which copy whole tables'],
  ['server/postgres/books.ts', "the tests' and the simulator's reading of all books"],
  ['server/postgres/migrate.ts', 'before the hub serves'],
  ['server/postgres/scheme.ts', 'making the scheme, once'],
]
let client: pg.PoolClient | undefined
let database: Database | undefined
let tables: ReadonlyMap<string, Table>
let statements: Recorded

before(async () => {
  const recording = recordStatements()
  const hub = await startTestHub()
  await tellStory(hub)
  await aDebitDay(hub, async (at) => ({
    register: await enrolled(at, 'register'),
    hanako: await enrolled(at, 'hanako'),
    kenji: await enrolled(at, 'kenji'),
  }))
  await aCardDay(hub, async (at) => ({
    register: await enrolled(at, 'register'),
    hanako: await enrolled(at, 'hanako'),
  }))
  recording.stop()
  statements = recording.statements
  // A hub would work on the copies.
  await hub.stop()
  const grower = new pg.Client(hub.settings)
  await grower.connect()
  tables = await growTables(grower)
  await grower.end()
  // As the hub's own: the planner's settings and the role are part of the plan.
  database = openDatabase(hub.settings, { transactions: 1, reads: 1, role: true })
  client = await database.transactions.connect()
  // The server of the run may go before the connection does.
  client.on('error', () => {})
})
after(async () => {
  client?.release()
  await database?.end()
})

/** A day at the counter, through HTTP and by the doors that have no route yet, so that every statement is sent. */
async function tellStory({ store, directory, ...rest }: TestHub): Promise<void> {
  const at = { store, directory, ...rest }
  const [register, hanako] = await Promise.all([enrolled(at, 'register'), enrolled(at, 'hanako')])
  const shown: unknown[] = []
  register.watch({ topic: 'terminal' }, () => {})
  register.watch({ topic: 'ledger' }, (view) => void shown.push(view))
  hanako.watch({ topic: 'inbox' }, () => {})
  const offer = async () => {
    const deal = newId('deal')
    const opened = await register.send('open-offer', { deal, bill: billToWire(billOf(900n)) })
    assert.ok(opened.ok && opened.view.deal?.ticket)
    return { deal, ticket: opened.view.deal.ticket }
  }
  const missed = await hanako.send('join', { credential: { kind: 'number', number: '123456782' } })
  assert.ok(!missed.ok)
  const { ticket, deal } = await offer()
  const joined = await hanako.send('join', { credential: { kind: 'number', number: ticket.number ?? '' } })
  assert.ok(joined.ok && joined.view.payment)
  const paid = await approve(hanako, joined.view.payment, withPin('2468'))
  assert.ok(paid.ok && paid.view.payment)
  const refunded = await register.send('refund', { payment: paid.view.payment.payment, amount: '100', lines: [] })
  assert.ok(refunded.ok)
  const scanned = await offer()
  const byToken = await hanako.send('join', {
    credential: { kind: 'token', token: scanned.ticket.link.slice(scanned.ticket.link.lastIndexOf('/') + 1) },
  })
  assert.ok(byToken.ok)
  for (const asked of [
    register.deals(),
    register.deal(deal),
    register.balances(),
    hanako.history(),
    hanako.inbox(),
    hanako.self(),
  ])
    assert.ok((await asked).ok)
  await until(() => shown.length > 0)

  const { self } = (await hanako.identity()) ?? assert.fail()
  const device = parseId('dev', self.id) ?? assert.fail()
  const party = (self.kind === 'device' && parseId('pty', self.party)) || assert.fail()
  const credential = randomBytes(16)
  await directory.partyOf(party)
  await directory.namesOf([party])
  await directory.secretOf(party)
  await directory.identityOf(device)
  await directory.publicKeyOf(device)
  await directory.addPasskey(party, {
    credential,
    publicKey: randomBytes(77),
    counter: 0,
    isBackupEligible: true,
    isRoaming: false,
    transports: [],
  })
  await directory.usePasskey(party, { credential, counter: 1, isBackupEligible: true, use: randomBytes(32) })
  await directory.passkeysOf(party)
  await directory.removePasskey(party, randomBytes(16))
  const challenge = { challenge: randomBytes(32), wantsRoaming: false, lifeMs: 60_000 }
  await directory.putChallenge(device, challenge)
  await directory.takeChallenge(device)
  await directory.putChallenge(device, challenge)
  const nonce = randomBytes(16)
  await directory.putPresenceNonce(device, nonce, 60_000)
  await directory.hasPresenceNonce(device, nonce)
  await store.readPayments([parseId('pay', paid.view.payment.payment) ?? assert.fail()])
  const other = await enrolled(at, 'kenji')
  const lost = parseId('dev', ((await other.identity()) ?? assert.fail()).self.id) ?? assert.fail()
  await other.balances()
  await directory.endSessions(lost)
  await directory.revoke(lost)
  other.close()
  const kenji = await enrolled(at, 'kenji')
  await aBankDay({ hub: at, register, hanako, kenji })
  await aMeansDay({ hub: at, register, hanako, kenji })
  await store.readOrders('bank', 10)
  await store.postponeOrder(parseId('pay', paid.view.payment.payment) ?? assert.fail(), 1, 0, null)
  await atTheDesk(at, party)
  await atHome(hanako)
  const desk = await enrolled(at, 'desk')
  await anIdentityDay(at, { hanako, desk })
  desk.close()
  const office = await enrolled(at, 'office')
  assert.ok((await office.sales()).ok)
  await aDayWithCodes({ register, hanako })
  await aDayOfUserIds(at, { register, office, hanako })
  await aDayAtSigns(at, { office, hanako })
  await aDayOfRates(at)
  await aDayAtTables(at, { office, hanako })
  await aReceipt(office, hanako, paid.view.payment.payment)
  await aDayOfGoods(office)
  await aDayOnTheWeb(at, {
    office: await speaker(at, 'office', office),
    hanako: await speaker(at, 'hanako', hanako),
  })
  office.close()
  kenji.close()
  register.close()
  hanako.close()
}

/** What an operator looks at and does, at the doors behind the routes. */
async function atTheDesk({ operators, database }: TestHub, party: PartyId): Promise<void> {
  // What a hub asks by itself when a day is over.
  await isOpenOf(asking(database), { day: 20_261_203, until: 1 })
  const publicKey = Buffer.concat([Buffer.of(4), randomBytes(64)])
  await operators.createCode({ code: 'A code for Aoki', name: 'Aoki', role: 'chief', lifeMs: 60_000 })
  const identity = await operators.useCode({ code: 'A code for Aoki', publicKey, label: 'Aoki' })
  assert.deepEqual(await operators.useCode({ code: 'A code for Aoki', publicKey, label: 'Aoki' }), identity)
  assert.ok(identity?.actor.kind === 'operator')
  await operators.identityOf(identity.actor.id)
  await operators.createCode({ code: 'A code for Baba', name: 'Baba', role: 'chief', lifeMs: 60_000 })
  await operators.all()
  await operators.parties({ search: 'Han', before: party, limit: 10 })
  const { account } = (await operators.party(party)) ?? assert.fail()
  await operators.partyByAccount(account)
  await operators.accounts(account)
  await operators.attributes(party)
  await operators.machines(party)
  await operators.holders([account], JPY)
  await operators.isBusy(party)
  await operators.actions({ subject: account, before: null, limit: 10 })
  await operators.rules()
  await readHeads(database, { before: null, limit: 10 })
  await operators.sessionOf(idFrom('ses', randomBytes(16)))
  await operators.revoke(identity.actor.id)
}

/** What a person looks up and keeps. */
async function atHome(phone: Client): Promise<void> {
  const listed = await phone.contacts()
  assert.ok(listed.ok)
  const [{ account } = assert.fail()] = listed.view.contacts
  assert.ok((await phone.putContact({ account, status: 'removed' })).ok)
  assert.ok((await phone.openUnit('USD')).ok)
  assert.ok((await phone.history({ kind: 'settle' })).ok)
  // Tomorrow here may be today in the scheme's zone.
  const to = new Date(Date.now() + 86_400_000)
  const day = (date: Date): string => date.toISOString().slice(0, 10)
  assert.ok((await phone.statement({ from: day(new Date(to.getTime() - 2 * 86_400_000)), to: day(to) })).ok)
}

const isCold = (statement: { name: string | null; text: string }): boolean =>
  COLD.some(([cold]) => statement.name === cold || (statement.name === null && statement.text.includes(cold)))

describe('query plans', () => {
  test('every statement of the story finds what it wants by key and in one bucket', async (t) => {
    const faults: string[] = []
    for (const statement of statements.values()) {
      if (isCold(statement)) continue
      for (const fault of await faultsOfPlan(client ?? assert.fail(), statement.text, tables))
        faults.push(`${statement.name ?? statement.text.replace(/\s+/gu, ' ').slice(0, 120)}: ${fault}`)
    }
    t.diagnostic(`${statements.size} statements over ${tables.size} tables that grow, ${COLD.length} of them cold`)
    assert.deepEqual(faults, [])
  })

  test('every statement that a source writes was sent', async () => {
    const sent = [...statements.values()].map(({ text }) => spaced(text))
    const missing: string[] = []
    for await (const file of glob('server/**/*.ts')) {
      if (NOT_THE_HUB.some(([path]) => file.startsWith(path))) continue
      for (const statement of statementsIn(await readFile(file, 'utf8')))
        if (!sent.some((text) => statement.test(text))) missing.push(`${file}: ${statement.source}`)
    }
    assert.deepEqual(missing, [])
  })

  test('what asks for all that is due by now finds it in an index by time', async () => {
    const asked = [...statements.values()].filter(
      // One probe for each endpoint that is told anything, by its own key: all of them are looked through.
      ({ name, text }) => name !== 'webhook_next' && /(?:due_at|expires_at) <=? \(select/u.test(text),
    )
    assert.ok(asked.length >= 7, `${asked.length} of them`)
    for (const { name, text } of asked)
      for (const fault of await faultsOfPlan(client ?? assert.fail(), text, tables))
        assert.match(fault, /names no one bucket/u, `${name ?? text}: ${fault}`)
  })

  test('every cold statement is still there', () => {
    for (const [cold] of COLD)
      assert.ok(
        [...statements.values()].some((each) => each.name === cold || each.text.includes(cold)),
        cold,
      )
  })

  test('planted: a statement that nobody sends is found, and one that is sent is not', () => {
    const source = "const a = `select ${COLUMNS}\n  from party where id = $1`\nconst b = 'update party set name = $1'"
    const found = statementsIn(source)
    assert.deepEqual(
      ['select p.id, p.name from party where id = $1', 'update party set name = $1', 'select id from party'].map(
        (sent) => found.map((statement) => statement.test(sent)),
      ),
      [
        [true, false],
        [false, true],
        [false, false],
      ],
    )
  })

  const PLANTED: readonly (readonly [story: string, text: string, fault: RegExp])[] = [
    ['a payment by its id without its bucket', 'select snapshot from payment where id = $1', /payment/u],
    [
      'the history of the other side, which no index has',
      'select * from entry where bucket = $1 and other = $2 and amount > 0',
      /all of a bucket of entry/u,
    ],
    ['a party by its name', 'select id from party where name = $1', /party/u],
    [
      'the accounts of all buckets',
      'select a.balance from unnest($1::text[]) n(key) join account a using (key)',
      /account/u,
    ],
    [
      'the journal of the sources, from the marks',
      'select t.* from mark m join transfer t on t.credit_bucket = m.bucket and t.bucket = m.source and t.sequence > m.sequence where m.bucket = $1',
      /no one bucket/u,
    ],
    ['all that is open', `select count(*) from payment where state = 'joined'`, /payment/u],
  ]
  for (const [story, text, fault] of PLANTED)
    test(`planted: ${story} is found`, async () => {
      const [found, ...more] = await faultsOfPlan(client ?? assert.fail(), text, tables)
      assert.ok(found !== undefined && fault.test([found, ...more].join()), `found: ${found}`)
    })
})
