// The door of the desk: the browser's key says who sits here, a passkey lets them in. Where it leads is decided here; pure.
//
//   looking --let in--> open            looking --has no passkey yet--> add --made--> sign-in
//   looking --has one--> sign-in --used--> looking         open --the hub asks again--> sign-in
import type { OperatorRole } from '#core/actions.ts'
import type { OperatorRouteView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import type { SelfView } from '#protocol/views.ts'
import type { Outcome } from '#sdk/outcome.ts'

export type Door =
  | Readonly<{ at: 'looking' }>
  | Readonly<{ at: 'open'; role: OperatorRole }>
  | Readonly<{ at: 'add' }>
  | Readonly<{ at: 'sign-in' }>
  | Readonly<{ at: 'trouble'; problem: Problem }>

/**
 * Where the door leads, by two questions: who works here (for those that are in), and who am I (also for those who have no
 * passkey yet; `null` where the first was enough).
 */
export function doorOf(
  self: string,
  operators: Outcome<OperatorRouteView<'operators'>>,
  who: Outcome<SelfView> | null,
): Door {
  if (operators.ok) {
    const mine = operators.view.operators.find(({ id }) => id === self)
    // Whoever is in and not listed may read alone.
    return { at: 'open', role: mine?.role ?? 'auditor' }
  }
  if (!needsPasskey(operators.problem)) return { at: 'trouble', problem: operators.problem }
  if (who === null || who.ok) return { at: 'add' }
  return needsPasskey(who.problem) ? { at: 'sign-in' } : { at: 'trouble', problem: who.problem }
}

export const needsPasskey = (problem: Problem): boolean => problem.code === 'passkey-needed'
