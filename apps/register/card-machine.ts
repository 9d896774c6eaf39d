// The card machine beside the register: a conventional one, which is sent a one-time card number and asks the issuer by itself. The hub
// hears what became of it from the issuer; what the machine says is for the slip.
//
//   authorising ──▶ number ──▶ machine ──▶ issuer (the machine has answered) ──▶ over, by the hub's view
//                     └────────────┴── tried again, with the same reference, as long as the payment waits
import type { CardNumberView } from '#protocol/cards.ts'
import type { CardMachineView } from '#protocol/card-users.ts'
import type { DealView } from '#protocol/views.ts'
import { callTo } from '#sdk/calls.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import type { Client } from '#sdk/client.ts'
import { isRecord } from '#sdk/outcome.ts'
import type { Storage } from '#sdk/storage.ts'
import { createStore, type Store } from '#ui/store.ts'

/** What the register keeps of a sale by a one-time number, as conventional terminals do. Amounts are decimal strings of the unit's smallest part. */
export type Slip = Readonly<
  Omit<CardNumberView, 'until'> & {
    deal: string
    /** `sent`: what the machine made of it is not known */
    state: 'sent' | 'approved' | 'refused' | 'no-answer'
    approval: string | null
    rrn: string | null
    /** the issuer's code of a no */
    code: string | null
    /** milliseconds since 1970 by the hub's clock */
    at: number
  }
>

/** Why it is tried again, or waited for. */
export type MachineTrouble = 'number-away' | 'machine-away' | 'token' | 'odd'

export type Run = Readonly<{
  deal: string
  step: 'number' | 'machine' | 'issuer'
  slip: Slip | null
  trouble: MachineTrouble | null
}>

export type CardMachine = Readonly<{
  /** what is under way; null while nothing is */
  run: Store<Run | null>
  /** The hub has shown a deal: one that waits for its card's issuer is this machine's turn, where there is a machine. */
  look(deal: Pick<DealView, 'deal' | 'state'>): void
  slipOf(deal: string): Promise<Slip | null>
}>

type Machine = NonNullable<CardMachineView['machine']>
type Answer = Readonly<{
  state: 'approved' | 'refused' | 'no-answer'
  approval: string | null
  rrn: string | null
  code: string | null
}>

const PREFIX = 'card-slip '
/** Of one register: a month of a busy one. The sale itself is in the hub's history for ever. */
const MOST_SLIPS = 5_000
const AGAIN_MS = 1_000
/** A machine asks its issuer for half a minute at most. */
const ANSWER_WITHIN_MS = 40_000

export function cardMachine(
  around: Readonly<{
    client: Pick<Client, 'request' | 'hubNow'>
    storage: Storage
    send?: typeof fetch
    /** a moment's pause; ends early where the signal says so */
    pause?: (ms: number, signal: AbortSignal) => Promise<void>
  }>,
): CardMachine {
  const { client, storage, send = (input, init) => fetch(input, init), pause = wait } = around
  const run = createStore<Run | null>(null)
  let current: Readonly<{ deal: string; stop: AbortController }> | null = null

  const show = (deal: string, news: Partial<Run>): void =>
    run.update((before) => {
      const known = before?.deal === deal ? before : { deal, step: 'number' as const, slip: null, trouble: null }
      return { ...known, ...news }
    })

  async function work(deal: string, signal: AbortSignal): Promise<void> {
    if ((await machineHere()) === null || signal.aborted) return
    const slip = await slipNow(deal, signal)
    if (slip === null || signal.aborted) return
    show(deal, { step: 'machine', slip, trouble: null })
    // Kept before it is sent: a page that is begun anew asks the machine for the same sale, and not for a second one.
    await keep(slip)
    const answer = slip.state === 'sent' ? await answerTo(slip, signal) : slip
    if (answer === null) return
    const { state, approval, rrn, code } = answer
    const answered: Slip = { ...slip, state, approval, rrn, code }
    await keep(answered)
    show(deal, { step: 'issuer', slip: answered, trouble: null })
  }

  async function machineHere(): Promise<Machine | null> {
    const found = await callCardUsers(client, 'cardMachine', {})
    return found.ok ? found.view.machine : null
  }

  /**
   * With the number that the vault has made for this approval: what was begun with it, or a new one. Null where the payment stops waiting
   * before there is a number.
   */
  async function slipNow(deal: string, signal: AbortSignal): Promise<Slip | null> {
    while (!signal.aborted) {
      const call = callTo(
        { method: 'GET', path: '/v1/deals/{deal}/card-number', access: 'token' },
        { params: { deal } },
      )
      const found = await client.request<CardNumberView>(call, signal)
      if (found.ok) {
        const { until: _, ...number } = found.view
        const kept = await slipOf(deal)
        // A payer who was refused approves again: that is another number, and another sale.
        if (kept?.number === number.number) return kept
        return { ...number, deal, state: 'sent', approval: null, rrn: null, code: null, at: client.hubNow() }
      }
      // Another means waits here, or the vault has not answered yet; only the latter is worth a word.
      if (found.problem.code !== 'card-number-none') show(deal, { trouble: 'number-away' })
      await pause(AGAIN_MS, signal)
    }
    return null
  }

  /** The same reference is the same sale, so it is sent until the machine has answered; null where nobody waits any more. */
  async function answerTo(slip: Slip, signal: AbortSignal): Promise<Answer | null> {
    while (!signal.aborted) {
      // Somebody may just be putting address or token right.
      const machine = await machineHere()
      if (machine === null) return null
      const said = await sale(slip, machine, signal)
      if (typeof said !== 'string') return said
      if (signal.aborted) return null
      show(slip.deal, { trouble: said })
      await pause(AGAIN_MS, signal)
    }
    return null
  }

  async function sale(slip: Slip, { address, token }: Machine, signal: AbortSignal): Promise<Answer | MachineTrouble> {
    const { number, expires, amount, unit, merchant, terminal, deal } = slip
    try {
      const reply = await send(`${address}/sale`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({
          number,
          expires,
          amount,
          unit,
          merchant,
          terminal,
          reference: referenceOf(deal, number),
        }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
        credentials: 'omit',
        cache: 'no-store',
      })
      if (reply.status === 401 || reply.status === 403) return 'token'
      return answerIn(await reply.json()) ?? 'odd'
    } catch {
      // No program at that address, or none that speaks as it should: nothing is known, and the same is asked again.
      return 'machine-away'
    }
  }

  const keep = (slip: Slip): Promise<void> => storage.set(PREFIX + slip.deal, slip)

  async function slipOf(deal: string): Promise<Slip | null> {
    const kept = await storage.get(PREFIX + deal)
    return isSlip(kept) ? kept : null
  }

  /** The oldest go, so that the register's storage does not fill. */
  async function prune(): Promise<void> {
    const kept = (await storage.list(PREFIX)).flatMap(({ key, value }) =>
      isSlip(value) ? [{ key, at: value.at }] : [],
    )
    const old = kept.toSorted((left, right) => right.at - left.at).slice(MOST_SLIPS)
    for (const { key } of old) await storage.delete(key)
  }
  void prune().catch(() => undefined)

  return {
    run,
    slipOf,
    look({ deal, state }) {
      if (state !== 'authorising') {
        if (current?.deal !== deal) return
        current.stop.abort()
        current = null
        run.set(null)
        return
      }
      if (current?.deal === deal) return
      current?.stop.abort()
      const stop = new AbortController()
      current = { deal, stop }
      void work(deal, stop.signal).catch(() => show(deal, { trouble: 'odd' }))
    },
  }
}

/** One for each number of a deal. */
const referenceOf = (deal: string, number: string): string => `${deal}-${number.slice(-8)}`

/** What the machine says; undefined where it says nothing that is understood. */
function answerIn(said: unknown): Answer | undefined {
  if (!isRecord(said)) return undefined
  const text = (value: unknown): string | null => (typeof value === 'string' && value.length <= 40 ? value : null)
  const { kind } = said
  if (kind !== 'approved' && kind !== 'refused' && kind !== 'no-answer') return undefined
  return { state: kind, approval: text(said.approval), rrn: text(said.rrn), code: text(said.code) }
}

// This register alone writes under these keys: what is there and has its parts is ours.
const isSlip = (value: unknown): value is Slip =>
  isRecord(value) && typeof value.deal === 'string' && typeof value.number === 'string' && typeof value.at === 'number'

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
