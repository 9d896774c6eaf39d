// What the commit that is about to be sent does: the store's decision and its COMMIT happen in the same turn of the event loop.
let effects: ReadonlySet<string> = new Set()

/** The effects of the batch decided in this turn. */
export function decided(now: ReadonlySet<string>): void {
  effects = now
  queueMicrotask(() => (effects = new Set()))
}

export const effectsUnderway = (): ReadonlySet<string> => effects
