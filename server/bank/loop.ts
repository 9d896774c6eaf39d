// What the hub does by itself with the operator's bank: orders whose time has come, mandates that have ended, files, and what was booked.
import type { Switch } from '#switch/switch.ts'
import type { OpenOrder, Store } from '#switch/store.ts'
import { everyOrWoken, type Loop } from '../loops.ts'
import type { MeansRows } from '../postgres/means.ts'
import type { Debits } from '../postgres/reconcile-debits.ts'
import type { Notices } from '../postgres/reconcile.ts'
import { mandateOf, type Bank, type BankSettings } from './bank.ts'
import { createCarrying } from './carrying.ts'
import { createFiles } from './files.ts'

/** A payer and a shop wait so long; the payment itself gives up five seconds later. */
const WITHIN_MS = 25_000
const FILE_AFTER_MS = 12 * 3_600_000
const AGAIN_MS = 500
const LOOK_EVERY_MS = 1_000
/** Orders that are asked at once: a slow bank holds up no more of them. */
const AT_ONCE = 50
const ENDS_AT_ONCE = 20
/** What is not urgent is looked at in every so many rounds. */
const SELDOM = 5

/** `wake` is told of new orders; `look` goes through everything once (tests, and the first round). */
export function bankLoop(
  parts: Readonly<{
    store: Pick<Store, 'readOrders' | 'concludeOrder' | 'postponeOrder'>
    hub: Pick<Switch, 'answerOutside'>
    bank: Bank
    means: MeansRows
    debits: Debits
    notices: Notices
    settings: BankSettings
    zone: () => string
    now: () => number
    onError: (error: unknown) => void
  }>,
): Loop & Readonly<{ wake(): void; catchUp(): Promise<void> }> {
  const { store, bank, means, notices, settings, zone, onError } = parts
  const carrying = createCarrying({
    ...parts,
    risk: settings.risk,
    withinMs: () => settings.withinMs ?? WITHIN_MS,
    againMs: settings.againMs ?? AGAIN_MS,
  })
  const files = createFiles({ ...parts, fileAfterMs: settings.fileAfterMs ?? FILE_AFTER_MS, zone })
  const busy = new Map<string, Promise<void>>()
  let round = 0
  let catching: Promise<void> | null = null

  const loop = everyOrWoken({
    everyMs: LOOK_EVERY_MS,
    gatherMs: 5,
    async work() {
      const room = AT_ONCE - busy.size
      for (const order of room > 0 ? await store.readOrders(room) : []) begin(order)
      if (round++ % SELDOM === 0) beginCatchUp()
    },
    onError,
  })

  /** One that is being asked already is asked no second time; a slow answer holds up no other order. */
  function begin(order: OpenOrder): void {
    const key = `${order.payment} ${order.number}`
    if (busy.has(key)) return
    const carried = carrying
      .carryOut(order)
      .catch(onError)
      .finally(() => {
        busy.delete(key)
        if (busy.size === AT_ONCE - 1) loop.wake()
      })
    busy.set(key, carried)
  }

  /** A bank that is slow with these holds up no order. */
  function beginCatchUp(): void {
    catching ??= catchUp()
      .catch(onError)
      .finally(() => (catching = null))
  }

  /** Mandates that ended here, the banks' files, and what the bank has booked. */
  async function catchUp(): Promise<void> {
    for (const id of await means.endsDue(ENDS_AT_ONCE)) {
      if (!(await bank.endMandate(mandateOf(id)))) break
      await means.endTold(id)
    }
    await files.look()
    for (;;) {
      const entries = await bank.notices(await notices.last())
      if ('kind' in entries || entries.length === 0) return
      await notices.keep(entries)
    }
  }

  return {
    wake: loop.wake,
    catchUp,
    async stop() {
      await loop.stop()
      await Promise.allSettled([...busy.values(), catching])
    },
  }
}
