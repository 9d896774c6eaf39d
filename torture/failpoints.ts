// The named moments at which torture kills, one or more for each step S1–S13 of a payment, and the trap that waits for one of them
// inside the hub's process. Nothing of this is loaded by a hub that is not being tortured (see preload.ts).
import type { Writes } from '#switch/store.ts'
import { killBackend, killDatabase } from './database.ts'

/** Where in the hub: a request or an answer over HTTP, one commit from its beginning to its end, news, a look of the terminal; what it asks of
 *  the vault, and is told. */
export type Moment =
  | 'heard'
  | 'begin'
  | 'locked'
  | 'written'
  | 'commit sent'
  | 'committed'
  | 'answering'
  | 'answered'
  | 'telling'
  | 'pushed'
  | 'asking'
  | 'told'

/** What a commit does, as far as its writes tell. */
export type Effect = 'number' | 'open' | 'take' | 'join' | 'settle' | 'refund' | 'told' | 'end' | 'answer' | 'deposit'

export type Failpoint = Readonly<{ step: string; moment: Moment; of: string }>

const at = (step: string, moment: Moment, of: string): Failpoint => ({ step, moment, of })

/** `of` is a command's name for what crosses HTTP, an effect for commits. */
export const FAILPOINTS: readonly Failpoint[] = [
  at('S1', 'heard', 'open-offer'),
  at('S1', 'committed', 'number'),
  at('S1', 'locked', 'open'),
  at('S1', 'commit sent', 'open'),
  at('S2', 'answering', 'open-offer'),
  at('S2', 'answered', 'open-offer'),
  at('S3', 'heard', 'join'),
  at('S3', 'commit sent', 'take'),
  at('S3', 'committed', 'take'),
  at('S3', 'written', 'join'),
  at('S3', 'committed', 'join'),
  at('S4', 'answered', 'join'),
  at('S5', 'heard', 'approve'),
  at('S6', 'begin', 'any'),
  at('S7', 'locked', 'settle'),
  at('S8', 'written', 'settle'),
  at('S9', 'commit sent', 'settle'),
  at('S9', 'committed', 'settle'),
  at('S10', 'answering', 'approve'),
  at('S10', 'answered', 'approve'),
  at('S11', 'telling', 'others'),
  at('S11', 'pushed', 'settled'),
  at('S12', 'heard', 'deal'),
  at('S13', 'begin', 'deposit'),
  at('S13', 'written', 'deposit'),
  at('S13', 'commit sent', 'deposit'),
  at('S13', 'committed', 'deposit'),
  at('refund', 'locked', 'refund'),
  at('refund', 'commit sent', 'refund'),
  at('refund', 'committed', 'refund'),
  at('refund', 'commit sent', 'told'),
  at('cancel', 'commit sent', 'end'),
  at('cancel', 'committed', 'end'),
]

export const nameOf = ({ step, moment, of }: Failpoint): string => `${step} ${moment} ${of}`

export type Victim = 'hub' | 'database' | 'backend' | 'both'

/** Kills at the `nth` time (1 is the next) that the hub comes by. */
export type Trap = Readonly<{ failpoint: Failpoint; nth: number; victim: Victim; cluster: string; draw: number }>

let trap: Trap | null = null
let left = 0

export function arm(next: Trap | null): void {
  trap = next
  left = next?.nth ?? 0
}

/** Whether the trap is for this moment and its turn has come; then the caller strikes, at once or a little later. */
export function isDue(moment: Moment, of: ReadonlySet<string> | string): boolean {
  if (trap === null || left === 0 || trap.failpoint.moment !== moment) return false
  const { of: wanted } = trap.failpoint
  if (typeof of === 'string' ? of !== wanted : !of.has(wanted)) return false
  return --left === 0
}

/** Kills the trap's victim. A hub that is the victim does not come back from here. */
export function strike(): void {
  if (trap === null) return
  const { victim, cluster, draw } = trap
  trap = null
  if (victim === 'backend') killBackend(cluster, draw)
  if (victim === 'database' || victim === 'both') killDatabase(cluster)
  if (victim === 'hub' || victim === 'both') process.kill(process.pid, 'SIGKILL')
  process.send?.({ is: 'struck' })
}

export function reach(moment: Moment, of: ReadonlySet<string> | string): void {
  if (isDue(moment, of)) strike()
}

/** What a batch's writes are about; a batch may be about several things. */
export function effectsOf(writes: Writes): ReadonlySet<string> {
  const effects = new Set<Effect | 'any'>(['any'])
  for (const { kind } of writes.transfers) {
    if (kind === 'settle' || kind === 'hold') effects.add('settle')
    if (kind === 'refund') effects.add('refund')
  }
  if (writes.numbers.length > 0) effects.add('number')
  for (const { offer, previous } of writes.offers) {
    if (previous === null) effects.add('open')
    if (offer.state.kind === 'taken') effects.add('take')
    if (offer.state.kind === 'withdrawn') effects.add('end')
  }
  for (const { previous } of writes.payments) if (previous === null) effects.add('join')
  for (const { body } of writes.events) {
    if (body.kind === 'ended') effects.add('end')
    if (body.kind === 'refunded') effects.add('told')
    if (body.kind === 'answered') effects.add('answer')
  }
  return effects
}
