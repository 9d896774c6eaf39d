// Virtual time: nothing waits. Whatever is due next happens next, and between two things every promise that can go on goes on, so
// that the order of events is a function of the seed alone. A leap takes the calendar days further while all machines stand still.
import type { Delay } from '#sdk/transport.ts'

export type Clock = Readonly<{
  /** milliseconds since 1970 */
  now(): number
  after(ms: number, happen: () => void): void
  sleep(ms: number): Promise<void>
  /** the SDK's waiting; rejects when aborted */
  delay: Delay
  /** The calendar goes on by `ms`, as over a night: what was on its way arrives afterwards. */
  leap(ms: number): void
  /** time that the machines have lived through: `now` without the leaps */
  lived(): number
  /** Lets time pass until the machines have lived to `until` (as `lived` counts), or until `isOver` says so. */
  run(until: number, isOver: () => boolean): Promise<void>
}>

type Event = Readonly<{ at: number; order: number; happen: () => void }>

const isBefore = (left: Event, right: Event): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order)

/** Every promise chain that can go on has gone on when the event loop turns. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function virtualClock(start: number): Clock {
  const heap: Event[] = []
  let lived = start
  let leapt = 0
  let order = 0

  function push(event: Event): void {
    let at = heap.push(event) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (parent === undefined || !isBefore(event, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = event
  }

  function pop(): void {
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      let child = heap[down]
      const right = heap[down + 1]
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        child = right
        down++
      }
      if (child === undefined || !isBefore(child, last)) break
      heap[at] = child
      at = down
    }
    heap[at] = last
  }

  const after = (ms: number, happen: () => void): void => push({ at: lived + Math.max(0, ms), order: order++, happen })

  return {
    now: () => lived + leapt,
    leap: (ms) => void (leapt += Math.max(0, ms)),
    lived: () => lived,
    after,
    sleep: (ms) => new Promise((resolve) => after(ms, resolve)),
    delay: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => reject(new Error('the wait was ended'))
        if (signal?.aborted === true) return stop()
        signal?.addEventListener('abort', stop, { once: true })
        after(ms, () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        })
        return undefined
      }),
    async run(until, isOver) {
      await settled()
      while (!isOver()) {
        const next = heap[0]
        if (next === undefined || next.at > until) break
        pop()
        lived = next.at
        next.happen()
        await settled()
      }
      if (!isOver()) lived = until
    },
  }
}
