// How the reference bank misbehaves, for tests and the demo: slow, silent, late, twice, with another amount, for another id.
import { setTimeout as wait } from 'node:timers/promises'

export type Faults = Readonly<{
  /** answers wait so long */
  slowMs: number
  /** collections: booked, and the answer waits until this is off again; or not even booked before */
  holds: 'off' | 'answer' | 'booking'
  /** orders are heard, neither carried out nor answered */
  silent: boolean
  /** each collection is carried out twice, and answered twice in one message */
  twice: boolean
  /** the answer names another amount, or another id, than what was asked */
  other: 'off' | 'amount' | 'id'
  /** collections are refused for this reason */
  refuses: string | null
  /** files have no result yet */
  filesWait: boolean
}>

export const NO_FAULTS: Faults = {
  slowMs: 0,
  holds: 'off',
  silent: false,
  twice: false,
  other: 'off',
  refuses: null,
  filesWait: false,
}

const HOLDS = ['off', 'answer', 'booking'] as const
const OTHERS = ['off', 'amount', 'id'] as const

/** What was sent, over what is set; undefined where a part is not right. */
export function faultsFrom(sent: unknown, now: Faults): Faults | undefined {
  if (typeof sent !== 'object' || sent === null) return undefined
  const said = new Map<string, unknown>(Object.entries(sent))
  const slowMs = said.get('slowMs') ?? now.slowMs
  const holds = HOLDS.find((known) => known === (said.get('holds') ?? now.holds))
  const other = OTHERS.find((known) => known === (said.get('other') ?? now.other))
  const refuses = said.has('refuses') ? said.get('refuses') : now.refuses
  const flag = (name: 'silent' | 'twice' | 'filesWait'): unknown => said.get(name) ?? now[name]
  const [silent, twice, filesWait] = [flag('silent'), flag('twice'), flag('filesWait')]
  if (typeof slowMs !== 'number' || slowMs < 0 || slowMs > 600_000 || holds === undefined || other === undefined)
    return undefined
  if (refuses !== null && (typeof refuses !== 'string' || !/^[A-Z]{2}\d{2}$/u.test(refuses))) return undefined
  if (typeof silent !== 'boolean' || typeof twice !== 'boolean' || typeof filesWait !== 'boolean') return undefined
  return { slowMs, holds, silent, twice, other, refuses, filesWait }
}

/** What is set, and waiting until a hold is over. */
export function createFaults() {
  let set = NO_FAULTS
  let held: (() => void)[] = []
  return {
    now: (): Faults => set,
    put(next: Faults): void {
      set = next
      if (next.holds !== 'off') return
      const free = held
      held = []
      for (const each of free) each()
    },
    slow: async (): Promise<void> => void (set.slowMs > 0 && (await wait(set.slowMs))),
    /** Comes back when nothing is held any more. */
    async held(at: 'answer' | 'booking'): Promise<void> {
      if (set.holds === at) await new Promise<void>((free) => void held.push(free))
    },
  }
}
export type FaultDesk = ReturnType<typeof createFaults>
