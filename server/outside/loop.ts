// The loop that carries orders out: those whose time has come, many at once, each by one at a time; and beside it what is not urgent.
import type { Order } from '#core/means.ts'
import type { OpenOrder, Store } from '#switch/store.ts'
import { everyOrWoken, type Loop } from '../loops.ts'

const LOOK_EVERY_MS = 1_000
/** Orders that are asked at once: a slow bank holds up no more of them. */
const AT_ONCE = 50
/** What is not urgent is looked at in every so many rounds. */
const SELDOM = 5

export type OrderLoop = Loop & Readonly<{ wake(): void }>

/** `wake` is told of new orders. `carryOut` takes one order as far as it can be taken now; `catchUp` goes through what else there is. */
export function orderLoop({
  store,
  via,
  carryOut,
  catchUp,
  onError,
}: Readonly<{
  store: Pick<Store, 'readOrders'>
  via: Order['via']
  carryOut: (order: OpenOrder) => Promise<void>
  catchUp: () => Promise<void>
  onError: (error: unknown) => void
}>): OrderLoop {
  const busy = new Map<string, Promise<void>>()
  let round = 0
  let catching: Promise<void> | null = null

  const loop = everyOrWoken({
    everyMs: LOOK_EVERY_MS,
    gatherMs: 5,
    async work() {
      const room = AT_ONCE - busy.size
      // Those that are being asked come due again while they are: they are not to fill the room of the others.
      const due = room > 0 ? await store.readOrders(via, room + busy.size) : []
      for (const order of due.filter((each) => !busy.has(keyOf(each))).slice(0, room)) begin(order)
      if (round++ % SELDOM === 0) beginCatchUp()
    },
    onError,
  })

  /** A slow answer holds up no other order. */
  function begin(order: OpenOrder): void {
    const key = keyOf(order)
    const carried = carryOut(order)
      .catch(onError)
      .finally(() => {
        busy.delete(key)
        if (busy.size === AT_ONCE - 1) loop.wake()
      })
    busy.set(key, carried)
  }

  /** Whoever is slow with these holds up no order. */
  function beginCatchUp(): void {
    catching ??= catchUp()
      .catch(onError)
      .finally(() => (catching = null))
  }

  return {
    wake: loop.wake,
    async stop() {
      await loop.stop()
      await Promise.allSettled([...busy.values(), catching])
    },
  }
}

const keyOf = ({ payment, number }: OpenOrder): string => `${payment} ${number}`
