// What the hub does by itself with the operator's bank: orders whose time has come, mandates that have ended, files, and what was booked.
import type { Switch } from '#switch/switch.ts'
import type { Store } from '#switch/store.ts'
import { orderLoop, type OrderLoop } from '../outside/loop.ts'
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
const ENDS_AT_ONCE = 20

/** `wake` is told of new orders; `catchUp` goes through everything else once (tests, and the first round). */
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
): OrderLoop & Readonly<{ catchUp(): Promise<void> }> {
  const { store, bank, means, notices, settings, zone, onError } = parts
  const carrying = createCarrying({
    ...parts,
    risk: settings.risk,
    withinMs: () => settings.withinMs ?? WITHIN_MS,
    againMs: settings.againMs ?? AGAIN_MS,
  })
  const files = createFiles({ ...parts, fileAfterMs: settings.fileAfterMs ?? FILE_AFTER_MS, zone })

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

  return { ...orderLoop({ store, via: 'bank', carryOut: carrying.carryOut, catchUp, onError }), catchUp }
}
