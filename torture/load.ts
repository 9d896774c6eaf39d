// The load: tills and phones with the SDK, in a process that nobody kills, each pair at one deal after the other. A lost answer is the
// SDK's matter: it sends the same command again until it has one. Everything sent and heard goes to the checker before the next step.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { idFrom } from '#core/ids.ts'
import { NO_CONDITIONS, type Bill } from '#core/bill.ts'
import { utf8 } from '#core/bytes.ts'
import { unitOf } from '#core/money.ts'
import { billToWire } from '#protocol/bill.ts'
import { approve } from '#sdk/approval.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import { withPin } from '#sdk/scram.ts'
import { memoryStorage, type Storage } from '#sdk/storage.ts'
import { systemDelay, systemRandom } from '#sdk/transport.ts'
import { chanceOf, type Chance } from '#sim/random.ts'
import type { Line } from './lines.ts'
import { until } from './until.ts'

const [, , hub = '', checker = '', pairsText = '4', seed = '0'] = process.argv
const PIN = '2468'
/** People wait seconds between tries; a torturer has no time. */
const LONGEST_PAUSE_MS = 100
const DAY_MS = 24 * 3_600_000
/** Kenji of the demo town has 3,000: this he cannot pay. Below the amount that wants a fresh proof. */
const TOO_MUCH = 9_000n

const JPY = unitOf('JPY')
if (JPY === undefined) throw new Error('JPY is a currency')
const billOf = (amount: bigint): Bill => ({
  unit: JPY,
  total: amount,
  lines: [
    {
      text: 'Bread',
      quantity: 1,
      amount,
      taxRate: 800,
      tax: (amount * 8n) / 108n,
      code: null,
      conditions: NO_CONDITIONS,
      restriction: null,
    },
  ],
})

const tell = await openTelling()
const chance = chanceOf(utf8(seed))
let going = false
let turn = 0
let resting = 0
const pairs = await Promise.all(
  Array.from({ length: Number(pairsText) }, (_, index) => openPair(chance.fork(String(index)), index % 2 === 0)),
)
for (const pair of pairs) void serve(pair)
process.on('message', (word: Word) => {
  going = word.is === 'go'
  turn = word.turn
  sayWhetherResting()
})
process.on('disconnect', () => process.exit(0))
process.send?.({ is: 'ready' })

type Word = Readonly<{ is: 'go' | 'rest'; turn: number }>
type Told = Readonly<{ id: string; value: object }>
type Actor = Readonly<{ client: Client; storage: Storage; last: () => Told | null }>
type Pair = { till: Actor; phone: Actor; chance: Chance; isRich: boolean; proved: boolean }

/** One deal after the other while the word is go. */
async function serve(pair: Pair): Promise<void> {
  for (;;) {
    if (!going) {
      resting++
      sayWhetherResting()
      await until('the word to go on', () => going, DAY_MS)
      resting--
    }
    await deal(pair)
  }
}

function sayWhetherResting(): void {
  if (!going && resting === pairs.length) process.send?.({ is: 'resting', turn })
}

async function deal(pair: Pair): Promise<void> {
  const { till, phone, chance } = pair
  const isTooMuch = !pair.isRich && chance.happens(0.1)
  const amount = isTooMuch ? TOO_MUCH : BigInt(chance.between(1, 20))
  const ending = chance.below(20)
  const deal = idFrom('deal', systemRandom(16))
  const opened = await sent(till, till.client.send('open-offer', { deal, bill: billToWire(billOf(amount)) }))
  const ticket = opened.ok ? opened.view.deal?.ticket : undefined
  if (!ticket) return
  if (ending === 0) return void (await sent(till, till.client.send('cancel-deal', { deal, payment: null })))

  const joined = await join(phone, chance, ticket)
  const seen = joined.ok ? joined.view.payment : null
  if (seen === null) return
  const { payment } = seen
  const cancelling = ending === 1 ? cancel(till, deal, payment) : null
  if (ending === 2) return decline(phone, payment)

  const watched = watch(till, deal, payment)
  const paid = await approveIt(pair, seen)
  await cancelling
  if (!paid.ok || paid.view.payment?.state !== 'settled') {
    watched.end()
    return ending === 1 ? undefined : decline(phone, payment)
  }
  const payee = seen.biller.account
  await tell({ is: 'settled', payment, amount: String(amount), payer: seen.payerAccount, payee })
  await watched.settled()
  if (chance.happens(0.25)) {
    const back = String(BigInt(chance.between(1, Number(amount))))
    const refund = await sent(till, till.client.send('refund', { payment, amount: back, lines: [] }))
    if (refund.ok && refund.view.refund !== null)
      await tell({ is: 'refunded', payment, refund: refund.view.refund, amount: back })
  }
  if (chance.happens(0.2)) await repeat(chance.pick([till, phone]))
}

/** By the typed number, or by the QR's secret; the number's budget may be used up by charges whose answers were lost. */
async function join(
  phone: Actor,
  chance: Chance,
  ticket: { number: string | null; link: string },
): Promise<SendOutcome> {
  const token = ticket.link.slice(ticket.link.lastIndexOf('/') + 1)
  if (ticket.number !== null && chance.happens(0.5)) {
    const byNumber = { kind: 'number', number: ticket.number } as const
    const outcome = await sent(phone, phone.client.send('join', { credential: byNumber }))
    if (outcome.ok || outcome.problem.code !== 'too-many-tries') return outcome
  }
  return sent(phone, phone.client.send('join', { credential: { kind: 'token', token } }))
}

async function approveIt(pair: Pair, seen: Parameters<typeof approve>[1]): Promise<SendOutcome> {
  const { client } = pair.phone
  const first = await sent(pair.phone, approve(client, seen, pair.proved ? undefined : withPin(PIN)))
  if (first.ok || first.problem.code !== 'proof-needed') {
    pair.proved = true
    return first
  }
  return sent(pair.phone, approve(client, seen, withPin(PIN)))
}

async function cancel(till: Actor, deal: string, payment: string): Promise<void> {
  const outcome = await sent(till, till.client.send('cancel-deal', { deal, payment }))
  if (outcome.ok) await tell({ is: 'ended', payment })
}

async function decline(phone: Actor, payment: string): Promise<void> {
  const outcome = await sent(phone, phone.client.send('decline', { payment }))
  if (outcome.ok) await tell({ is: 'ended', payment })
}

/** The terminal watches its deal until it sees what the phone is told; then it asks once more, as one that was away would. */
function watch({ client }: Actor, deal: string, payment: string): { settled: () => Promise<void>; end: () => void } {
  const seen = Promise.withResolvers<void>()
  const end = client.watch({ topic: 'deal', deal }, ({ state }) => state === 'settled' && seen.resolve())
  const settled = async (): Promise<void> => {
    await seen.promise
    end()
    await until('the terminal sees its deal settled', async () => {
      const looked = await client.deal(deal)
      if (!looked.ok || looked.view.state !== 'settled') return false
      await tell({ is: 'seen', payment, amount: looked.view.bill?.total ?? '0' })
      return true
    })
  }
  return { settled, end }
}

/** A command sent, waited for, and told. */
async function sent(actor: Actor, sending: Promise<SendOutcome>): Promise<SendOutcome> {
  const outcome = await sending
  await tellAnswer('answered', actor.last()?.id ?? '', outcome)
  return outcome
}

/** The last command once more, with the same id: its answer must be the same. */
async function repeat({ client, storage, last }: Actor): Promise<void> {
  const told = last()
  if (told === null) return
  await storage.set(`command ${told.id}`, told.value)
  for (const { outcome } of await client.resume()) await tellAnswer('repeated', told.id, outcome)
}

const tellAnswer = (is: 'answered' | 'repeated', id: string, outcome: SendOutcome): Promise<void> =>
  tell({
    is,
    id,
    refusal: outcome.ok ? null : outcome.problem.code,
    payment: outcome.view?.payment?.payment ?? null,
    refund: outcome.view?.refund ?? null,
  })

async function openPair(chance: Chance, isRich: boolean): Promise<Pair> {
  const [till, phone] = await Promise.all([openActor('register'), openActor(isRich ? 'hanako' : 'kenji')])
  return { till, phone, chance, isRich, proved: false }
}

async function openActor(who: 'register' | 'hanako' | 'kenji'): Promise<Actor> {
  const response = await fetch(`${hub}/v1/demo/codes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ who }),
  })
  // Border: the demo's answer.
  const { code } = (await response.json()) as { code: string }
  const { storage, last } = telling(memoryStorage())
  const outcome = await enrol({ hub, storage, code, label: who })
  if (!outcome.ok) throw new Error(`enrolment: ${outcome.problem.code}`)
  return { client: openClient({ hub, storage, delay: hurried }), storage, last }
}

/** The SDK stores every command before it sends it; here the checker hears of it in the same moment. */
function telling(storage: Storage): { storage: Storage; last: () => Told | null } {
  let last: Told | null = null
  return {
    last: () => last,
    storage: {
      ...storage,
      async set(key, value) {
        const id = key.startsWith('command ') ? key.slice('command '.length) : null
        // A command that is put back to be sent again is no new one.
        if (id !== null && last?.id !== id) {
          // Border: the SDK's stored command.
          const { name, body } = value as { name: string; body: object }
          last = { id, value: value as object }
          await tell({ is: 'sent', id, name, body })
        }
        await storage.set(key, value)
      },
    },
  }
}

/** Pauses between tries are short; how long an answer may take stays as it is. */
function hurried(ms: number, signal?: AbortSignal): Promise<void> {
  return systemDelay(ms < 10_000 ? Math.min(ms, LONGEST_PAUSE_MS) : ms, signal)
}

async function openTelling(): Promise<(line: Line) => Promise<void>> {
  const socket = connect(checker)
  const kept: (() => void)[] = []
  createInterface({ input: socket }).on('line', () => kept.shift()?.())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return (line) =>
    new Promise((resolve) => {
      kept.push(resolve)
      socket.write(`${JSON.stringify(line)}\n`)
    })
}
