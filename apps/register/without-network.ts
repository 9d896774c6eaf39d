// The register's time without the hub: who stays signed in, phones that pay without a network, numbers that never came, and what is made
// up for when the hub is back. hub.ts tells it of every change; what is kept here outlives the page.
import type { StaffHereView } from '#protocol/identity.ts'
import type { Client } from '#sdk/client.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import type { Storage } from '#sdk/storage.ts'
import type { Store } from '#ui/store.ts'
import { EMPTY_DRAFT, isEmpty } from './draft.ts'
import { handBacksOf, type HandBacks } from './hand-back.ts'
import { staffKeeper } from './kept-staff.ts'
import { HAND_BACK, withNextCustomer, withProblem, withStaff, withView, type RegisterState } from './state.ts'

type Connection = RegisterState['connection']

export type WithoutNetwork = Readonly<{
  /** Phones without a network, and the sales of a register without one. */
  handBacks: HandBacks
  /** Takes up what an earlier life of this page has kept. */
  takeUp(): Promise<void>
  /** What the connection has found out. */
  found(connection: Connection): void
  /** The hub has said who is here. */
  learnt(staff: StaffHereView): void
  /** Was this deal given up before the hub had answered? Then nobody is shown it. */
  isAbandoned(deal: string): boolean
  /** Gives up the number that was asked for and never came; the bill is keyed in again, and the deal cancelled when the hub is back. */
  abandon(): Promise<void>
  /** Somebody does something at the till. */
  touched(): void
  /** The browser says that the network is back: what the connection has found out counts again. */
  networkBack(): void
}>

const ABANDONED = 'abandoned '
const IDLE_LOOKED_AT_EVERY_MS = 30_000

export function withoutNetwork(
  around: Readonly<{
    origin: string
    client: Client
    storage: Storage
    store: Store<RegisterState>
    /** what is keyed in is kept before anybody is told that it is done with */
    keep(): Promise<unknown>
    cancel(deal: string): Promise<SendOutcome>
  }>,
): WithoutNetwork {
  const { origin, client, storage, store } = around
  const abandoned = new Set<string>()
  let watched: Connection = 'connecting'
  let wasOnline = false

  const handBacks = handBacksOf({
    origin,
    client,
    storage,
    scheme: () => store.get().scheme,
    isOnline: () => store.get().connection === 'live',
    settled(deal, problem) {
      const shown = { current: deal.deal, deal: null, opening: null, place: 'till', way: null } as const
      store.update((state) => withProblem(withView({ ...state, ...shown }, deal), problem))
    },
    async taken() {
      store.update((state) => ({ ...state, draft: EMPTY_DRAFT }))
      await around.keep()
    },
  })
  const here = staffKeeper(storage, handBacks.now)

  store.subscribe(({ connection, stage }) => {
    const isOnline = stage === 'till' && connection === 'live'
    if (isOnline !== wasOnline) handBacks.connected(isOnline)
    wasOnline = isOnline
  })
  setInterval(() => {
    const present = store.get().connection === 'offline' ? here.present() : undefined
    if (present?.cashier === null && store.get().staff?.cashier) store.update((state) => withStaff(state, present))
  }, IDLE_LOOKED_AT_EVERY_MS)

  async function cancelAbandoned(): Promise<void> {
    for (const deal of abandoned) {
      const outcome = await around.cancel(deal)
      // Not found: the offer has not come to the hub yet; it is cancelled with the next connection.
      if (!outcome.ok && outcome.problem.code !== 'state-conflict') continue
      abandoned.delete(deal)
      await storage.delete(ABANDONED + deal)
    }
  }

  return {
    handBacks,
    learnt: here.learnt,
    touched: here.touched,
    isAbandoned: (deal) => abandoned.has(deal),
    networkBack: () => store.update((state) => ({ ...state, connection: watched })),
    found(connection) {
      watched = connection
      if (connection === 'live') void cancelAbandoned()
    },
    async takeUp() {
      for (const { key } of await storage.list(ABANDONED)) abandoned.add(key.slice(ABANDONED.length))
      const made = await handBacks.start()
      const present = await here.recall()
      store.update((state) => {
        const known = state.staff === null && present !== undefined ? withStaff(state, present) : state
        const timed = { ...known, clockOffsetMs: handBacks.clockOffsetMs() }
        return made !== undefined && state.current === null ? { ...timed, place: 'way', way: HAND_BACK } : timed
      })
    },
    async abandon() {
      const { opening } = store.get()
      if (opening === null) return
      abandoned.add(opening.deal)
      await storage.set(ABANDONED + opening.deal, true)
      store.update((state) => ({
        ...withNextCustomer(state),
        draft: isEmpty(state.draft) ? (state.sent ?? EMPTY_DRAFT) : state.draft,
      }))
      await around.keep()
    },
  }
}
