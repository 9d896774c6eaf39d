// Waiting for a state instead of for a time.
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 5

/** Looks until it finds something true; throws with the name of what never came. */
export async function until(
  what: string,
  look: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
  everyMs = LOOK_EVERY_MS,
): Promise<void> {
  const end = performance.now() + patienceMs
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`this never came: ${what}`)
    await pause(everyMs)
  }
}
