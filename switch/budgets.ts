// Budgets against guessing, decided before the lane and outside the money transaction: a try is charged before the look-up
// and given back when the number was right, so that many guesses at once cannot pass the budget by one.
import { BUDGETS } from '#protocol/limits.ts'

export type BudgetKind = keyof typeof BUDGETS
export type BudgetKey = `${BudgetKind}:${string}`

export type Budgets = Readonly<{
  /** Takes one try of each key, or none of any: false when one of them is used up. */
  charge(keys: readonly BudgetKey[]): Promise<boolean>
  giveBack(keys: readonly BudgetKey[]): Promise<void>
}>

export type BudgetState = Readonly<{ tokens: number; dayUsed: number; day: number; at: number }>

export const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

export const kindOf = (key: BudgetKey): BudgetKind => key.slice(0, key.indexOf(':')) as BudgetKind

/** The state with what time has given back by `now`; a key never seen starts with its full burst. */
export function refreshed(key: BudgetKey, state: BudgetState | undefined, now: number): BudgetState {
  const { burst, perHour } = BUDGETS[kindOf(key)]
  const day = Math.floor(now / DAY_MS)
  if (state === undefined) return { tokens: burst, dayUsed: 0, day, at: now }
  const tokens = Math.min(burst, state.tokens + (Math.max(0, now - state.at) * perHour) / HOUR_MS)
  return { tokens, dayUsed: state.day === day ? state.dayUsed : 0, day, at: Math.max(now, state.at) }
}

/** The state after one try, or undefined when none is left. */
export function charged(key: BudgetKey, state: BudgetState): BudgetState | undefined {
  if (state.tokens < 1 || state.dayUsed >= BUDGETS[kindOf(key)].perDay) return undefined
  return { ...state, tokens: state.tokens - 1, dayUsed: state.dayUsed + 1 }
}

/** The state after a try was given back. */
export function returned(key: BudgetKey, state: BudgetState): BudgetState {
  return {
    ...state,
    tokens: Math.min(BUDGETS[kindOf(key)].burst, state.tokens + 1),
    dayUsed: Math.max(0, state.dayUsed - 1),
  }
}

/** Budgets of one process, for the simulator and tests. */
export function memoryBudgets(now: () => number): Budgets {
  const states = new Map<BudgetKey, BudgetState>()
  return {
    async charge(keys) {
      const after = keys.map((key) => charged(key, refreshed(key, states.get(key), now())))
      if (after.some((state) => state === undefined)) return false
      keys.forEach((key, index) => {
        const state = after[index]
        if (state !== undefined) states.set(key, state)
      })
      return true
    },
    async giveBack(keys) {
      for (const key of keys) states.set(key, returned(key, refreshed(key, states.get(key), now())))
    },
  }
}
