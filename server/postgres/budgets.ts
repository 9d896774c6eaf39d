// Budgets in PostgreSQL, shared by all hubs: tries that come together are charged in one small transaction.
// Its commit does not wait for the disk: after a power cut the last half second of tries may be forgotten, no money with them.
import { charged, refreshed, returned, type BudgetKey, type Budgets, type BudgetState } from '#switch/budgets.ts'
import { OutcomeUnknown, StoreUnavailable } from '#switch/store.ts'
import { inTransaction, type Database, type Statement } from './connect.ts'
import { NOW } from './store.ts'

type Wish = Readonly<{
  keys: readonly BudgetKey[]
  kind: 'charge' | 'give-back'
  resolve: (granted: boolean) => void
  reject: (error: unknown) => void
}>

/** Tries of an outage; more than this were in flight at once only in a flood. */
const MOST_OWED = 5_000

/** Budgets over the database of the hub. Throws StoreUnavailable when there is none. */
export function postgresBudgets(database: Database): Budgets {
  const waiting: Wish[] = []
  /** what could not be given back while the database was away; it goes with the next that comes */
  const owed: Wish[] = []
  let busy = false

  function ask(kind: Wish['kind'], keys: readonly BudgetKey[]): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    waiting.push({ keys, kind, resolve, reject })
    if (!busy) void drain()
    return promise
  }

  async function drain(): Promise<void> {
    busy = true
    await Promise.resolve()
    while (waiting.length > 0) {
      const wishes = [...owed.splice(0), ...waiting.splice(0, 500)]
      try {
        const granted = await grant(database, wishes)
        wishes.forEach(({ resolve }, index) => resolve(granted[index] ?? false))
      } catch (error) {
        // A lost COMMIT may have charged: the asker comes again, and pays for that try once more at most.
        const away =
          error instanceof OutcomeUnknown ? new StoreUnavailable('the charge got no answer', { cause: error }) : error
        for (const wish of wishes) {
          if (wish.kind === 'give-back' && owed.length < MOST_OWED) owed.push(wish)
          wish.reject(away)
        }
      }
    }
    busy = false
  }

  return {
    charge: (keys) => ask('charge', keys),
    giveBack: async (keys) => void (await ask('give-back', keys)),
  }
}

async function grant(database: Database, wishes: readonly Wish[]): Promise<boolean[]> {
  const keys = [...new Set(wishes.flatMap((wish) => wish.keys))].toSorted()
  let granted: boolean[] = []
  await inTransaction(database.transactions, [lock(keys), load(keys)], ([, loaded]) => {
    const rows = (loaded?.rows ?? []) as Record<string, unknown>[]
    const now = Number(rows[0]?.now ?? 0)
    const states = new Map<BudgetKey, BudgetState>()
    for (const row of rows) {
      const known =
        row.at === null
          ? undefined
          : { tokens: Number(row.tokens), dayUsed: Number(row.day_used), day: Number(row.day), at: Number(row.at) }
      const key = row.key as BudgetKey
      states.set(key, refreshed(key, known, now))
    }
    granted = wishes.map((wish) => apply(states, wish))
    return { statements: [write([...states])] }
  })
  return granted
}

function apply(states: Map<BudgetKey, BudgetState>, { keys, kind }: Wish): boolean {
  const after = keys.map((key) => {
    const state = states.get(key)
    if (state === undefined) return undefined
    return kind === 'charge' ? charged(key, state) : returned(key, state)
  })
  if (after.some((state) => state === undefined)) return false
  keys.forEach((key, index) => {
    const state = after[index]
    if (state !== undefined) states.set(key, state)
  })
  return true
}

/** Locks the keys in order, making those never seen; a statement of its own, so that what follows sees all it waited for. */
const lock = (keys: readonly BudgetKey[]): Statement => ({
  name: 'lock_budgets',
  text: `insert into budget (key, tokens, day_used, day, at) select key, -1, 0, 0, 0 from unnest($1::text[]) n(key) order by key
         on conflict (key) do update set key = excluded.key`,
  values: [keys],
})

const load = (keys: readonly BudgetKey[]): Statement => ({
  name: 'load_budgets',
  text: `select key, tokens, day_used, day, nullif(at, 0) as at, ${NOW} as now, set_config('synchronous_commit', 'off', true)
         from budget where key = any($1::text[])`,
  values: [keys],
})

const write = (states: readonly (readonly [BudgetKey, BudgetState])[]): Statement => ({
  name: 'write_budgets',
  text: `update budget b set tokens = n.tokens, day_used = n.day_used, day = n.day, at = n.at
         from unnest($1::text[], $2::float8[], $3::integer[], $4::bigint[], $5::bigint[]) n(key, tokens, day_used, day, at) where b.key = n.key`,
  values: [
    states.map(([key]) => key),
    states.map(([, { tokens }]) => tokens),
    states.map(([, { dayUsed }]) => dayUsed),
    states.map(([, { day }]) => day),
    states.map(([, { at }]) => at),
  ],
})
