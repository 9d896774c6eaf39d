// What the wallet keeps beside the SDK's key and commands, in the same storage: so that a reload comes back to the same
// payment, and a link that was opened before the phone was set up is not lost.
import { isRecord } from '#sdk/outcome.ts'
import type { Storage } from '#sdk/storage.ts'
import type { Step } from './state.ts'

export type Memory = Readonly<{
  current: Readonly<{ payment: string; sending: Step | null }> | null
  /** a number or link that was sent and has no answer yet */
  joining: 'number' | 'link' | null
  /** the token of a link that has not been sent yet */
  link: string | null
  pinLength: number | null
  /** only in a demo town, where it is no secret */
  demoPin: string | null
  label: string
  /** asked once after enrolment, then only in the settings */
  passkeyWasOffered: boolean
}>

const KEY = 'wallet'
const NOTHING: Memory = {
  current: null,
  joining: null,
  link: null,
  pinLength: null,
  demoPin: null,
  label: '',
  passkeyWasOffered: false,
}

export async function recall(storage: Storage): Promise<Memory> {
  const stored = await storage.get(KEY)
  return isRecord(stored) ? { ...NOTHING, ...(stored as Partial<Memory>) } : NOTHING // we alone write here
}

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
