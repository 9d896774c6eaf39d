// payments: number, join, approve, settle over HTTP with MACs, device signatures and both watchers told. The hub is a process of
// its own; this process is the tills and phones. A pair pays one bill after the other (`run`), or bills come by themselves at a
// given rate, whoever is free takes the next, and its time counts from when it came (`sustained`).
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { systemAccount } from '#core/accounts.ts'
import { approvalBytes, METHOD_WHOLE } from '#core/approval.ts'
import { billHash, type Bill } from '#core/bill.ts'
import { fromHex, toBase64url } from '#core/bytes.ts'
import { idFrom, type SchemeId } from '#core/ids.ts'
import { billFromWire, type BillWire } from '#protocol/bill.ts'
import type { ProofBody } from '#protocol/commands.ts'
import type { AnswerView, PaymentView } from '#protocol/views.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { postgresDirectory } from '#server/postgres/directory.ts'
import { UNIT, type Ground } from './ground.ts'
import { commandId, newKey, openMachine, signed, type Machine } from './machines.ts'
import { during, type Round } from './measure.ts'
import type { HubMessage } from './payments-hub.ts'

const BILL: BillWire = {
  unit: UNIT,
  total: '1280',
  lines: [
    {
      text: 'Bread',
      quantity: 2,
      amount: '700',
      taxRate: 800,
      tax: '51',
      code: null,
      conditions: { delivery: false, coolingOff: null },
      restriction: null,
    },
    {
      text: 'Coffee',
      quantity: 1,
      amount: '580',
      taxRate: 800,
      tax: '42',
      code: null,
      conditions: { delivery: false, coolingOff: null },
      restriction: null,
    },
  ],
}

type Pair = Readonly<{ till: Machine; phone: Machine }>

/** The proof by the phone with this index; null is none. */
export type Prove = (phone: number, approval: Uint8Array) => ProofBody
const NO_PROOF: Prove = () => null

export type Payments = Readonly<{
  /** `prove`: each payer proves to be there, where it is not their unlock that lets the payment through */
  run: (seconds: number, prove?: Prove) => Promise<Round>
  sustained: (minutes: number, perSecond: number, note: (text: string) => void) => Promise<Round>
  /** milliseconds of processor and megabytes of memory that the hub's process has used */
  used: () => Promise<Readonly<{ cpuMs: number; memoryMb: number }>>
  close: () => Promise<void>
  port: number
  phones: readonly DeviceActor[]
}>

/** Starts a hub on the ground's database, and `pairs` of a till and a phone. */
export async function openPayments(ground: Ground, pairs: number): Promise<Payments> {
  const hub = await startHubProcess(ground)
  const machines: Pair[] = []
  for (let index = 0; index < pairs; index++) machines.push(await openPair(ground, hub.port, index))
  // The phones' owners have proved to be there; each approval is signed by the device key all the same.
  await ground.database.reads.query('update device set proved_at = $1', [Date.now()])
  for (let bucket = 0; bucket < ground.scheme.buckets; bucket++) await ground.store.deposit(bucket)

  return {
    run: (seconds, prove = NO_PROOF) =>
      during(seconds, pairs, async (index) => {
        const pair = machines[index]
        if (pair === undefined) throw new Error('one line of work, one pair')
        await pay(pair, ground.scheme.id, (approval) => prove(index, approval))
      }),
    sustained: (minutes, perSecond, note) => sustained({ ground, machines, minutes, perSecond, note }),
    used: hub.used,
    port: hub.port,
    phones: machines.flatMap(({ phone }) => (phone.self.kind === 'device' ? [phone.self] : [])),
    async close() {
      for (const { till, phone } of machines) {
        till.close()
        phone.close()
      }
      await hub.close()
    },
  }
}

/** One payment, from the till's bill until both watchers have seen it settled. */
async function pay({ till, phone }: Pair, scheme: SchemeId, prove: (approval: Uint8Array) => ProofBody): Promise<void> {
  const deal = idFrom('deal', randomBytes(16))
  const opened = await till.say<AnswerView>('/v1/commands/open-offer', { command: commandId(), deal, bill: BILL })
  const number = opened.deal?.ticket?.number
  if (number === undefined) throw new Error(`open-offer: ${JSON.stringify(opened)}`)
  const joined = await phone.say<AnswerView>('/v1/commands/join', {
    command: commandId(),
    credential: { kind: 'number', number },
  })
  const view = joined.payment
  if (view == null) throw new Error(`join: ${JSON.stringify(joined)}`)
  const tillSees = till.sees(deal, '"state":"settled"')
  const phoneSees = phone.sees(view.payment, '"state":"settled"')
  const approval = approvalOf(view, phone, scheme)
  const approved = await phone.say<AnswerView>('/v1/commands/approve', {
    command: commandId(),
    payment: view.payment,
    approval: toBase64url(approval),
    signature: signed(phone.privateKey, approval),
    proof: prove(approval),
  })
  if (approved.payment?.state !== 'settled') throw new Error(`approve: ${JSON.stringify(approved)}`)
  await Promise.all([tillSees, phoneSees])
}

/** Bills come with exponential gaps whatever the hub does: one that must wait for a free pair waits on its own time. */
async function sustained(options: {
  ground: Ground
  machines: readonly Pair[]
  minutes: number
  perSecond: number
  note: (text: string) => void
}): Promise<Round> {
  const { ground, machines, minutes, perSecond, note } = options
  const free = [...machines]
  const waiting: number[] = []
  const latenciesMs: number[] = []
  const start = performance.now()
  const end = start + minutes * 60_000
  const underway = new Set<Promise<unknown>>()
  let failed: unknown = null

  async function serve(pair: Pair, cameAt: number): Promise<void> {
    await pay(pair, ground.scheme.id, () => null)
    latenciesMs.push(performance.now() - cameAt)
    await pair.till.refresh()
    await pair.phone.refresh()
    const next = waiting.shift()
    if (next === undefined) free.push(pair)
    else await serve(pair, next)
  }
  function arrive(cameAt: number): void {
    const pair = free.shift()
    if (pair === undefined) return void waiting.push(cameAt)
    const one = serve(pair, cameAt)
      .catch((error: unknown) => (failed = error))
      .finally(() => underway.delete(one))
    underway.add(one)
  }

  let next = start
  let told = 0
  for (let now = start; now < end && failed === null; now = performance.now()) {
    for (; next <= now; next += (-Math.log(1 - Math.random()) * 1000) / perSecond) arrive(next)
    if (now - start > (told + 1) * 60_000)
      note(`minute ${++told}: ${latenciesMs.length} payments, ${waiting.length} waiting`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (underway.size > 0) await Promise.all(underway)
  if (failed !== null) throw failed
  return { count: latenciesMs.length, seconds: (performance.now() - start) / 1000, latenciesMs }
}

async function startHubProcess(ground: Ground) {
  const { host, port, user, database } = ground.settings
  const child = fork(new URL('payments-hub.ts', import.meta.url), [
    JSON.stringify({ host, port, user, database }),
    String(ground.lanes),
  ])
  // Border: the child is payments-hub.ts and says nothing else.
  const heard = (): Promise<HubMessage> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the hub has ended'))
      child.once('exit', ended)
      child.once('message', (message) => {
        child.off('exit', ended)
        resolve(message as HubMessage)
      })
    })
  const started = await heard()
  if (!('port' in started)) throw new Error('a hub says its port first')
  return {
    port: started.port,
    async used() {
      child.send('used')
      const answer = await heard()
      if ('port' in answer) throw new Error('a hub says its port once')
      return answer
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      await ended
    },
  }
}

/** A shop in one bucket and a person in another; their keys are enrolled past HTTP, whose budget against guessing lets ten in at once. */
async function openPair(ground: Ground, port: number, index: number): Promise<Pair> {
  const { scheme, database, hub } = ground
  const directory = postgresDirectory(database.transactions)
  const shopBucket = index % scheme.buckets
  const personBucket = (shopBucket + 5) % scheme.buckets
  const shop = await directory.createParty({
    kind: 'merchant',
    name: `Shop ${index}`,
    legalName: `Shop ${index} Ltd.`,
    bucket: shopBucket,
    units: [UNIT],
  })
  const person = await directory.createParty({
    kind: 'person',
    name: `Person ${index}`,
    legalName: `Person ${index}`,
    bucket: personBucket,
    units: [UNIT],
  })
  const opening = {
    debit: systemAccount('issue', personBucket),
    credit: person.account,
    unit: UNIT,
    amount: 1_000_000_000n,
    kind: 'post',
    payment: null,
    debitName: '',
    creditName: '',
  } as const
  await hub.post({ id: idFrom('cmd', randomBytes(16)), hash: '00', transfers: [opening] }, person.id)
  const tillCode = await directory.createCode({
    kind: 'terminal',
    party: shop.id,
    lifeMs: 60_000,
    label: 'Till',
    terminalKind: 'counter',
  })
  const phoneCode = await directory.createCode({ kind: 'device', party: person.id, lifeMs: 60_000 })
  const enrolled = async (code: string, topic: 'terminal' | 'inbox'): Promise<Machine> => {
    const { privateKey, point } = newKey()
    const identity = await directory.useCode({ code, publicKey: point, label: topic })
    if (identity === undefined) throw new Error('the code is good')
    return openMachine({ port, scheme: scheme.id, self: identity.actor, privateKey, topic })
  }
  return { till: await enrolled(tillCode.code, 'terminal'), phone: await enrolled(phoneCode.code, 'inbox') }
}

function approvalOf(view: PaymentView, phone: Machine, scheme: SchemeId): Uint8Array {
  const read = view.bill === null ? null : billFromWire(view.bill)
  if (read === null || !read.ok) throw new Error('the view has its bill')
  const bill: Bill = read.bill
  // Border: a benchmark's own phone, whose view came from the hub under test.
  const ids = view as unknown as {
    deal: Parameters<typeof approvalBytes>[0]['deal']
    payment: Parameters<typeof approvalBytes>[0]['payment']
  }
  const account = view.payerAccount as Parameters<typeof approvalBytes>[0]['payerAccount']
  return approvalBytes({
    purpose: 'approve',
    scheme,
    deal: ids.deal,
    payment: ids.payment,
    billVersion: view.billVersion,
    // Border: as above, the view of the hub under test.
    billHash: billHash(view.biller as unknown as Parameters<typeof billHash>[0], bill),
    payerAccount: account,
    means: account,
    method: METHOD_WHOLE,
    key: phone.self.key,
    nonce: fromHex(view.nonce) ?? new Uint8Array(16),
    expiresAt: Date.now() + 60_000,
  })
}
