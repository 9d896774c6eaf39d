// What somebody hostile tries with the account bank: two hubs on one database, requests as no client of ours would send them. After
// all of it no money was made or lost, and the hub has answered nothing but a yes or a reasoned no.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { faultsOf } from '#core/invariants.ts'
import { approve } from '#sdk/approval.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { billToSign, signHandBack, type SignedBill } from '#sdk/hand-back.ts'
import { enrol } from '#sdk/identity.ts'
import { setPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { readBooks } from '#server/postgres/books.ts'
import {
  accountOf,
  asked,
  codeOf,
  dealOf,
  joinByLink,
  moneyOf,
  newDeal,
  openBank,
  paid,
  PIN,
  type Bank,
} from '../support/bank.ts'
import { enrolled, startTestHub, until, type TestHub } from '../support/hub.ts'
import { ask, newCommand, signatureOf, speaker, type Reply, type Speaker } from '../support/raw-client.ts'
import { billOf, billWith, lineOf } from '../support/world.ts'

const COOLING_OFF = { delivery: false, coolingOff: { period: 'P1D', zone: 'UTC' } }

let bank: Bank
let other: TestHub
let register: Client
let hanako: Client
let tablet: Client
let kenji: Client
let till: Speaker
let phone: Speaker
let desk: Speaker

before(async () => {
  bank = await openBank()
  ;({ register, hanako, tablet, kenji } = bank)
  other = await startTestHub({ settings: bank.hub.settings })
  till = await speaker(bank.hub, 'register', register)
  phone = await speaker(bank.hub, 'hanako', hanako)
  desk = await speaker(bank.hub, 'register', await enrolled(bank.hub, 'desk'))
})
after(async () => {
  desk.client.close()
  await other.stop()
  await bank.close()
})

/** A signed command to the first hub, or to the other. */
async function send(by: Speaker, name: string, body: object, at = 0, command = newCommand()): Promise<Reply> {
  const asking = { path: `/v1/commands/${name}`, body: { command, ...body } }
  return ask(at % 2 === 0 ? bank.hub : other, { ...asking, headers: await signatureOf(by.session, asking) })
}

async function operates(name: string, body: object): Promise<Reply> {
  return desk.signed({ path: `/v1/operator/commands/${name}`, body: { command: newCommand(), why: 'attack', ...body } })
}
const replied = ({ status, body }: Reply): string => (status === 200 ? 'done' : String(body.code))

function counted(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

async function signedBy(payer: Client, payee: Client, deal: string, amount: bigint): Promise<SignedBill> {
  const identity = await payee.identity()
  const bill = identity && billToSign(identity, deal, asked(billOf(amount)))
  assert.ok(bill)
  const signed = await signHandBack(payer, bill, PIN)
  assert.ok(signed.ok)
  return signed.view
}

test('a purchase that was handed back once is none for a dearer bill of the same deal', async () => {
  const signed = await signedBy(hanako, kenji, newDeal(), 700n)
  const dearer = { ...signed, bill: asked(billOf(7_000n)) }
  assert.equal(codeOf(await kenji.send('submit-signed', dearer)), 'signature-invalid')
  const before = await moneyOf(hanako)
  assert.equal(codeOf(await kenji.send('submit-signed', signed)), 'done')
  assert.equal(codeOf(await kenji.send('submit-signed', signed)), 'done', 'the same again is the same')
  assert.equal(codeOf(await kenji.send('submit-signed', dearer)), 'deal-exists')
  assert.equal(before - (await moneyOf(hanako)), 700n)
})

test('two phones sign one bill, a third takes its link, the payee cancels it, on two hubs at once: it is paid once or not at all', async () => {
  const payee = await speaker(bank.hub, 'kenji', kenji)
  const third = await speaker(bank.hub, 'hanako', tablet)
  for (let round = 0; round < 4; round++) {
    const deal = await dealOf(kenji, asked(billOf(40n)))
    const one = await signedBy(hanako, kenji, deal.deal, 40n)
    const two = await signedBy(tablet, kenji, deal.deal, 40n)
    const token = deal.ticket?.link.split('/').at(-1)
    const before = await moneyOf(hanako)
    const codes = await Promise.all([
      send(payee, 'submit-signed', one, round),
      send(payee, 'submit-signed', two, round + 1),
      send(third, 'join', { credential: { kind: 'token', token } }, round),
      send(payee, 'cancel-deal', { deal: deal.deal, payment: null }, round + 1),
    ])
    assert.equal(codes.filter(({ status }) => status === 200).length, 1, JSON.stringify(codes.map(replied)))
    const isPaid = codes.slice(0, 2).some(({ status }) => status === 200)
    assert.equal(before - (await moneyOf(hanako)), isPaid ? 40n : 0n)
  }
})

test('who sends twenty bills at once hides no bill at the counter, and is stopped after them on both hubs together', async () => {
  const payee = await speaker(bank.hub, 'kenji', kenji)
  const to = await accountOf(hanako)
  const sent = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      send(payee, 'bill-person', { deal: newDeal(), to, bill: asked(billOf(1n)) }, index),
    ),
  )
  assert.deepEqual(counted(sent.map(replied)), { done: 20, 'too-many-bills': 20 })
  const view = await joinByLink(hanako, await dealOf(register, asked(billOf(650n))))
  const inbox = await hanako.inbox()
  assert.ok(inbox.ok)
  assert.equal(inbox.view.payments[0]?.payment, view.payment, 'the newest stands first')
  assert.equal(codeOf(await hanako.send('decline', { payment: view.payment })), 'done')
})

test('deals opened in the same moment are all on some page of the till’s own list', async () => {
  const opened = Array.from({ length: 55 }, () => newDeal())
  await Promise.all(opened.map((deal) => send(till, 'open-offer', { deal, bill: null })))
  // One batch gives all its deals one moment; here all of the till's are made to share it.
  const database = new pg.Client(bank.hub.settings)
  await database.connect()
  await database.query(
    `update offer o set opened_at = m.moment, snapshot = jsonb_set(snapshot, '{openedAt}', to_jsonb(m.moment))
     from (select max(opened_at) as moment from offer) m where 'deal_' || replace(o.deal::text, '-', '') = any($1)`,
    [opened],
  )
  await database.end()
  const seen = new Set<string>()
  let before: string | null = null
  do {
    const page = await register.deals(before === null ? {} : { before })
    assert.ok(page.ok)
    for (const { deal } of page.view.deals) seen.add(deal)
    before = page.view.next
  } while (before !== null)
  assert.deepEqual(
    opened.filter((deal) => !seen.has(deal)),
    [],
  )
})

test('a bill with a line for each year does not tell the shop how old the payer is', async () => {
  const lines = [16, 17, 18, 19].map((minimumAge) =>
    lineOf(1n, { restriction: { minimumAge, membership: null, region: null, perDay: null } }),
  )
  const deal = await dealOf(register, asked(billWith(...lines, lineOf(1n))))
  const view = await joinByLink(kenji, deal)
  assert.equal(codeOf(await approve(kenji, view, PIN)), 'shop-asked')
  const shown = await register.deal(deal.deal)
  assert.ok(shown.ok)
  assert.deepEqual(shown.view.restriction, { state: 'asked', lines: [0, 1, 2, 3] }, 'he is 17')
  const answers = await Promise.all(
    [true, false, true].map((allowed, at) => send(till, 'permit', { payment: view.payment, allowed }, at)),
  )
  assert.deepEqual(counted(answers.map(replied)), { done: 1, 'not-asked': 2 })
  await send(till, 'cancel-deal', { deal: deal.deal, payment: view.payment })
})

test('a yes of the shop is for the bill it saw: a changed one asks again, and a purchase handed back asks nobody', async () => {
  const restriction = { minimumAge: 20, membership: null, region: null, perDay: null }
  const bill = asked(billWith(lineOf(10n, { restriction })))
  const deal = await dealOf(register, bill)
  const view = await joinByLink(kenji, deal)
  const { payment } = view
  assert.equal(replied(await send(till, 'permit', { payment, allowed: true })), 'not-asked', 'before it was asked')
  assert.equal(codeOf(await approve(kenji, view, PIN)), 'shop-asked')
  const office = await speaker(bank.hub, 'register', bank.office)
  assert.equal(replied(await send(office, 'permit', { payment, allowed: true })), 'not-found', 'by another terminal')
  assert.equal(replied(await send(till, 'permit', { payment, allowed: true })), 'done')
  const dearer = asked(billWith(lineOf(20n, { restriction })))
  assert.equal(
    replied(await send(till, 'change-bill', { deal: deal.deal, payment, billVersion: 1, bill: dearer })),
    'done',
  )
  assert.equal(codeOf(await approve(kenji, view, PIN)), 'bill-changed')
  const changed = await kenji.payment(payment)
  assert.ok(changed.ok && !changed.view.permitted)
  assert.equal(codeOf(await approve(kenji, changed.view, PIN)), 'shop-asked')
  assert.equal(replied(await send(till, 'permit', { payment, allowed: false })), 'done')

  const identity = await register.identity()
  const forbidden = identity && billToSign(identity, newDeal(), bill)
  const signed = forbidden && (await signHandBack(kenji, forbidden, PIN))
  assert.ok(signed?.ok)
  const refused = await register.send('submit-signed', signed.view)
  assert.ok(!refused.ok && refused.problem.code === 'restricted' && refused.problem.figures === undefined)
})

test('a day’s quantity and a day’s limit hold for two phones, signed purchases and two hubs together', async () => {
  const restriction = { minimumAge: null, membership: null, region: null, perDay: 3 }
  const masks = asked(billWith(lineOf(1n, { code: 'MASK', restriction }), lineOf(1n, { code: 'MASK', restriction })))
  const wanted = await Promise.all(
    [hanako, tablet, hanako].map(async (client) => ({
      client,
      view: await joinByLink(client, await dealOf(register, masks)),
    })),
  )
  const bought = await Promise.all(wanted.map(({ client, view }) => approve(client, view, PIN)))
  assert.deepEqual(counted(bought.map(codeOf)), { done: 1, 'shop-asked': 2 }, 'two in each, three a day')

  const payee = await speaker(bank.hub, 'kenji', kenji)
  const joined = await Promise.all(
    [hanako, tablet, hanako].map(async (client) => ({
      client,
      view: await joinByLink(client, await dealOf(register, asked(billOf(30n)))),
    })),
  )
  const signed = await Promise.all([hanako, tablet, tablet].map((client) => signedBy(client, kenji, newDeal(), 30n)))
  const account = await accountOf(hanako)
  assert.ok(phone.self.kind === 'device')
  const file = await desk.reads(`/v1/operator/parties/${phone.self.party}`)
  // Border: the route's view.
  const balances = file.body.balances as { unit: string; spentOnDay: string }[]
  const spent = balances.find(({ unit }) => unit === 'JPY')
  const perDay = String(BigInt(spent?.spentOnDay ?? 0) + 100n)
  const limits = { perPayment: '100', perDay, perMonth: perDay }
  assert.equal(replied(await operates('set-limits', { account, unit: 'JPY', limits })), 'done')
  const before = await moneyOf(hanako)
  const codes = await Promise.all([
    ...joined.map(async ({ client, view }) => codeOf(await approve(client, view, PIN))),
    ...signed.map(async (each, at) => replied(await send(payee, 'submit-signed', each, at))),
  ])
  assert.deepEqual(counted(codes), { done: 3, 'over-day-limit': 3 })
  assert.equal(before - (await moneyOf(hanako)), 90n)
  assert.equal(replied(await operates('set-limits', { account, unit: 'JPY', limits: null })), 'done')
})

test('refunds of the whole and of lines from two hubs at once never give back more than was paid', async () => {
  const sale = await paid(asked(billWith(lineOf(100n), lineOf(200n))), hanako, register)
  const { payment } = sale
  const wanted = Array.from({ length: 24 }, (_, index) =>
    index % 3 === 0
      ? { payment, amount: '70', lines: [] }
      : { payment, amount: '50', lines: [{ line: index % 2, amount: '50' }] },
  )
  const replies = await Promise.all(wanted.map((body, at) => send(till, 'refund', body, at)))
  const given = wanted.filter((_, at) => replies[at]?.status === 200)
  assert.ok(given.length >= 4)
  assert.ok(given.reduce((total, { amount }) => total + BigInt(amount), 0n) <= 300n)
  assert.ok(given.filter(({ lines }) => lines[0]?.line === 0).length <= 2, 'of the first line at most its 100')
  const codes = new Set(replies.map(replied))
  assert.deepEqual([...codes].toSorted(), ['already-refunded', 'done'])
})

test('a line taken back by two phones while the shop cancels it goes back once, and is then no line to refund', async () => {
  const before = await moneyOf(hanako)
  const [line, kept] = [lineOf(10n, { conditions: COOLING_OFF }), lineOf(30n)]
  const { payment, deal } = await paid(asked(billWith(line, kept)), hanako, register)
  const second = await speaker(bank.hub, 'hanako', tablet)
  const replies = await Promise.all([
    send(phone, 'take-back', { payment, portion: 0 }, 0),
    send(second, 'take-back', { payment, portion: 0 }, 1),
    send(second, 'decline', { payment }, 0),
    send(till, 'cancel-deal', { deal, payment }, 1),
  ])
  assert.deepEqual(counted(replies.map(replied)), { done: 1, 'state-conflict': 3 })
  await until(async () => before - (await moneyOf(hanako)) === 30n)
  const back = (amount: string, lines: object[]): Promise<Reply> => send(till, 'refund', { payment, amount, lines })
  assert.equal(replied(await back('10', [{ line: 0, amount: '10' }])), 'not-settled')
  assert.equal(replied(await back('31', [])), 'already-refunded')
  assert.equal(replied(await back('30', [{ line: 200, amount: '30' }])), 'not-found')
})

test('money for a payer whose account was closed meanwhile waits there for the operator; nothing can be paid from it', async () => {
  const made = await operates('open-party', { kind: 'person', name: 'Leaver', legalName: 'Leaver', units: ['JPY'] })
  const { party, account } = made.body
  assert.equal(replied(await operates('cash-in', { account, unit: 'JPY', amount: '500' })), 'done')
  const invited = async (): Promise<string> =>
    String((await operates('invite', { to: { kind: 'device', party } })).body.code)
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: bank.hub.url, storage, code: await invited(), label: 'Phone' })).ok)
  const unused = await invited()
  const leaver = openClient({ hub: bank.hub.url, storage })
  await setPin(leaver, '2468')
  const sale = await paid(asked(billWith(lineOf(300n), lineOf(100n, { conditions: COOLING_OFF }))), leaver, register)
  const close = async (): Promise<string> => replied(await operates('close', { account }))
  assert.equal(await close(), 'account-busy', 'a line may still be taken back')
  assert.equal(codeOf(await leaver.send('take-back', { payment: sale.payment, portion: 1 })), 'done')
  assert.equal(await close(), 'balance-left')
  assert.equal(replied(await operates('cash-out', { account, unit: 'JPY', amount: '200' })), 'done')
  assert.equal(await close(), 'done')
  assert.equal(await close(), 'account-closed')

  const refunded = await register.send('refund', { payment: sale.payment, amount: '120', lines: [] })
  assert.equal(codeOf(refunded), 'done')
  const out = async (amount: string): Promise<string> =>
    replied(await operates('cash-out', { account, unit: 'JPY', amount }))
  assert.deepEqual(
    [await out('121'), await out('120'), await out('1')],
    ['insufficient-funds', 'done', 'insufficient-funds'],
  )
  const late = await enrol({ hub: bank.hub.url, storage: memoryStorage(), code: unused, label: 'Late' })
  assert.ok(!late.ok, 'a code given out before the end opens nothing after it')
  leaver.close()
})

test('a frozen payer takes back and is refunded, and neither approves nor has a purchase handed back', async () => {
  const account = await accountOf(hanako)
  const bill = asked(billWith(lineOf(60n, { conditions: COOLING_OFF }), lineOf(60n)))
  const { payment } = await paid(bill, hanako, register)
  const view = await joinByLink(hanako, await dealOf(register, asked(billOf(30n))))
  const signed = await signedBy(hanako, kenji, newDeal(), 9n)
  const before = await moneyOf(hanako)
  assert.equal(replied(await operates('freeze', { account })), 'done')
  assert.equal(codeOf(await approve(hanako, view, PIN)), 'account-frozen')
  assert.equal(codeOf(await kenji.send('submit-signed', signed)), 'payer-refused')
  assert.equal(codeOf(await hanako.send('take-back', { payment, portion: 0 })), 'done')
  assert.equal(codeOf(await register.send('refund', { payment, amount: '10', lines: [] })), 'done')
  assert.equal(replied(await operates('unfreeze', { account })), 'done')
  await until(async () => (await moneyOf(hanako)) - before === 70n)
  assert.equal(codeOf(await kenji.send('submit-signed', signed)), 'payer-refused', 'what was refused stays refused')
})

test('a till that was revoked at one hub moves nothing at the other, whose sight of the session is older', async () => {
  const stolen = await enrolled(bank.hub, 'office')
  const by = await speaker(bank.hub, 'register', stolen)
  const cake = asked(billWith(lineOf(40n, { conditions: { delivery: true, coolingOff: null } })))
  const { payment } = await paid(cake, hanako, stolen)
  const deal = newDeal()
  assert.equal(replied(await send(by, 'open-offer', { deal, bill: asked(billOf(5n)) }, 1)), 'done')
  const { self } = (await stolen.identity()) ?? assert.fail()
  assert.equal(replied(await operates('revoke', { actor: self.id })), 'done')
  const codes = await Promise.all([
    send(by, 'deliver', { payment, portion: 0, amount: '40' }, 1),
    send(by, 'cancel-deal', { deal, payment: null }, 1),
    send(by, 'permit', { payment, allowed: true }, 1),
  ])
  // Word of the revocation may have come there meanwhile; where it has not, the row is looked at.
  for (const reply of codes) assert.match(replied(reply), /^(terminal-inactive|session-ended)$/)
  assert.equal(codeOf(await hanako.send('decline', { payment })), 'state-conflict', 'the money waits for the delivery')
  stolen.close()
})

test('a file of credits with a quote that swallows the rows after it is named, not half booked', async () => {
  const account = await accountOf(kenji)
  const files = {
    'never closed': `account,amount,note\n${account},1,"oops\n${account},2,x\n`,
    'closed by the next one': `account,amount,note\n${account},1,"oops\n${account},2,"x"\n`,
    'over two lines': `account,amount,note\n${account},1,"oops\n${account},2,"\n`,
    'text after it': `account,amount,note\n${account},1,"oops" x\n`,
  }
  for (const [what, rows] of Object.entries(files)) {
    const reply = await operates('credit-file', { unit: 'JPY', title: 'Pay', rows })
    assert.equal(replied(reply), 'rows-invalid', what)
    assert.deepEqual(reply.body.figures, { faults: '1', 2: 'columns' }, what)
  }
  const before = await moneyOf(kenji)
  const right = `\ufeffaccount;amount;note\r\n${account};"1";"a ""b"" ; c"\r\n${account};2;""\r\n`
  assert.equal(replied(await operates('credit-file', { unit: 'JPY', title: 'Pay', rows: right })), 'done')
  await until(async () => (await moneyOf(kenji)) - before === 3n)
})

test('ids, days and cursors that no row can have are answered, by a problem or by nothing found', async () => {
  const far = 'f'.repeat(32)
  const strange = [
    `/v1/operator/actions?before=9999999999999999-99999-999999999999999999`,
    `/v1/operator/actions?subject=pty_${far}`,
    `/v1/operator/parties?before=pty_${far}`,
    `/v1/operator/parties/pty_${far}`,
    '/v1/operator/parties?search=%25_%5C',
    '/v1/operator/heads?before=99999999',
  ]
  for (const path of strange) assert.ok([200, 404].includes((await desk.reads(path)).status), path)
  const own = [
    `/v1/sales/pay_${far}`,
    `/v1/payments/pay_${far}`,
    '/v1/history?before=999999999999999999',
    '/v1/history?before=0&kind=hold&from=0000-01-01&to=9999-12-31',
    '/v1/history.csv?from=9999-12-31&to=9999-12-31',
    '/v1/history?from=2026-02-30',
    '/v1/history?from=-000001-01-01',
    '/v1/history?kind=__proto__',
    '/v1/sales?before=999999999999999999',
    '/v1/history?unit=JPY&unit=EUR',
  ]
  for (const path of own) assert.ok([200, 404, 422].includes((await phone.reads(path)).status), path)
  const bill = asked(billOf(1n))
  const commands: [Speaker, string, object][] = [
    [till, 'refund', { payment: `pay_${far}`, amount: '1', lines: [] }],
    [till, 'permit', { payment: `pay_${far}`, allowed: true }],
    [till, 'cancel-deal', { deal: `deal_${far}`, payment: `pay_${far}` }],
    [till, 'change-bill', { deal: newDeal(), payment: null, billVersion: 9_007_199_254_740_991, bill }],
    [phone, 'take-back', { payment: `pay_${far}`, portion: 200 }],
    [phone, 'join', { credential: { kind: 'token', token: `tok_${far}` } }],
    [till, 'bill-person', { deal: newDeal(), to: '00000000000', bill }],
  ]
  for (const [by, name, body] of commands)
    assert.match(replied(await send(by, name, body)), /not-found|not-a-contact/, name)
})

test('a name that a Japanese spreadsheet would run is text in the statement', async () => {
  const today = Temporal.Now.plainDateISO('Asia/Tokyo')
  for (const name of ['＝1+1', '＠SUM(A1)', ' =1+1', '－1']) {
    const shop = await bank.shop(name)
    await paid(asked(billOf(1n)), hanako, shop)
    const days = { from: today.toString(), to: today.add({ days: 1 }).toString() }
    const file = await hanako.statement(days)
    assert.ok(file.ok && file.view.includes(`,settle,'${name},-1,`), name)
  }
})

test('after all that the books are right', async () => {
  assert.deepEqual(faultsOf(await readBooks(bank.hub.settings)), [])
})
