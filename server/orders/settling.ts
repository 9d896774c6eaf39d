// What becomes of a tab's shares: their deals are opened, looked at and cancelled in the name of the table's terminal, and what was paid of
// refused lines is refunded. The truth is the deal's row and its payment's, read each time; the tab only writes down what they say. Every
// step may be repeated, by any hub.
import { createHash, randomBytes } from 'node:crypto'
import { NO_CONDITIONS, type Bill } from '#core/bill.ts'
import { idFrom, type CommandId, type DealId, type PaymentId, type TabId } from '#core/ids.ts'
import { sum } from '#core/money.ts'
import type { RefusalCode } from '#core/refusals.ts'
import { isRefused, isSpoilt, type Back, type Share, type Tab, type TabLine } from '#core/tab.ts'
import { freed, paid, toldBack } from '#core/tab-shares.ts'
import type { DealView } from '#protocol/views.ts'
import type { TerminalActor } from '#switch/actors.ts'
import { TooBusy } from '#switch/lanes.ts'
import { StoreUnavailable } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { Changes } from '#switch/working.ts'
import type { Tabs } from '../postgres/orders.ts'
import type { Sight } from '../sight.ts'

/** What became of a share's deal. `refused`: why it was never opened. */
type Look =
  | Readonly<{ kind: 'paid'; payment: PaymentId }>
  | Readonly<{ kind: 'dead'; refused: RefusalCode | null }>
  | Readonly<{ kind: 'live'; deal: DealView }>

export type Settled = Readonly<{
  tab: Tab
  /** of shares that are reserved, by their number */
  deals: ReadonlyMap<number, DealView>
  /** why a share's deal could not be opened, by the share's number */
  refused: ReadonlyMap<number, RefusalCode>
}>

export type Settling = ReturnType<typeof createSettling>

const LONGEST_TEXT = 120
/** A deal that is cancelled and joined in the same moment is looked at again. */
const TRIES = 3
/** Looks at one tab in turn: a share that was found paid may bring refunds. */
const ROUNDS = 3
const RETRY_MS = 30_000
const LONGEST_RETRY_MS = 3_600_000
/** Deals that are watched; forgetting them costs no more than the timer's wait. */
const WATCHED = 10_000
/** Tabs that one look of the timer takes. */
const DUE_AT_ONCE = 50

export function createSettling(parts: {
  tabs: Tabs
  hub: Pick<Switch, 'handle'>
  sight: Pick<Sight, 'deal'>
  origin: () => string
  now: () => number
  onError: (error: unknown) => void
}) {
  const { tabs, hub, sight, origin, now, onError } = parts
  /** Deals that somebody pays, as far as this hub knows: when one changes its tab is looked at. Lost ones the timer finds. */
  const watched = new Map<DealId, TabId>()
  const underway = new Set<Promise<unknown>>()
  let isOver = false

  /** A database that is away, or a hub that is overrun, comes back: the timer looks again. */
  function noted(error: unknown): void {
    if (!(error instanceof StoreUnavailable || error instanceof TooBusy)) onError(error)
  }

  /** Brings the tab to where its deals are. `recall`: shares whose deals are to be cancelled. Undefined where there is none. */
  async function settle(id: TabId, recall: ReadonlySet<number> = NOTHING, isDue = false): Promise<Settled | undefined> {
    let tab = await tabs.find(id)
    const refused = new Map<number, RefusalCode>()
    for (let round = 0; tab !== undefined; round++) {
      const looks = await looksAt(tab, recall)
      const told = await toldBacks(tab)
      for (const [{ number }, look] of looks)
        if (look.kind === 'dead' && look.refused !== null) refused.set(number, look.refused)
      const isNews = told.length > 0 || looks.some(([, { kind }]) => kind !== 'live')
      if (isNews || (isDue && round === 0)) {
        const next = await tabs.change(id, (present, at) => ({ tab: concluded(present, at, looks, told) }))
        if (isRefused(next)) return undefined
        tab = next
      }
      // What was written may ask for more at once: a refund, or to cancel what lost a line meanwhile.
      if (isNews && round < ROUNDS) continue
      const deals = new Map(looks.flatMap(([{ number }, look]) => (look.kind === 'live' ? [[number, look.deal]] : [])))
      return { tab, deals, refused }
    }
    return undefined
  }

  const looksAt = (tab: Tab, recall: ReadonlySet<number>): Promise<(readonly [Share, Look])[]> =>
    Promise.all(
      tab.shares
        .filter(({ state }) => state === 'reserved')
        .map(async (share) => [share, await lookAt(tab, share, recall.has(share.number))] as const),
    )

  async function lookAt(tab: Tab, share: Share, isRecalled: boolean): Promise<Look> {
    const { deal } = share
    if (deal === null) return { kind: 'dead', refused: null }
    const actor = actorOf(tab)
    watch(deal, tab.id)
    let look: Look = { kind: 'dead', refused: null }
    for (let tries = 0; tries < TRIES; tries++) {
      let view = await sight.deal(actor, deal, origin())
      if (view === undefined) {
        const { refusal } = await hub.handle({ ...opening(tab, share, deal), actor, isPerson: false })
        if (refusal !== null) return { kind: 'dead', refused: refusal.code }
        view = await sight.deal(actor, deal, origin())
      }
      look = view === undefined ? look : lookOf(view)
      if (look.kind !== 'live') watched.delete(deal)
      if (look.kind !== 'live' || !(isRecalled || isSpoilt(tab, share))) return look
      await hub.handle({ ...cancelling(deal, look.deal), actor, isPerson: false })
    }
    return look
  }

  function watch(deal: DealId, tab: TabId): void {
    if (watched.size >= WATCHED) watched.clear()
    watched.set(deal, tab)
  }

  async function toldBacks(tab: Tab): Promise<(readonly [Back, RefusalCode | null])[]> {
    const told: (readonly [Back, RefusalCode | null])[] = []
    for (const back of tab.backs) {
      if (back.state !== 'due' || (back.attempt > 0 && back.nextAt > now())) continue
      const { refusal } = await hub.handle({ ...refunding(tab, back), actor: actorOf(tab), isPerson: false })
      told.push([back, refusal?.code ?? null])
    }
    return told
  }

  return {
    settle,

    /** Looks at what is due, once. */
    async sweep(): Promise<void> {
      // One table's trouble is not the others'.
      for (const id of await tabs.due(DUE_AT_ONCE)) await settle(id, NOTHING, true).catch(noted)
    },

    /** What this hub has just committed: a share's deal among it is looked at now, not with the next look. */
    changed({ payments, offers }: Pick<Changes, 'payments' | 'offers'>): void {
      if (watched.size === 0 || isOver) return
      const deals = [...payments, ...offers].map(({ deal }) => deal)
      const ids = new Set(deals.flatMap((deal) => watched.get(deal) ?? []))
      for (const deal of deals) watched.delete(deal)
      for (const id of ids) {
        const looking = settle(id)
          .catch(noted)
          .finally(() => underway.delete(looking))
        underway.add(looking)
      }
    },

    async stop(): Promise<void> {
      isOver = true
      await Promise.all(underway)
    },
  }
}

const NOTHING: ReadonlySet<number> = new Set()

function concluded(
  tab: Tab,
  now: number,
  looks: readonly (readonly [Share, Look])[],
  told: readonly (readonly [Back, RefusalCode | null])[],
): Tab {
  let next = tab
  for (const [{ number: share, attempt }, look] of looks) {
    if (look.kind === 'paid') next = paid(next, { share, attempt, payment: look.payment }, now)
    if (look.kind === 'dead') next = freed(next, { share, attempt })
  }
  for (const [back, trouble] of told) {
    // Somebody at a register has given it back already.
    const isDone = trouble === null || trouble === 'already-refunded'
    const nextAt = now + Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** back.attempt)
    next = toldBack(next, back, isDone ? { state: 'done' } : { state: 'due', trouble, nextAt })
  }
  return next
}

function lookOf(deal: DealView): Look {
  switch (deal.state) {
    case 'settled':
    case 'held':
      return deal.payment === null ? { kind: 'live', deal } : { kind: 'paid', payment: idFromText(deal.payment) }
    case 'ended':
    case 'withdrawn':
    case 'expired':
      // Nobody can join it any more: only its own terminal could renew it, which is us.
      return { kind: 'dead', refused: null }
    case 'open':
    case 'joined':
    case 'authorising':
    case 'proven':
      return { kind: 'live', deal }
  }
}

// Border of types: the hub's own view says the ids that it made.
const idFromText = (payment: string): PaymentId => payment as PaymentId

/** No key speaks for a table: the hub does, for phones that have signed their wish. */
const NO_KEY = idFrom('key', new Uint8Array(16))

const actorOf = ({ terminal, party, account, shop, legalName, label }: Tab): TerminalActor => ({
  kind: 'terminal',
  id: terminal,
  key: NO_KEY,
  party,
  account,
  name: shop,
  legalName,
  label,
  terminalKind: 'point',
  cashier: null,
})

/** Always the same for one attempt of a share, whoever opens it. */
function opening(tab: Tab, share: Share, deal: DealId) {
  const bill = billOfShare(tab, share)
  const said = JSON.stringify([deal, bill], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  const hash = createHash('sha256').update(`warifu tab opening ${said}`).digest('hex')
  return { name: 'open-offer', id: commandFrom('open', deal), hash, deal, bill } as const
}

function cancelling(deal: DealId, { payment }: DealView) {
  const id = idFrom('cmd', randomBytes(16))
  return {
    name: 'cancel-deal',
    id,
    hash: createHash('sha256').update(`warifu tab cancelling ${deal}`).digest('hex'),
    deal,
    payment: payment === null ? null : idFromText(payment),
  } as const
}

function refunding(tab: Tab, { share, line, amount, payment, place, attempt }: Back) {
  const what = `${tab.id} ${share} ${line} ${attempt}`
  return {
    name: 'refund',
    id: commandFrom('refund', what),
    hash: createHash('sha256').update(`warifu tab refunding ${what} ${payment} ${amount}`).digest('hex'),
    payment,
    amount,
    lines: [{ line: place, amount }],
  } as const
}

const commandFrom = (what: string, of: string): CommandId =>
  idFrom('cmd', createHash('sha256').update(`warifu tab ${what} ${of}`).digest().subarray(0, 16))

/** The deal of a share's attempt. */
export const dealOfShare =
  (tab: TabId) =>
  (share: number, attempt: number): DealId =>
    idFrom('deal', createHash('sha256').update(`warifu tab deal ${tab} ${share} ${attempt}`).digest().subarray(0, 16))

/** The bill of a share: its portions as they were reserved. */
export function billOfShare(tab: Tab, { portions, nth, of }: Share): Bill {
  const lines = portions.map(({ line: number, amount, tax }) => {
    const line = tab.lines.find((each) => each.number === number)
    return {
      text: textOf(line, nth === null ? '' : ` ${nth}/${of}`),
      quantity: nth === null ? (line?.quantity ?? 1) : 1,
      amount,
      taxRate: line?.taxRate ?? null,
      tax,
      code: null,
      conditions: NO_CONDITIONS,
      restriction: null,
    }
  })
  return { unit: tab.unit, total: sum(portions.map(({ amount }) => amount)), lines }
}

function textOf(line: TabLine | undefined, part: string): string {
  const text = Array.from(line?.text ?? '')
  const room = LONGEST_TEXT - part.length
  return (text.length <= room ? text.join('') : `${text.slice(0, room - 1).join('')}…`) + part
}
