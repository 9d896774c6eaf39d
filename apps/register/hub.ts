// The register and its hub: enrols, watches the terminal's deal, sends what the cashier decides. Holds no rule of payments.
import { idFrom } from '#core/ids.ts'
import type { RefundLine } from '#core/refund.ts'
import { staffDesk, type StaffDesk } from '#apps/shared/staff-calls.ts'
import { billToWire } from '#protocol/bill.ts'
import type { StaffHereView } from '#protocol/identity.ts'
import type { DealView, SchemeView } from '#protocol/views.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import { enrol, forgetIdentity } from '#sdk/identity.ts'
import type { BodyOf, Resumed } from '#sdk/outbox.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import { indexedDbStorage } from '#sdk/storage.ts'
import { currentLocale } from '#ui/i18n.ts'
import type { Store } from '#ui/store.ts'
import { codeInAddress, forgetCode } from './address.ts'
import { cardMachine, type CardMachine } from './card-machine.ts'
import { lacksPortrait, pictureAddress } from './counter.ts'
import { kitchenDesk, type KitchenDesk } from './kitchen.ts'
import { questionOf, type Question } from './question.ts'
import {
  keptOf,
  readKept,
  draftBillOf,
  screenOf,
  withNextCustomer,
  withOpening,
  withOpeningRefused,
  withProblem,
  withSent,
  withSignedIn,
  withStaff,
  withView,
  type Busy,
  type Opening,
  type RegisterState,
} from './state.ts'
import { withoutNetwork, type WithoutNetwork } from './without-network.ts'

export type Hub = Readonly<{
  /** Finds out who this register is (enrolling by itself in the demo town) and begins to watch. */
  start(): Promise<void>
  enrolWith(code: string): Promise<void>
  /** Opens a deal with the bill being keyed in, or with none yet. */
  openDraft(): Promise<void>
  openEmpty(): Promise<void>
  /**
   * Asks the phone of the customer whose code was read for the bill: that of the number on the screen, which ends, or the one being keyed
   * in, or none yet.
   */
  billCode(code: string): Promise<void>
  /** Asks who somebody is: a deal with the question being put together instead of a bill. */
  ask(): Promise<void>
  /** The same bill or question again, under a new number. */
  openAgain(): Promise<void>
  sendBill(): Promise<void>
  /** The register's time without the hub, and phones without a network. */
  offline: WithoutNetwork
  /** The bill being keyed in, as a code for a phone without a network. */
  showHandBack(): Promise<void>
  renew(): Promise<void>
  cancel(): Promise<void>
  release(): Promise<void>
  /** The shop's answer, whether it sells the restricted lines to this customer. */
  permit(allowed: boolean): Promise<void>
  /** Asks for the payer's password or PIN; the phone asks its owner. */
  challenge(): Promise<void>
  /** The cashier has found the customer to be the one in the picture. */
  known(): void
  /** for what changes no deal: receipts */
  client: Client
  /** The shop's people at this register. */
  staff: StaffDesk
  /** What the tables order. */
  kitchen: KitchenDesk
  /** The card machine beside the register, where there is one. */
  cards: CardMachine
  signedIn(here: StaffHereView): void
  next(): void
  /** Both tell what came of it; the deal's new view reaches the state by itself. */
  refund(deal: DealView, amount: bigint, lines: readonly RefundLine[]): Promise<SendOutcome>
  deliver(deal: DealView, portion: number, amount: bigint): Promise<SendOutcome>
  loadDeals(): Promise<void>
  loadOlder(): Promise<void>
  /** Keeps the shown record up to date; returns what ends it. */
  watchRecord(deal: string): () => void
  /** Keeps what must survive a reload. */
  keep(): void
}>

const STORAGE = 'warifu-register'
const KEPT = 'till'
/** Whoever makes a register's code names it; this counts for a code without a name. */
const LABEL = 'Register'
/** Answers to a key that is worth nothing any more: revoked, or of a hub before this one. */
const GONE: ReadonlySet<string> = new Set(['terminal-inactive', 'device-revoked', 'signature-invalid'])

/** The register's side of the hub at `origin`, writing what it learns into `store`. */
export function openHub(origin: string, store: Store<RegisterState>): Hub {
  const storage = indexedDbStorage(STORAGE)
  const client: Client = openClient({ hub: origin, storage })
  let keeping: Promise<unknown> = Promise.resolve()
  let lastKept = ''

  const show = (view: DealView | null): void => {
    if (view !== null && (offline.isAbandoned(view.deal) || offline.handBacks.heard(view))) return
    store.update((state) => {
      const timed = { ...state, clockOffsetMs: client.hubNow() - Date.now() }
      return view === null ? timed : withView(timed, view)
    })
    if (view !== null) void lookAtPortrait(view)
    if (view !== null) cards.look(view)
  }

  const keep = (): void => {
    // Before that nothing was taken out of the storage yet, and an empty till would be written over it.
    if (store.get().stage !== 'till') return
    const kept = keptOf(store.get())
    const text = JSON.stringify(kept, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
    if (text === lastKept) return
    lastKept = text
    // One after the other, so that the last state written is the last state kept.
    keeping = keeping.then(() => storage.set(KEPT, kept)).catch(() => undefined)
  }

  // ---- who is here, on both sides of the counter

  const staff = staffDesk(client)
  const kitchen = kitchenDesk({
    client,
    get: () => store.get().kitchen,
    set: (change) => store.update((state) => ({ ...state, kitchen: change(state.kitchen) })),
    isAtWork: () => store.get().connection === 'live' && store.get().signIn !== 'needed',
    closed: (problem) => store.update((state) => withProblem(state, problem)),
  })
  const cards = cardMachine({ client, storage })
  const offline = withoutNetwork({
    origin,
    client,
    storage,
    store,
    cancel: (deal) => cancelDeal(deal, null),
    keep() {
      keep()
      return keeping
    },
  })

  const learnStaff = async (): Promise<void> => {
    const outcome = await staff.here()
    if (!outcome.ok) return
    store.update((state) => withStaff(state, outcome.view))
    offline.learnt(outcome.view)
  }

  // Whenever it is asked who is here, somebody may have been added since.
  let wasAsked = false
  store.subscribe(() => {
    const isAsked = store.get().signIn !== null
    if (isAsked && !wasAsked) void learnStaff()
    wasAsked = isAsked
  })

  /** Fetched once for each payment; where it cannot be had the counter does without. */
  const lookAtPortrait = async (deal: DealView): Promise<void> => {
    const state = store.get()
    if (deal.deal !== state.current || !lacksPortrait(deal, state.portrait)) return
    const { payment } = deal
    store.update((now) => ({ ...now, portrait: { payment, picture: null } }))
    const outcome = await callIdentity(client, 'portraitAtCounter', { params: { deal: deal.deal } })
    if (!outcome.ok) return
    const picture = pictureAddress(outcome.view.picture)
    store.update((now) => (now.portrait?.payment === payment ? { ...now, portrait: { payment, picture } } : now))
  }

  // ---- who we are

  const start = async (): Promise<void> => {
    const known = await client.identity()
    if (known !== undefined) {
      store.update((state) => ({ ...state, scheme: known.scheme }))
      void checkScheme(known.scheme)
      return goToWork()
    }
    const scheme = await client.scheme()
    if (!scheme.ok) return startAgainLater(scheme.problem)
    store.update((state) => ({ ...state, scheme: scheme.view, connection: 'connecting', problem: null }))
    if (scheme.view.demo && codeInAddress() === '') return enrolInDemo()
    store.update((state) => ({ ...state, stage: 'code' }))
  }

  /** Work does not wait for this: it is for the rare hub that was set up anew and does not know the key of the one before. */
  const checkScheme = async (known: SchemeView): Promise<void> => {
    const scheme = await client.scheme()
    if (!scheme.ok) return
    if (scheme.view.scheme === known.scheme) return store.update((state) => ({ ...state, scheme: scheme.view }))
    await forgetIdentity(storage)
    await storage.delete(KEPT)
    location.reload()
  }

  const startAgainLater = async (problem: RegisterState['problem']): Promise<void> => {
    store.update((state) => ({ ...state, connection: 'offline', problem }))
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    return start()
  }

  /** The frame in the town and a window of its own share one identity: only one of them enrols. */
  const enrolInDemo = async (): Promise<void> => {
    await alone(async () => {
      if ((await client.identity()) !== undefined) return
      const code = await client.call('demoCode', { body: { who: 'register' } })
      if (code.ok) await enrol({ hub: origin, storage, code: code.view.code, label: LABEL })
    })
    if ((await client.identity()) !== undefined) return goToWork()
    store.update((state) => ({ ...state, stage: 'code' }))
  }

  const enrolWith = async (code: string): Promise<void> => {
    store.update((state) => ({ ...state, busy: 'enrol', problem: null }))
    const outcome = await enrol({ hub: origin, storage, code, label: LABEL })
    store.update((state) => ({ ...state, busy: null, problem: outcome.ok ? null : outcome.problem }))
    if (!outcome.ok) return
    forgetCode()
    await goToWork()
  }

  const goToWork = async (): Promise<void> => {
    const identity = await client.identity()
    if (identity?.self.kind !== 'terminal') return store.update((state) => ({ ...state, stage: 'code' }))
    const { self } = identity
    const kept = readKept(await storage.get(KEPT))
    store.update((state) => ({ ...state, ...kept, self, problem: null, stage: 'till', connection: 'connecting' }))
    await offline.takeUp()
    client.watch({ topic: 'terminal' }, show, (connection) => {
      store.update((state) => ({ ...state, connection }))
      offline.found(connection)
      if (connection === 'live') void learnStaff().then(kitchen.wake)
      // A register that was revoked is cut off as one without a network is; asked who it is, the hub says which.
      else void learnSelf()
    })
    void learnSelf()
    void learnStaff()
    await takeUp(kept.opening)
  }

  /** A register whose key the hub does not take any more needs a new code. */
  const learnSelf = async (): Promise<void> => {
    const outcome = await client.self()
    if (outcome.ok) {
      const self = outcome.view
      if (self.kind === 'terminal') store.update((state) => ({ ...state, self }))
    } else if (GONE.has(outcome.problem.code)) {
      store.update((state) => ({ ...state, stage: 'code', problem: outcome.problem }))
    }
  }

  /** Goes on where an earlier life of this page stopped: commands without an answer, then the deal that was shown. */
  const takeUp = async (before: Opening | null): Promise<void> => {
    for (const resumed of await client.resume()) await takeUpCommand(resumed)
    const { current, opening, deal } = store.get()
    if (current === null || deal !== null) return
    // Somebody may have begun to sell meanwhile: that one is on its way.
    if (opening !== null) return opening === before ? openWith(opening) : undefined
    const outcome = await client.deal(current)
    if (outcome.ok) show(outcome.view)
    else if (outcome.problem.code === 'not-found') next()
  }

  const takeUpCommand = async ({ name, body, outcome }: Resumed): Promise<void> => {
    if (outcome.view?.deal) show(outcome.view.deal)
    if (name !== 'cancel-deal' || outcome.ok || outcome.problem.code !== 'joined-meanwhile') return
    // A border: the body is the one this program stored.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    await cancelDeal((body as BodyOf<'cancel-deal'>).deal, null)
  }

  // ---- the deal on the till

  const openWith = async (opening: Opening): Promise<void> => {
    store.update((state) => withOpening(state, opening))
    keep()
    await keeping
    const outcome = await sendOpening(opening)
    if (outcome.ok) {
      if (outcome.view.deal) show(outcome.view.deal)
    } else store.update((state) => withOpeningRefused(state, outcome.problem))
  }

  const sendOpening = ({ deal, bill, question, code }: Opening): Promise<SendOutcome> => {
    if (question !== null) return client.send('ask', { deal, question })
    return code === undefined
      ? client.send('open-offer', { deal, bill })
      : client.send('bill-code', { deal, code, bill })
  }

  const newDeal = (): string => idFrom('deal', crypto.getRandomValues(new Uint8Array(16)))

  const openNew = (bill: Opening['bill'], question: Question | null = null): Promise<void> =>
    openWith({ deal: newDeal(), bill, question })

  /** The bill being keyed in; how it was keyed is remembered, so that it can be changed from there. */
  const draftBill = (): Opening['bill'] => {
    const bill = draftBillOf(store.get(), currentLocale())
    if (bill === undefined) return null
    store.update((state) => withSent(state, currentLocale()))
    return billToWire(bill)
  }

  const next = (): void => {
    store.update(withNextCustomer)
    keep()
  }

  /** Sends a command about the deal on the screen and shows what came of it. */
  const during = async (busy: Busy, send: () => Promise<SendOutcome>): Promise<boolean> => {
    if (store.get().busy !== null) return false
    store.update((state) => ({ ...state, busy, problem: null }))
    const outcome = await send()
    store.update((state) => withProblem({ ...state, busy: null }, outcome.ok ? null : outcome.problem))
    if (outcome.view?.deal) show(outcome.view.deal)
    else await look()
    return outcome.ok
  }

  const look = async (): Promise<void> => {
    const { current } = store.get()
    const outcome = current === null ? undefined : await client.deal(current)
    if (outcome?.ok) show(outcome.view)
  }

  /** The payment to name: the one known here, else the one of a phone that joined while the command was on its way. */
  const again = async (deal: string, first: SendOutcome, send: (deal: DealView) => Promise<SendOutcome>) => {
    if (first.ok || first.problem.code !== 'joined-meanwhile') return first
    const outcome = await client.deal(deal)
    return outcome.ok ? send(outcome.view) : first
  }

  const cancelDeal = async (deal: string, payment: string | null): Promise<SendOutcome> => {
    const first = await client.send('cancel-deal', { deal, payment })
    return again(deal, first, (view) => client.send('cancel-deal', { deal, payment: view.payment }))
  }

  const sendBill = async (): Promise<void> => {
    const { deal } = store.get()
    const bill = draftBill()
    if (deal === null || bill === null) return
    const change = ({ payment, billVersion }: DealView): Promise<SendOutcome> =>
      client.send('change-bill', { deal: deal.deal, payment, billVersion, bill })
    const isTaken = await during('bill', async () => again(deal.deal, await change(deal), change))
    if (isTaken) store.update((state) => ({ ...state, isEditing: false }))
  }

  return {
    start,
    enrolWith,
    openDraft: async () => {
      const bill = draftBill()
      if (bill !== null) await openNew(bill)
    },
    openEmpty: () => openNew(null),
    offline,
    async showHandBack() {
      const bill = draftBill()
      if (bill !== null) await offline.handBacks.show(bill)
    },
    async billCode(code) {
      const { deal, current } = store.get()
      if (current === null) return openWith({ deal: newDeal(), bill: draftBill(), question: null, code })
      if (deal === null || deal.question !== null || (deal.state !== 'open' && deal.state !== 'expired'))
        return undefined
      // A number is on the screen, and the customer shows a code instead: nobody can join by the number any more.
      const { bill } = deal
      const isEnded = deal.state === 'expired' || (await during('cancel', () => cancelDeal(deal.deal, deal.payment)))
      return isEnded ? openWith({ deal: newDeal(), bill, question: null, code }) : undefined
    },
    async ask() {
      const question = questionOf(store.get().question)
      if (question !== null) await openNew(null, question)
    },
    openAgain: () => openNew(store.get().deal?.bill ?? null, store.get().deal?.question ?? null),
    sendBill,
    async renew() {
      const { deal } = store.get()
      if (deal) await during('renew', () => client.send('renew-number', { deal: deal.deal }))
    },
    async cancel() {
      const { deal } = store.get()
      if (deal) await during('cancel', () => cancelDeal(deal.deal, deal.payment))
    },
    async release() {
      const { deal } = store.get()
      if (!deal?.payment) return
      const { payment } = deal
      store.update((state) => ({ ...state, released: payment }))
      await during('release', () => client.send('release', { deal: deal.deal, payment }))
    },
    async permit(allowed) {
      const payment = store.get().deal?.payment
      if (payment) await during('permit', () => client.send('permit', { payment, allowed }))
    },
    async challenge() {
      const payment = store.get().deal?.payment
      if (payment) await during('challenge', () => client.send('challenge', { payment }))
    },
    known: () => store.update((state) => ({ ...state, known: state.deal?.payment ?? null })),
    client,
    staff,
    kitchen,
    cards,
    signedIn(here) {
      store.update((state) => withSignedIn(state, here))
      offline.learnt(here)
      kitchen.wake()
      // What the one before could not see may be seen now, and the other way round.
      if (store.get().place === 'history') void load(undefined)
    },
    next,
    refund: (deal, amount, lines) =>
      afterwards(deal, (payment) =>
        client.send('refund', {
          payment,
          amount: String(amount),
          lines: lines.map((each) => ({ line: each.line, amount: String(each.amount) })),
        }),
      ),
    deliver: (deal, portion, amount) =>
      afterwards(deal, (payment) => client.send('deliver', { payment, portion, amount: String(amount) })),
    loadDeals: () => load(undefined),
    loadOlder: () => load(store.get().older ?? undefined),
    watchRecord: (deal) => client.watch({ topic: 'deal', deal }, show),
    keep,
  }

  // ---- after the payment

  async function afterwards(deal: DealView, send: (payment: string) => Promise<SendOutcome>): Promise<SendOutcome> {
    const outcome = await send(deal.payment ?? '')
    if (!outcome.ok && outcome.problem.code === 'cashier-needed')
      store.update((state) => withProblem(state, outcome.problem))
    const fresh = await client.deal(deal.deal)
    if (fresh.ok) show(fresh.view)
    return outcome
  }

  async function load(before: string | undefined): Promise<void> {
    const outcome = await client.deals(before === undefined ? {} : { before })
    store.update((state) => {
      if (!outcome.ok) return screenOf(state) === 'history' ? withProblem(state, outcome.problem) : state
      const { deals, next: older } = outcome.view
      return {
        ...state,
        deals: before === undefined ? deals : [...(state.deals ?? []), ...deals],
        older,
        problem: null,
      }
    })
  }
}

/** One window of this browser at a time, where the browser can tell. */
async function alone(act: () => Promise<void>): Promise<void> {
  // Pages that are not served securely have no locks.
  const { locks } = navigator as Partial<Navigator>
  await (locks === undefined ? act() : locks.request(`${STORAGE} enrolment`, act))
}
