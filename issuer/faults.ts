// How the issuer misbehaves, for tests and the demo: slow, silent, late, twice, for another message, with another amount, cut off.
import { setTimeout as wait } from 'node:timers/promises'
import type { Message } from './iso8583.ts'

export type Faults = Readonly<{
  /** answers wait so long */
  slowMs: number
  /** purchases: decided, and the answer waits until this is off again; or not even decided before */
  holds: 'off' | 'answer' | 'deciding'
  /** messages are heard, neither carried out nor answered, echoes too */
  silent: boolean
  /** each answer is sent twice */
  twice: boolean
  /** the answer to a purchase has another message's number, or another amount */
  other: 'off' | 'stan' | 'amount'
  /** purchases are refused with this code */
  refuses: string | null
  /** the connection ends after so many bytes of an answer */
  cutsAfter: number | null
}>

export const NO_FAULTS: Faults = {
  slowMs: 0,
  holds: 'off',
  silent: false,
  twice: false,
  other: 'off',
  refuses: null,
  cutsAfter: null,
}

const HOLDS = ['off', 'answer', 'deciding'] as const
const OTHERS = ['off', 'stan', 'amount'] as const
const MOST_SLOW_MS = 600_000

/** What was sent, over what is set; undefined where a part is not right, or unknown. */
export function faultsFrom(sent: unknown, now: Faults): Faults | undefined {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return undefined
  if (Object.keys(sent).some((name) => !(name in NO_FAULTS))) return undefined
  const said = new Map<string, unknown>(Object.entries({ ...now, ...sent }))
  const holds = HOLDS.find((known) => known === said.get('holds'))
  const other = OTHERS.find((known) => known === said.get('other'))
  const [slowMs, silent, twice] = [said.get('slowMs'), said.get('silent'), said.get('twice')]
  const [refuses, cutsAfter] = [said.get('refuses'), said.get('cutsAfter')]
  if (holds === undefined || other === undefined || typeof silent !== 'boolean' || typeof twice !== 'boolean')
    return undefined
  if (typeof slowMs !== 'number' || !(slowMs >= 0 && slowMs <= MOST_SLOW_MS)) return undefined
  // 00 would be a yes that sets nothing aside.
  if (refuses !== null && (typeof refuses !== 'string' || !/^(?!00)[0-9]{2}$/u.test(refuses))) return undefined
  if (cutsAfter !== null && (typeof cutsAfter !== 'number' || !Number.isInteger(cutsAfter) || cutsAfter < 0))
    return undefined
  return { slowMs, holds, silent, twice, other, refuses, cutsAfter }
}

export type FaultDesk = Readonly<{
  now(): Faults
  put(next: Faults): void
  slow(): Promise<void>
  /** Comes back when nothing is held there any more. */
  held(at: 'answer' | 'deciding'): Promise<void>
}>

/** What is set, and waiting until a hold is over. */
export function createFaults(): FaultDesk {
  let set = NO_FAULTS
  let held: (() => void)[] = []
  return {
    now: () => set,
    put(next) {
      set = next
      if (next.holds !== 'off') return
      const free = held
      held = []
      for (const each of free) each()
    },
    async slow() {
      if (set.slowMs > 0) await wait(set.slowMs)
    },
    async held(at) {
      if (set.holds === at) await new Promise<void>((free) => void held.push(free))
    },
  }
}

/** An answer as an issuer with a fault sends it. */
export function distorted(answer: Message, { other }: Faults): Message {
  const { fields } = answer
  if (other === 'stan') {
    const stan = String((Number(fields[11] ?? 0) + 1) % 1_000_000).padStart(6, '0')
    return { ...answer, fields: { ...fields, 11: stan } }
  }
  const { 4: amount } = fields
  if (other === 'off' || amount === undefined) return answer
  return { ...answer, fields: { ...fields, 4: String(BigInt(amount) + 1n).padStart(12, '0') } }
}
