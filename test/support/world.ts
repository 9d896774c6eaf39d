// A small town on any store: one shop with a terminal, some people with phones and money, and short ways to say what they do.
import { randomBytes } from 'node:crypto'
import { accountNumber, bucketOf, serialInBucket, systemAccount, type AccountNumber } from '#core/accounts.ts'
import { approvalBytes, METHOD_WHOLE, NO_PAYMENT, type Purpose } from '#core/approval.ts'
import { assert } from '#core/assert.ts'
import { billHash, NO_CONDITIONS, type Bill, type Biller, type Conditions, type Line } from '#core/bill.ts'
import { fromHex, sha256, toHex, utf8 } from '#core/bytes.ts'
import type { Device, ProofResult, Strength } from '#core/device.ts'
import { bucketOfId, idInBucket, type CommandId, type DealId, type PaymentId } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import { ACCOUNT } from '#core/means.ts'
import { methodCode } from '#core/method.ts'
import type { Unit } from '#core/money.ts'
import type { Evidence, Payment } from '#core/payment.ts'
import type { Askable } from '#core/persona.ts'
import { questionHash, type Question } from '#core/question.ts'
import type { RefundLine } from '#core/refund.ts'
import { BILLER_COMMANDS } from '#protocol/commands.ts'
import { billerOf, type DeviceActor, type TerminalActor } from '#switch/actors.ts'
import { memoryBudgets } from '#switch/budgets.ts'
import type { DeviceCommand, TerminalCommand } from '#switch/command.ts'
import type { Answer } from '#switch/store.ts'
import { createSwitch, type OtherMeans, type Scheme } from '#switch/switch.ts'
import { BUCKETS, JPY, newId, type Ground } from './grounds.ts'

export * from './grounds.ts'

export type Town = Awaited<ReturnType<typeof openTown>>

let serials = 0

/** Opens a shop and people with `money` each on a ground, behind a switch with its own lanes. */
export async function openTown(
  ground: Ground,
  options: { people?: number; money?: bigint; lanes?: number; otherMeans?: OtherMeans } = {},
) {
  const { store, scheme } = ground
  const alarms: unknown[] = []
  const make = (over: Ground = ground) =>
    createSwitch({
      store: over.store,
      budgets: memoryBudgets(() => 0),
      scheme: over.scheme,
      random: (bytes) => randomBytes(bytes),
      lanes: options.lanes ?? 4,
      ...(options.otherMeans !== undefined && { otherMeans: options.otherMeans }),
      onChange: () => {},
      onAlarm: (alarm) => void alarms.push(alarm.error),
    })
  const hub = make()
  const account = (bucket = ++serials % BUCKETS): AccountNumber => {
    const serial = serialInBucket(1, bucket, ++serials, BUCKETS)
    assert(serial !== undefined, 'the branch has room')
    return accountNumber(1, serial)
  }

  async function shop(): Promise<TerminalActor> {
    const number = account()
    const home = bucketOf(number, BUCKETS)
    const party = idInBucket('pty', home, randomBytes(14))
    const id = idInBucket('trm', home, randomBytes(14))
    await ground.register({
      terminals: [{ id, party, status: 'active' }],
      accounts: [{ key: number, unit: JPY }],
      holders: [{ party, kind: 'merchant', name: 'Marubeni Bakery', account: number }],
    })
    return {
      kind: 'terminal',
      id,
      key: newId('key'),
      party,
      account: number,
      name: 'Marubeni Bakery',
      legalName: 'Marubeni Bakery Ltd.',
      label: 'Till 1',
      terminalKind: 'counter',
      cashier: null,
    }
  }

  async function person(name: string, money: bigint, inBucket?: number): Promise<DeviceActor> {
    const number = account(inBucket)
    const home = bucketOf(number, BUCKETS)
    const party = idInBucket('pty', home, randomBytes(14))
    const id = idInBucket('dev', home, randomBytes(14))
    const key = newId('key')
    const device: Device = {
      id,
      party,
      key,
      status: 'active',
      approvesWith: 'any',
      provedAt: 0,
      provedWith: 'password',
      wrongProofs: 0,
      lockedUntil: 0,
    }
    await ground.register({
      devices: [device],
      accounts: [{ key: number, unit: JPY }],
      holders: [{ party, kind: 'person', name, account: number }],
    })
    const actor = { kind: 'device', id, key, party, account: number, name, legalName: name } as const
    if (money > 0n) await give(actor, JPY, money)
    return actor
  }

  /** Money of a unit in an account that counts in it. */
  async function give({ account, party, name }: DeviceActor, unit: Unit, amount: bigint): Promise<void> {
    const home = bucketOf(account, BUCKETS)
    const transfer = {
      debit: systemAccount('issue', home),
      credit: account,
      unit,
      amount,
      kind: 'post',
      payment: null,
      debitName: name,
      creditName: 'Warifu',
    } as const
    await hub.post({ id: newId('cmd'), hash: '00', transfers: [transfer] }, party)
    await store.deposit(home)
  }

  /** An account of this person's in a further unit, with money, and the scheme's own accounts of the unit in every bucket. */
  async function further(actor: DeviceActor, unit: Unit, amount: bigint): Promise<void> {
    const own = Array.from({ length: BUCKETS }, (_, bucket) => ({ key: systemAccount('issue', bucket), unit }))
    await ground.register({ accounts: [...own, { key: actor.account, unit }] })
    await give(actor, unit, amount)
  }

  const balanceIn = async ({ account }: { account: AccountNumber }, unit: Unit): Promise<bigint> =>
    (await store.readBalances(account)).find((row) => row.unit === unit)?.balance ?? 0n

  const till = await shop()
  const people: DeviceActor[] = []
  for (let index = 0; index < (options.people ?? 2); index++)
    people.push(await person(`Person ${index + 1}`, options.money ?? 10_000n))
  const [payer] = people
  assert(payer !== undefined, 'a town has people')

  const hashOf = (body: object): string =>
    toHex(
      sha256(
        utf8(
          JSON.stringify(body, (_key, value: unknown) =>
            typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? toHex(value) : value,
          ),
        ),
      ),
    )
  const say = (
    actor: TerminalActor | DeviceActor,
    body: TerminalCommand | DeviceCommand,
    id: CommandId = newId('cmd'),
    over = hub,
  ): Promise<Answer> => {
    const isPerson = actor.kind === 'device'
    const asks = BILLER_COMMANDS.some((name) => name === body.name)
    const sent = { ...body, id, hash: hashOf(body), isPerson, actor: isPerson && asks ? billerOf(actor) : actor }
    // Border: the pairs of actor and command are the test's own; the types cannot follow the union.
    return over.handle(sent as Parameters<typeof over.handle>[0])
  }

  return {
    ground,
    hub,
    make,
    alarms,
    till,
    people,
    payer,
    shop,
    person,
    further,
    say,
    /** the number on the till's screen */
    async number(deal: DealId, terminal = till): Promise<string> {
      const offer = await store.readOffer(bucketOfId(terminal.id), { terminal: terminal.id, deal })
      assert(offer?.state.kind === 'open' && offer.state.ticket.number !== null, 'the offer is open under a number')
      return offer.state.ticket.number
    },
    async offer(bill: Bill | null, deal = newId('deal')): Promise<{ deal: DealId; number: string; token: string }> {
      const answer = await say(till, { name: 'open-offer', deal, bill })
      assert(answer.refusal === null, 'the offer opens')
      const offer = await store.readOffer(bucketOfId(till.id), { terminal: till.id, deal })
      assert(offer?.state.kind === 'open' && offer.state.ticket.number !== null, 'the offer is open under a number')
      return { deal, number: offer.state.ticket.number, token: offer.state.ticket.token }
    },
    /** A question under a number, on the till's screen. */
    async ask(question: Question, by = till, deal = newId('deal')): Promise<{ deal: DealId; number: string }> {
      const answer = await say(by, { name: 'ask', deal, question })
      assert(answer.refusal === null, 'the question opens')
      const offer = await store.readOffer(bucketOfId(by.id), { terminal: by.id, deal })
      assert(offer?.state.kind === 'open' && offer.state.ticket.number !== null, 'it is open under a number')
      return { deal, number: offer.state.ticket.number }
    },
    /** The answer of an honest phone. */
    async prove(
      actor: DeviceActor,
      payment: PaymentId,
      released: readonly Askable[],
      options: {
        proof?: ProofResult
        strength?: Strength
        id?: CommandId
        over?: typeof hub
        told?: readonly Askable[]
      } = {},
    ): Promise<Answer> {
      const seen = await store.readPayment(payment)
      assert(seen !== undefined, 'the payment is there')
      const { proof = 'right', strength, told = released } = options
      const signed = { released, strength }
      const evidence = evidenceFor(scheme, seen, actor, proof, await store.now(), 'authenticate', signed)
      return say(actor, { name: 'prove', payment, evidence, released: told }, options.id, options.over)
    },
    join: (actor: DeviceActor, number: string, id?: CommandId, over = hub) =>
      say(actor, { name: 'join', credential: { kind: 'number', number }, address: '127.0.0.1' }, id, over),
    async approve(
      actor: DeviceActor,
      payment: PaymentId,
      options: {
        proof?: ProofResult
        strength?: Strength
        id?: CommandId
        over?: typeof hub
        seen?: Payment
        at?: number
      } = {},
    ): Promise<Answer> {
      const seen = options.seen ?? (await store.readPayment(payment))
      assert(seen !== undefined, 'the payment is there')
      const { proof = 'right', strength } = options
      const at = options.at ?? (await store.now())
      const evidence = evidenceFor(scheme, seen, actor, proof, at, 'approve', { strength })
      return say(actor, { name: 'approve', payment, evidence }, options.id, options.over)
    },
    /** Money back from the till: a part of the whole, or the lines that are named. */
    refund: (payment: PaymentId, amount: bigint, lines: readonly RefundLine[] = [], id?: CommandId, over = hub) =>
      say(till, { name: 'refund', payment, amount, lines }, id, over),
    balance: (actor: { account: AccountNumber }) => balanceIn(actor, JPY),
    balanceIn,
    async settleDown(): Promise<void> {
      for (let home = 0; home < BUCKETS; home++) while ((await store.deposit(home)) > 0);
    },
    async faults(): Promise<string[]> {
      return faultsOf(await ground.books())
    },
  }
}

/** A further phone of somebody's, whose owner has never unlocked it. */
export async function anotherPhone(
  { ground }: Readonly<{ ground: Ground }>,
  owner: DeviceActor,
  status: 'active' | 'revoked' = 'active',
): Promise<DeviceActor> {
  const id = idInBucket('dev', bucketOfId(owner.id), randomBytes(14))
  const key = newId('key')
  const proofs = { provedAt: 0, provedWith: 'password', wrongProofs: 0, lockedUntil: 0 } as const
  await ground.register({ devices: [{ id, party: owner.party, key, status, approvesWith: 'any', ...proofs }] })
  return { ...owner, id, key }
}

/** The evidence an honest phone makes of what it sees. */
export function evidenceFor(
  scheme: Scheme,
  payment: Pick<Payment, 'id' | 'deal' | 'bill' | 'question' | 'biller' | 'nonce' | 'billVersion' | 'means'>,
  actor: DeviceActor,
  proof: ProofResult,
  now: number,
  purpose: Purpose = 'approve',
  { released = [], strength = 'password' }: { released?: readonly Askable[]; strength?: Strength | undefined } = {},
): Evidence {
  const bytes = approvalBytes({
    purpose,
    scheme: scheme.id,
    deal: payment.deal,
    payment: payment.id,
    billVersion: payment.billVersion,
    billHash: signedHash(payment, released),
    payerAccount: actor.account,
    means: 'id' in payment.means ? payment.means.id : actor.account,
    method: payment.means.kind === 'card' ? methodCode(payment.means.method) : METHOD_WHOLE,
    key: actor.key,
    nonce: fromHex(payment.nonce) ?? new Uint8Array(16),
    expiresAt: now + 60_000,
  })
  return {
    bytes,
    signature: new Uint8Array(64),
    proof,
    strength: proof === 'right' ? strength : null,
    key: actor.key,
  }
}

function signedHash(
  { bill, question, biller, means }: Pick<Payment, 'bill' | 'question' | 'biller' | 'means'>,
  released: readonly Askable[],
): Uint8Array {
  if (question !== null) return questionHash(biller, question, released)
  return bill === null ? new Uint8Array(32) : billHash(biller, bill, means)
}

/** A bill of one line. */
export const billOf = (amount: bigint, conditions: Conditions = NO_CONDITIONS): Bill =>
  billWith(lineOf(amount, { conditions }))

export const lineOf = (amount: bigint, over: Partial<Line> = {}): Line => ({
  text: 'Bread',
  quantity: 1,
  amount,
  taxRate: 800,
  tax: (amount * 8n) / 108n,
  code: null,
  conditions: NO_CONDITIONS,
  restriction: null,
  ...over,
})

export const billWith = (...lines: Line[]): Bill => ({
  unit: JPY,
  total: lines.reduce((total, { amount }) => total + amount, 0n),
  lines,
})

/** What the payer signs of a purchase that nobody has asked the hub about: handed back by QR or link, submitted by the biller. */
export function handedBack(
  scheme: Scheme,
  start: { biller: Biller; deal: DealId; bill: Bill; nonce: string },
  actor: DeviceActor,
  proof: ProofResult,
  now: number,
): Evidence {
  const { biller, deal, bill, nonce } = start
  const signed = { id: NO_PAYMENT, deal, bill, question: null, biller, nonce, billVersion: 1, means: ACCOUNT }
  return evidenceFor(scheme, signed, actor, proof, now, 'hand-back')
}
