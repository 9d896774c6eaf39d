// "Phone without a network": the register makes and signs a purchase, shows it, reads the phone's answer and hands it in. Where the
// register has no network either it takes the answer itself, within the scheme's caps, and hands it in when the network is back.
//
// Written first, shown then: a purchase is kept before its code is on the screen, a sale before anybody is told that it was taken. So
// neither a reload nor a power cut can lose one, and handing in twice is settled once.
import { idFrom } from '#core/ids.ts'
import type { BillWire } from '#protocol/bill.ts'
import type { Problem } from '#protocol/problems.ts'
import type { DealView, SchemeView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'
import { isRecord } from '#sdk/outcome.ts'
import { purchaseCodes, readAnswer, type Answer } from '#sdk/purchase-codes.ts'
import {
  acceptOffline,
  answerFault,
  handIn,
  keepCertificate,
  keptCertificate,
  makePurchase,
  type AnswerFault,
  type MadePurchase,
} from '#sdk/purchase.ts'
import type { Storage } from '#sdk/storage.ts'
import { createStore, type Store } from '#ui/store.ts'
import { capFault, decided, waitingOf, withSale, type CapFault, type Sale } from './offline.ts'

/** `show`: the code for the phone · `read`: the camera for its answer · `sending`: the hub is asked · `taken`: without a network */
export type HandBackStep = 'show' | 'read' | 'sending' | 'taken'

export type HandBackState = Readonly<{
  step: HandBackStep
  /** the purchase on the screen */
  made: MadePurchase | null
  /** its codes; null where it is too long for any number of them */
  codes: readonly string[] | null
  /** why none can be made, or what was wrong with what was read */
  fault: CapFault | AnswerFault | 'no-certificate' | 'too-long' | 'restricted' | 'unreadable' | null
  problem: Problem | null
  /** what was just taken */
  taken: Sale | null
  /** all that was taken without a network and is not gone yet, oldest first */
  sales: readonly Sale[]
}>

const NOTHING: HandBackState = {
  step: 'show',
  made: null,
  codes: null,
  fault: null,
  problem: null,
  taken: null,
  sales: [],
}

export type HandBacks = Readonly<{
  store: Store<HandBackState>
  /** Takes up what an earlier life of this page has left; returns the purchase that was on the screen, if it is still good. */
  start(): Promise<MadePurchase | undefined>
  /** The hub can be reached, or it cannot. */
  connected(isLive: boolean): void
  /** The hub's clock as far as it is known, also after a start without a network. */
  now(): number
  clockOffsetMs(): number
  /** Makes a purchase of the bill and shows it; one that was made for the same bill and is still good is shown again. */
  show(bill: BillWire): Promise<void>
  /** To the camera for the answer, and back to the code. */
  read(isReading: boolean): void
  /** A text that was read: the phone's answer. */
  answered(text: string): Promise<void>
  /** The hub shows a deal. True where it is the purchase on the screen: a phone that has a network has handed it in by itself. */
  heard(deal: DealView): boolean
  /** The purchase on the screen is not wanted any more. */
  forget(): Promise<void>
  /** The cashier has seen what became of it. */
  seen(deal: string): Promise<void>
}>

type Around = Readonly<{
  origin: string
  client: Client
  storage: Storage
  scheme(): SchemeView | null
  isOnline(): boolean
  /** the deal of an answer that the hub has decided */
  settled(deal: DealView, problem: Problem | null): void
  /** a sale was taken: the bill that was keyed in is done with */
  taken(): Promise<void>
}>

const MADE = 'purchase shown'
const ONLINE = 'last online'
const SALE = 'sale '
/** How long the hub may take before the network counts as gone. */
const ANSWER_WITHIN_MS = 10_000
/** How often it is noted that the register is online. */
const NOTED_EVERY_MS = 30_000
/** A code with less than this left is made anew. */
const LEAST_LEFT_MS = 2 * 60_000

export function handBacksOf(around: Around): HandBacks {
  const { client, storage, origin } = around
  const store = createStore<HandBackState>(NOTHING)
  const change = (part: Partial<HandBackState>): void => store.update((state) => ({ ...state, ...part }))
  let online = { at: 0, clockOffsetMs: 0 }
  let wasLive = false
  let isHandingIn = false
  let isTaking = false

  const clockOffsetMs = (): number => (wasLive ? client.hubNow() - Date.now() : online.clockOffsetMs)
  const now = (): number => Date.now() + clockOffsetMs()

  // ---- what is kept

  const noteOnline = async (): Promise<void> => {
    online = { at: now(), clockOffsetMs: clockOffsetMs() }
    await storage.set(ONLINE, online)
  }

  const keepSale = async (sale: Sale): Promise<void> => {
    await storage.set(SALE + sale.deal, sale)
    change({ sales: withSale(store.get().sales, sale) })
  }

  async function start(): Promise<MadePurchase | undefined> {
    const known = await storage.get(ONLINE)
    if (isRecord(known)) online = known as typeof online // we alone write here
    // A border: this program alone writes under these keys.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const sales = (await storage.list(SALE)).map(({ value }) => value as Sale)
    change({ sales: sales.reduce<readonly Sale[]>(withSale, []) })
    // A border: as above, under a key of its own.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const made = (await storage.get(MADE)) as MadePurchase | undefined
    if (made === undefined) return undefined
    // The cut came between writing the sale and forgetting its purchase.
    const isTaken = sales.some(({ deal }) => deal === made.deal)
    if (isTaken || made.expiresAt <= now()) {
      await storage.delete(MADE)
      if (isTaken) await around.taken()
      return undefined
    }
    await put(made)
    return made
  }

  // ---- showing

  async function put(made: MadePurchase): Promise<void> {
    const codes = (await purchaseCodes(origin, made)) ?? null
    change({ step: 'show', made, codes, taken: null, problem: null, fault: codes === null ? 'too-long' : null })
  }

  async function show(bill: BillWire): Promise<void> {
    const { made: before } = store.get()
    const isSame = before !== null && JSON.stringify(before.bill) === JSON.stringify(bill)
    if (isSame && before.expiresAt - now() > LEAST_LEFT_MS) return put(before)
    const none = (fault: HandBackState['fault']): void =>
      change({ step: 'show', made: null, codes: null, taken: null, problem: null, fault })
    none(null)
    // What may not be sold to everybody only the hub can decide, and an answer comes too late for that.
    if (bill.lines.some(({ restriction }) => restriction !== null)) return none('restricted')
    const capped = around.isOnline() ? undefined : faultOf({ ...bill, payer: null })
    if (capped !== undefined) return none(capped)
    const identity = await client.identity()
    const certificate = identity && (await certificateOf(identity))
    if (identity === undefined || certificate === undefined) return none('no-certificate')
    const deal = idFrom('deal', crypto.getRandomValues(new Uint8Array(16)))
    const made = await makePurchase(identity, { bill, certificate, deal, now: now() })
    if (made === undefined) return none('too-long')
    await storage.set(MADE, made)
    return put(made)
  }

  async function certificateOf(identity: Parameters<typeof keptCertificate>[1]): Promise<string | undefined> {
    const kept = await keptCertificate(storage, identity)
    if (kept !== undefined && now() < kept.until) return kept.certificate
    return around.isOnline() ? (await keepCertificate(client, storage))?.certificate : undefined
  }

  const faultOf = (wanted: Readonly<{ total: string; unit: string; payer: string | null }>): CapFault | undefined => {
    const scheme = around.scheme()
    if (scheme === null) return 'off'
    const { sales } = store.get()
    return capFault(wanted, { caps: scheme.offline, unit: scheme.unit, sales, onlineAt: online.at, now: now() })
  }

  // ---- the answer

  async function answered(text: string): Promise<void> {
    const { made } = store.get()
    // The camera may read the same code again while the first reading is dealt with.
    if (made === null || isTaking) return
    isTaking = true
    try {
      const answer = await readAnswer(text, origin)
      if (answer === undefined) return change({ fault: 'unreadable', problem: null })
      const fault = answerFault(answer, made, now())
      if (fault !== undefined) return change({ fault, problem: null, step: 'show' })
      const isDecided = around.isOnline() && (await handInNow(answer, made))
      if (!isDecided) await take(answer, made)
    } finally {
      isTaking = false
    }
  }

  /** Tells whether the hub has decided it; where it does not answer, the network counts as gone. */
  async function handInNow(answer: Answer, made: MadePurchase): Promise<boolean> {
    change({ step: 'sending', fault: null, problem: null })
    const outcome = await client.send('submit-signed', handIn(answer, made), AbortSignal.timeout(ANSWER_WITHIN_MS))
    if (!outcome.ok && outcome.problem.code === 'no-answer') return false
    const deal = outcome.view?.deal ?? null
    const problem = outcome.ok ? null : outcome.problem
    if (deal === null) change({ step: 'show', problem })
    else {
      await forget()
      around.settled(deal, problem)
    }
    return true
  }

  async function take(answer: Answer, made: MadePurchase): Promise<void> {
    const { total, unit, lines } = made.bill
    const { payer } = answer
    const fault = faultOf({ total, unit, payer })
    if (fault !== undefined) return change({ fault, problem: null, step: 'show' })
    const identity = await client.identity()
    const acceptedAt = now()
    const body = identity && (await acceptOffline(identity, answer, made, acceptedAt))
    if (identity === undefined || body === undefined)
      return change({ fault: 'unreadable', problem: null, step: 'show' })
    const text = lines[0]?.text ?? ''
    const sale: Sale = {
      deal: made.deal,
      terminal: identity.self.id,
      payer,
      total,
      unit,
      text,
      acceptedAt,
      body,
      state: 'waiting',
      problem: null,
      payerName: null,
    }
    await keepSale(sale)
    await storage.delete(MADE)
    await around.taken()
    change({ step: 'taken', taken: sale, made: null, codes: null, fault: null, problem: null })
  }

  // ---- handing in what waits

  async function handInWaiting(): Promise<void> {
    if (isHandingIn) return
    isHandingIn = true
    try {
      for (const sale of waitingOf(store.get().sales)) {
        if (!wasLive) return
        const outcome = await client.send('submit-signed', sale.body)
        await keepSale(decided(sale, outcome))
      }
    } finally {
      isHandingIn = false
    }
  }

  async function forget(): Promise<void> {
    await storage.delete(MADE)
    change({ step: 'show', made: null, codes: null, fault: null, problem: null, taken: null })
  }

  setInterval(() => {
    if (!wasLive) return
    void noteOnline()
    if (waitingOf(store.get().sales).length > 0) void handInWaiting()
  }, NOTED_EVERY_MS)

  return {
    store,
    start,
    now,
    clockOffsetMs,
    show,
    answered,
    heard(deal) {
      // What was read here is being handed in here, and its answer says more.
      if (store.get().made?.deal !== deal.deal || isTaking) return false
      void forget().then(() => around.settled(deal, null))
      return true
    },
    forget,
    connected(isLive) {
      if (!isLive && wasLive) void noteOnline()
      wasLive = isLive
      if (!isLive) return
      void noteOnline()
      void keepCertificate(client, storage)
      void handInWaiting()
    },
    read: (isReading) => change({ step: isReading ? 'read' : 'show', fault: null, problem: null }),
    async seen(deal) {
      const { sales, taken } = store.get()
      if (waitingOf(sales).some((sale) => sale.deal === deal)) return
      await storage.delete(SALE + deal)
      change({ sales: sales.filter((sale) => sale.deal !== deal), taken: taken?.deal === deal ? null : taken })
    },
  }
}
