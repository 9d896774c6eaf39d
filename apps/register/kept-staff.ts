// Who is signed in, over a time without the hub: kept here, and given up when nobody has done anything for as long as the hub would wait.
import type { StaffHereView } from '#protocol/identity.ts'
import { isRecord } from '#sdk/outcome.ts'
import type { Storage } from '#sdk/storage.ts'
import { staffAt, type KeptStaff } from './offline.ts'

export type StaffKeeper = Readonly<{
  /** Who was here, as far as that still counts; undefined where nothing is known. */
  recall(): Promise<StaffHereView | undefined>
  /** The hub has said who is here. */
  learnt(staff: StaffHereView): void
  /** Somebody does something. */
  touched(): void
  /** Who is here by now: somebody may have gone idle. */
  present(): StaffHereView | undefined
}>

const KEY = 'staff here'
const NOTED_EVERY_MS = 30_000

/** `now` is the hub's clock as far as it is known here. */
export function staffKeeper(storage: Storage, now: () => number): StaffKeeper {
  let kept: KeptStaff | undefined
  const keep = (next: KeptStaff): void => {
    kept = next
    // Who is forgotten here is asked for by the hub.
    void storage.set(KEY, next).catch(() => undefined)
  }
  const present = (): StaffHereView | undefined => kept && staffAt(kept, now())
  return {
    async recall() {
      const stored = await storage.get(KEY)
      if (isRecord(stored) && isRecord(stored.staff)) kept = stored as KeptStaff // we alone write here
      return present()
    },
    learnt: (staff) => keep({ staff, activeAt: now() }),
    touched() {
      if (kept === undefined || now() - kept.activeAt < NOTED_EVERY_MS) return
      const staff = present()
      // Whoever has gone idle does not come back by a touch.
      if (staff !== undefined && staff.cashier === kept.staff.cashier) keep({ staff, activeAt: now() })
    },
    present,
  }
}
