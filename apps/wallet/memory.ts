// What the wallet keeps beside the SDK's key and commands, in the same storage: so that a reload comes back to the same
// payment, and a link that was opened before the phone was set up is not lost.
import { isRecord } from '#sdk/outcome.ts'
import type { Storage } from '#sdk/storage.ts'
import type { InboxView, PaymentView } from '#protocol/views.ts'
import type { Begun } from './beginning.ts'
import type { Told } from './mine.ts'
import type { Step } from './state.ts'
import type { KeptTable } from './table.ts'

export type Memory = Readonly<{
  /** with the view that was seen last, which is shown while there is no connection */
  current: Readonly<{ payment: string; view: PaymentView | null; sending: Step | null }> | null
  /** a number or link that was sent and has no answer yet */
  joining: 'number' | 'link' | null
  /** the token of a link that has not been sent yet */
  link: string | null
  /** the sign of a link that has not been looked at yet */
  point: string | null
  /** what was seen last, shown with its time while there is no connection */
  inbox: InboxView | null
  inboxAt: number
  pinLength: number | null
  /** only in a demo town, where it is no secret */
  demoPin: string | null
  label: string
  isPasskeyHere: boolean
  /** asked once after enrolment, then only in the settings */
  passkeyWasOffered: boolean
  /** somebody who has just signed up is asked for a picture, once */
  portraitIsOffered: boolean
  /** how far somebody has come who is setting this phone up */
  begun: Begun | null
  told: readonly Told[]
  /** the table at which this phone orders */
  table: KeptTable | null
  /** the hub's clock minus this phone's when it was last heard, ms: for a start without a network */
  clockOffsetMs: number
}>

const KEY = 'wallet'
const NOTHING: Memory = {
  current: null,
  joining: null,
  link: null,
  point: null,
  inbox: null,
  inboxAt: 0,
  pinLength: null,
  demoPin: null,
  label: '',
  isPasskeyHere: false,
  passkeyWasOffered: false,
  portraitIsOffered: false,
  begun: null,
  told: [],
  table: null,
  clockOffsetMs: 0,
}

export async function recall(storage: Storage): Promise<Memory> {
  const stored = await storage.get(KEY)
  return isRecord(stored) ? { ...NOTHING, ...(stored as Partial<Memory>) } : NOTHING // we alone write here
}

export const forget = (storage: Storage): Promise<void> => storage.delete(KEY)

export type Keeper = Readonly<{ get(): Memory; keep(change: Partial<Memory>): Promise<void> }>

/** A memory that writes in the order of the changes. */
export function keeper(storage: Storage, first: Memory): Keeper {
  let memory = first
  let written = Promise.resolve()
  return {
    get: () => memory,
    keep(change) {
      memory = { ...memory, ...change }
      const now = memory
      written = written.then(() => storage.set(KEY, now))
      return written
    },
  }
}
