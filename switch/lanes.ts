// Lanes: a command's step waits in the lane of its bucket; a lane takes all that waits into one batch, one commit.
// A commit in flight gathers the next batch. A batch that fails runs again step by step; a step that fails alone three
// times gets the stored refusal could-not-decide and an alarm, and the rest go on.
import type { StaffId } from '#core/ids.ts'
import { refuse, type Refusal } from '#core/refusals.ts'
import { LIMITS } from '#protocol/limits.ts'
import {
  NO_NEEDS,
  OutcomeUnknown,
  StoreUnavailable,
  type Answer,
  type BucketNeeds,
  type CommandKey,
  type Needs,
  type Store,
} from './store.ts'
import { workingRows, type Changes, type Working } from './working.ts'

/** A command as its row will name it; `staff`: who stood at the terminal, where somebody did. */
export type SentCommand = CommandKey & Readonly<{ hash: string; staff?: StaffId | null }>

/** One decision in one bucket. With a command its answer is stored; a command seen before gets its stored answer. */
export type Step = Readonly<{
  bucket: number
  command: SentCommand | null
  needs: Partial<Needs>
  decide: (working: Working) => Outcome
}>

/** `again` leaves the batch without a trace: the caller does something first and sends the step once more. */
export type Outcome = Answer | 'again'

export type Lanes = Readonly<{
  run(step: Step): Promise<Outcome>
  waiting(): number
}>

/** Too many commands wait: nothing was decided, the client repeats the same command later. */
export class TooBusy extends Error {
  override name = 'TooBusy'
}

export const NOTHING: Answer = {
  refusal: null,
  terminal: null,
  deal: null,
  payment: null,
  refund: null,
  version: null,
  note: null,
}
export const refused = (refusal: Refusal): Answer => ({ ...NOTHING, refusal })

/** More in one batch makes the slowest command of it wait longer than it saves (bench/results.md). */
const BATCH_STEPS = 400
const TRIES = 3

type Waiting = Readonly<{ step: Step; resolve: (outcome: Outcome) => void; reject: (error: unknown) => void }>

export function createLanes(options: {
  store: Store
  buckets: number
  /** IANA time zone whose days the limits count, asked for with each batch: the operator may change it */
  zone: () => string
  lanes: number
  onCommit: (changes: Changes) => void
  onAlarm: (alarm: { step: Step; error: unknown }) => void
}): Lanes {
  const { store, buckets, zone, onCommit, onAlarm } = options
  const queues = Array.from({ length: options.lanes }, (): Waiting[] => [])
  const busy = new Set<number>()
  let waiting = 0

  function run(step: Step): Promise<Outcome> {
    if (waiting >= LIMITS.waitingCommands) return Promise.reject(new TooBusy('too many commands wait'))
    const lane = step.bucket % queues.length
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    queues[lane]?.push({ step, resolve, reject })
    waiting++
    if (!busy.has(lane)) void drain(lane)
    return promise
  }

  async function drain(lane: number): Promise<void> {
    const queue = queues[lane] ?? []
    busy.add(lane)
    // Everything that arrives in the same turn of the event loop shares the first batch.
    await Promise.resolve()
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH_STEPS)
      await settle(batch)
      waiting -= batch.length
    }
    busy.delete(lane)
  }

  async function settle(batch: Waiting[]): Promise<void> {
    try {
      await together(batch)
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        for (const { reject } of batch) reject(error)
        return
      }
      let away: StoreUnavailable | undefined
      for (const each of batch) {
        // Without a database nobody need try it one by one: the clients send the same commands again.
        if (away !== undefined) each.reject(away)
        else away = await alone(each, batch.length === 1 ? error : null)
      }
    }
  }

  async function together(batch: readonly Waiting[]): Promise<void> {
    const outcomes = await attempt(batch.map(({ step }) => step))
    batch.forEach(({ resolve }, index) => resolve(outcomes[index] ?? 'again'))
  }

  /** One step by itself. Returns the error when there is no database at the moment. */
  async function alone(each: Waiting, before: unknown): Promise<StoreUnavailable | undefined> {
    let error = before
    for (let tries = before === null ? 0 : 1; tries < TRIES; tries++) {
      try {
        await together([each])
        return undefined
      } catch (caught) {
        if (caught instanceof StoreUnavailable) {
          each.reject(caught)
          return caught
        }
        error = caught
      }
    }
    if (error instanceof OutcomeUnknown) {
      const away = new StoreUnavailable('the commit got no answer', { cause: error })
      each.reject(away)
      return away
    }
    onAlarm({ step: each.step, error })
    const giveUp: Step = { ...each.step, needs: {}, decide: () => refused(refuse('could-not-decide')) }
    try {
      each.resolve((await attempt([giveUp]))[0] ?? 'again')
    } catch (caught) {
      each.reject(
        caught instanceof OutcomeUnknown ? new StoreUnavailable('the commit got no answer', { cause: caught }) : caught,
      )
    }
    return undefined
  }

  async function attempt(steps: readonly Step[]): Promise<Outcome[]> {
    let outcomes: Outcome[] = []
    let changes: Changes | null = null
    await store.transact(needsOf(steps), (rows) => {
      const working = workingRows(rows, { buckets, zone: zone() })
      outcomes = steps.map((step) => decideOnce(step, working))
      const writes = working.writes()
      if (writes !== null)
        changes = {
          ...working.changes(),
          buckets: [...new Set(writes.transfers.map(({ creditBucket }) => creditBucket))],
          accounts: [
            ...new Set([
              ...writes.accounts.map(({ account }) => account.key),
              ...writes.transfers.map(({ credit }) => credit),
            ]),
          ],
        }
      return writes
    })
    if (changes !== null) onCommit(changes)
    return outcomes
  }

  return { run, waiting: () => waiting }
}

function decideOnce(step: Step, working: Working): Outcome {
  const { command, bucket } = step
  if (command === null) return step.decide(working)
  const stored = working.command(bucket, command)
  if (stored !== undefined) return stored.hash === command.hash ? stored.answer : refused(refuse('command-mismatch'))
  const outcome = step.decide(working)
  if (outcome !== 'again') {
    const { actor, id, hash, staff = null } = command
    working.saveCommand(bucket, { actor, id, hash, staff, answer: outcome })
  }
  return outcome
}

/** The needs of all steps by bucket, in bucket order. */
function needsOf(steps: readonly Step[]): BucketNeeds[] {
  const byBucket = new Map<number, Step[]>()
  for (const step of steps) {
    const known = byBucket.get(step.bucket)
    if (known === undefined) byBucket.set(step.bucket, [step])
    else known.push(step)
  }
  return [...byBucket]
    .map(([bucket, steps]) => ({
      ...NO_NEEDS,
      bucket,
      commands: steps.flatMap(({ command }) => (command === null ? [] : [command])),
      offers: steps.flatMap(({ needs }) => needs.offers ?? []),
      payments: steps.flatMap(({ needs }) => needs.payments ?? []),
      accounts: steps.flatMap(({ needs }) => needs.accounts ?? []),
      seen: steps.flatMap(({ needs }) => needs.seen ?? []),
      devices: steps.flatMap(({ needs }) => needs.devices ?? []),
      terminals: steps.flatMap(({ needs }) => needs.terminals ?? []),
      numbers: steps.flatMap(({ needs }) => needs.numbers ?? []),
      refunds: steps.flatMap(({ needs }) => needs.refunds ?? []),
      standings: steps.flatMap(({ needs }) => needs.standings ?? []),
    }))
    .sort((left, right) => left.bucket - right.bucket)
}
