// Races on one PostgreSQL with two hubs: the same two things at once, many times, either first, and clean books at the end.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { faultsOf } from '#core/invariants.ts'
import { bucketOfId, type PaymentId } from '#core/ids.ts'
import { stateOf } from '#core/payment.ts'
import { uuidOf } from '#server/postgres/store.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Answer } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { billOf, groundOn, openTown, postgresGround } from './world.ts'

const ROUNDS = Number(process.env.RACE_ROUNDS ?? 20)
/** Rounds that run beside each other, so that they also meet in batches and locks. */
const ABREAST = 5

export type Races = Awaited<ReturnType<typeof openRaces>>

/** One database, two hubs on it, and people with money who race. */
export async function openRaces() {
  const ground = await postgresGround()
  const other = await groundOn(ground.settings)
  const town = await openTown(ground, { people: ABREAST, money: 1_000_000n })
  const switches = [town.make(ground), town.make(other)] as const
  return {
    ground,
    other,
    town,
    /** All rounds of a race, some at a time, each told how it ended: in one of these ways. */
    async race(ends: readonly string[], run: (payer: DeviceActor) => Promise<string>): Promise<void> {
      const seen = new Set<string>()
      await Promise.all(
        town.people.map(async (payer, lane) => {
          for (let round = lane; round < ROUNDS; round += ABREAST) seen.add(await run(payer))
        }),
      )
      for (const end of seen) assert.ok(ends.includes(end), end)
    },
    /** The two at once, either first, one at each hub. */
    async both<First, Second>(
      first: (over: Switch) => Promise<First>,
      second: (over: Switch) => Promise<Second>,
    ): Promise<[First, Second]> {
      const [one, two] = randomInt(2) === 1 ? switches : switches.toReversed()
      assert.ok(one && two)
      if (randomInt(2) === 1) return Promise.all([first(one), second(two)])
      const [late, early] = await Promise.all([second(two), first(one)])
      return [early, late]
    },
    /** A bill that somebody has joined. */
    async joined(payer: DeviceActor, bill = billOf(100n)): Promise<PaymentId> {
      const { number } = await town.offer(bill)
      const { payment, refusal } = await town.join(payer, number)
      assert.ok(payment, JSON.stringify(refusal))
      return payment
    },
    /** Its state, and what whoever pays for it outside was sent beside the collect. */
    async seen(payment: PaymentId): Promise<string> {
      const now = await ground.store.readPayment(payment)
      const { rows } = await ground.database.reads.query<{ kind: string }>(
        `select kind from outside_order where payment = $1 and kind <> 'collect' order by number`,
        [uuidOf(payment)],
      )
      return [now && stateOf(now), ...rows.map(({ kind }) => kind)].join(' ')
    },
    /** What the payment waits for is over at once; nothing here waits half a minute. `path`: where its snapshot has the time. */
    async hurry(payment: PaymentId, path: string): Promise<void> {
      await ground.database.reads.query(
        `update payment set due_at = 1, snapshot = jsonb_set(snapshot, $3::text[], '1') where bucket = $1 and id = $2`,
        [bucketOfId(payment), uuidOf(payment), path],
      )
    },
    async clean(): Promise<void> {
      await town.settleDown()
      assert.deepEqual(faultsOf(await ground.books()), [])
      assert.deepEqual(town.alarms, [])
    },
    async close(): Promise<void> {
      await other.close()
      await ground.close()
    },
  }
}

export const code = ({ refusal }: Answer): string => refusal?.code ?? 'done'
