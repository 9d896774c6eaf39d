// A small bank whose customers write down when they called and what they heard: payments, refunds, cash in, money sent to
// each other and balances read, by several clients at once over several hubs. What was written down is judged by linearizable.ts.
import { accountNumber, bucketOf, serialInBucket, systemAccount, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { bucketOfId, idFrom, idInBucket, type PaymentId } from '#core/ids.ts'
import type { Transfer } from '#core/ledger.ts'
import type { Chance } from '#sim/random.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { DeviceCommand, TerminalCommand } from '#switch/command.ts'
import { TooBusy } from '#switch/lanes.ts'
import { StoreUnavailable, type Answer, type Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { AccountInput, AccountOutput, Operation } from './linearizable.ts'
import { billOf, BUCKETS, evidenceFor, JPY, type Ground } from './world.ts'

/** One hub as a client meets it. */
export type Counter = Readonly<{ hub: Switch; store: Store }>

/** What the bank stands in: virtual time and drawn faults, or a real database whose connections drop. */
export type Surroundings = Readonly<{
  ground: Pick<Ground, 'scheme' | 'register' | 'store'>
  chance: Chance
  hubs: number
  /** the hub as it is now; undefined while it is dead */
  counter(index: number): Counter | undefined
  /** a client's request on its way there and back; undefined when no answer came */
  ask<Heard>(chance: Chance, request: () => Promise<Heard>): Promise<Heard | undefined>
  pause(chance: Chance, lowMs: number, highMs: number): Promise<void>
}>

export type AccountHistory = readonly Operation<AccountInput, AccountOutput>[]
export type Told =
  'reads' | 'payments' | 'refunds' | 'cash in' | 'sent' | 'short' | 'unknown' | 'asked again' | 'drains'

type Written = { input: AccountInput; calledAt: number; returned: { at: number; output: AccountOutput } | null }
type Put = Readonly<{ written: Written; bucket: number; postedAt: number }>

const CLIENTS = 8
const PEOPLE = 3
/** A client that hears nothing asks again with the same id; one time in so many it loses its memory instead. */
const GIVES_UP = 1 / 30

/** Opens accounts and lets clients work until `operations` are written down; then all is drained and read once more by every hub. */
export async function runBank(
  around: Surroundings,
  operations: number,
  heal: () => void,
): Promise<{ histories: ReadonlyMap<AccountNumber, AccountHistory>; told: ReadonlyMap<Told, number> }> {
  const { ground, chance } = around
  const { till, people } = await openAccounts(around)
  const accounts = [till.account, ...people.map(({ account }) => account)]
  const histories = new Map(accounts.map((account) => [account, [] as Written[]]))
  const told = new Map<Told, number>()
  const refundable: { payment: PaymentId; payer: DeviceActor; left: bigint }[] = []
  let puts: Put[] = []
  let time = 0
  const bank = { written: 0, isOver: false }

  const tell = (what: Told): void => void told.set(what, (told.get(what) ?? 0) + 1)
  const write = (
    account: AccountNumber,
    input: AccountInput,
    calledAt: number,
    output: AccountOutput | null,
  ): Written => {
    const returned = output === null ? null : { at: ++time, output }
    const row: Written = { input, calledAt, returned }
    histories.get(account)?.push(row)
    bank.written++
    return row
  }

  /** Money on its way: it shows at some moment between the call that sent it and the end of a drain that began after the answer. */
  function writePut(account: AccountNumber, amount: bigint, calledAt: number, isKnown: boolean): void {
    const row = write(account, { kind: 'put', amount }, calledAt, null)
    if (isKnown) puts.push({ written: row, bucket: bucketOf(account, BUCKETS), postedAt: ++time })
  }

  async function drain(store: Store, bucket: number): Promise<void> {
    const from = ++time
    while ((await store.deposit(bucket)) > 0);
    const at = ++time
    const shown = puts.filter((put) => put.bucket === bucket && put.postedAt < from)
    puts = puts.filter((put) => !shown.includes(put))
    for (const put of shown) put.written.returned = { at, output: 'done' }
    tell('drains')
  }

  const buckets = [...new Set(accounts.map((account) => bucketOf(account, BUCKETS)))]

  async function keepDraining(index: number, own: Chance): Promise<void> {
    while (!bank.isOver) {
      await around.pause(own, 10, 200)
      const counter = around.counter(index)
      if (counter === undefined) continue
      const all = (): Promise<unknown> => Promise.all(buckets.map((bucket) => drain(counter.store, bucket)))
      await around.ask(own, all).catch(onlyWhenAway)
    }
  }

  /** Asks until there is an answer; null when the client has forgotten what it asked. */
  async function insist<Heard>(own: Chance, request: (counter: Counter) => Promise<Heard>): Promise<Heard | null> {
    for (;;) {
      const counter = around.counter(own.below(around.hubs))
      const heard =
        counter && (await around.ask(own, () => request(counter)).catch((error: unknown) => onlyWhenAway(error)))
      if (heard !== undefined) return heard
      if (own.happens(GIVES_UP)) return null
      tell('asked again')
      await around.pause(own, 5, 400)
    }
  }

  const say = (own: Chance, actor: TerminalActor | DeviceActor, body: TerminalCommand | DeviceCommand) => {
    const sent = { ...body, id: idFrom('cmd', own.bytes(16)), hash: '5a', actor }
    // Border: the pairs of actor and command are this file's own; the types cannot follow the union.
    return insist(own, ({ hub }) => hub.handle(sent as Parameters<typeof hub.handle>[0]))
  }

  async function readOne(own: Chance): Promise<void> {
    const account = own.pick(accounts)
    const calledAt = ++time
    const balances = await insist(own, ({ store }) => store.readBalances(account))
    const [balance] = balances ?? []
    if (balance === undefined) return
    write(account, { kind: 'read' }, calledAt, balance.balance)
    tell('reads')
  }

  /** Writes down what became of money that left `from` for `to`; true when it went. */
  function writeMove(
    answer: Answer | null,
    move: Readonly<{ from: AccountNumber | null; to: AccountNumber; amount: bigint; calledAt: number }>,
  ): boolean {
    const { from, to, amount, calledAt } = move
    const take = { kind: 'take', amount } as const
    if (answer === null) {
      tell('unknown')
      if (from !== null) write(from, take, calledAt, null)
      writePut(to, amount, calledAt, false)
      return false
    }
    if (answer.refusal === null) {
      if (from !== null) write(from, take, calledAt, 'done')
      writePut(to, amount, calledAt, true)
      return true
    }
    if (answer.refusal.code === 'insufficient-funds' && from !== null) {
      tell('short')
      write(from, take, calledAt, 'short')
    }
    return false
  }

  async function pay(own: Chance): Promise<void> {
    const payer = own.pick(people)
    const amount = BigInt(own.between(1, 400))
    const deal = idFrom('deal', own.bytes(16))
    if ((await say(own, till, { name: 'open-offer', deal, bill: billOf(amount) }))?.refusal !== null) return
    const offer = await insist(own, ({ store }) => store.readOffer(bucketOfId(till.id), { terminal: till.id, deal }))
    if (offer?.state.kind !== 'open') return
    const credential = { kind: 'token', token: offer.state.ticket.token } as const
    const joinedAt = ++time
    const joined = await say(own, payer, { name: 'join', credential, address: '127.0.0.1' })
    const payment = joined?.payment ?? null
    const move = { from: payer.account, to: till.account, amount }
    if (payment === null) {
      if (joined !== null) writeMove(joined, { ...move, calledAt: joinedAt })
      return
    }
    const seen = await insist(own, ({ store }) => store.readPayment(payment))
    const now = await insist(own, ({ store }) => store.now())
    if (seen === undefined || seen === null || now === null) return
    const evidence = evidenceFor(ground.scheme, seen, payer, 'right', now)
    const calledAt = ++time
    if (!writeMove(await say(own, payer, { name: 'approve', payment, evidence }), { ...move, calledAt })) return
    tell('payments')
    refundable.push({ payment, payer, left: amount })
  }

  async function refund(own: Chance): Promise<void> {
    const paid = refundable.length === 0 ? undefined : own.pick(refundable)
    if (paid === undefined || paid.left === 0n) return
    const { payment, payer } = paid
    const amount = BigInt(own.between(1, Number(paid.left)))
    paid.left -= amount
    const calledAt = ++time
    const answer = await say(own, till, { name: 'refund', payment, amount, lines: [] })
    if (writeMove(answer, { from: till.account, to: payer.account, amount, calledAt })) tell('refunds')
  }

  async function post(own: Chance, isCash: boolean): Promise<void> {
    const payee = own.pick(people)
    const payer = isCash ? null : own.pick(people.filter((each) => each !== payee))
    const amount = BigInt(own.between(1, isCash ? 150 : 300))
    const transfer: Transfer = {
      debit: payer?.account ?? systemAccount('issue', bucketOf(payee.account, BUCKETS)),
      credit: payee.account,
      unit: JPY,
      amount,
      kind: 'post',
      payment: null,
      debitName: payee.name,
      creditName: payer?.name ?? 'Bank',
    }
    const posting = { id: idFrom('cmd', own.bytes(16)), hash: '5a', transfers: [transfer] }
    const calledAt = ++time
    const answer = await insist(own, ({ hub }) => hub.post(posting, payee.party))
    const move = { from: payer?.account ?? null, to: payee.account, amount, calledAt }
    if (writeMove(answer, move)) tell(isCash ? 'cash in' : 'sent')
  }

  async function work(own: Chance): Promise<void> {
    while (bank.written < operations) {
      await around.pause(own, 0, 60)
      const what = own.below(100)
      if (what < 55) await readOne(own)
      else if (what < 70) await pay(own)
      else if (what < 80) await refund(own)
      else await post(own, what < 90)
    }
  }

  const drains = Array.from({ length: around.hubs }, (_, index) => keepDraining(index, chance.fork(`drain ${index}`)))
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => work(chance.fork(`client ${index}`))))
  bank.isOver = true
  heal()
  await Promise.all(drains)
  for (const bucket of buckets) await drain(ground.store, bucket)
  assert(puts.length === 0, 'everything that was sent has been drained')
  for (const account of accounts) {
    const calledAt = ++time
    const [balance] = await ground.store.readBalances(account)
    write(account, { kind: 'read' }, calledAt, balance?.balance ?? -1n)
  }
  return { histories, told }
}

/** An error that is not the database's being away is the bank's own. */
function onlyWhenAway(error: unknown): undefined {
  if (!(error instanceof StoreUnavailable || error instanceof TooBusy)) throw error
  return undefined
}

/** A shop and some people, all with nothing. */
async function openAccounts({
  ground,
  chance,
}: Surroundings): Promise<{ till: TerminalActor; people: readonly DeviceActor[] }> {
  // Far apart, so that banks of several seeds in one database share no account.
  let serial = chance.below(500_000)
  const account = (): AccountNumber => {
    const number = serialInBucket(1, chance.below(BUCKETS), ++serial, BUCKETS)
    assert(number !== undefined, 'the branch has room')
    return accountNumber(1, number)
  }
  const partyIn = (number: AccountNumber) => idInBucket('pty', bucketOf(number, BUCKETS), chance.bytes(14))

  const shop = account()
  const till: TerminalActor = {
    kind: 'terminal',
    id: idInBucket('trm', bucketOf(shop, BUCKETS), chance.bytes(14)),
    key: idFrom('key', chance.bytes(16)),
    party: partyIn(shop),
    account: shop,
    name: 'Bakery',
    legalName: 'Bakery Ltd.',
    label: 'Till 1',
    terminalKind: 'counter',
    cashier: null,
  }
  await ground.register({
    terminals: [{ id: till.id, party: till.party, status: 'active' }],
    accounts: [{ key: shop, unit: JPY }],
  })
  const people: DeviceActor[] = []
  for (let index = 0; index < PEOPLE; index++) {
    const number = account()
    const id = idInBucket('dev', bucketOf(number, BUCKETS), chance.bytes(14))
    const key = idFrom('key', chance.bytes(16))
    const party = partyIn(number)
    await ground.register({
      devices: [
        {
          id,
          party,
          key,
          status: 'active',
          approvesWith: 'any',
          provedAt: 0,
          provedWith: 'password',
          wrongProofs: 0,
          lockedUntil: 0,
        },
      ],
      accounts: [{ key: number, unit: JPY }],
    })
    people.push({
      kind: 'device',
      id,
      key,
      party,
      account: number,
      name: `Person ${index + 1}`,
      legalName: `Person ${index + 1}`,
    })
  }
  return { till, people }
}
