// Signing in at one of a shop's machines, as state: who it is, the PIN, or a first PIN with a one-time code. Pure.
//
//   list --choose, has a PIN--> pin --right--> (in)
//     |   --choose, has none--> code --enough letters--> choose --typed--> again --the same--> (in)
//     +----------- code --------^                          ^----- not the same --+
import { STAFF_ROLES } from '#core/staff.ts'
import type { StaffHereView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'

export type StaffHere = StaffHereView['staff'][number]

export type SigningIn = Readonly<{
  at: 'list' | 'pin' | 'code' | 'choose' | 'again'
  /** whose PIN is typed, or who was chosen and has none yet */
  who: StaffHere | null
  code: string
  pin: string
  /** the new PIN as it was typed first */
  first: string
  isBusy: boolean
  problem: Problem | null
  /** the new PIN was typed differently the second time */
  differs: boolean
}>

export const SHORTEST_PIN = 4
export const LONGEST_PIN = 8
/** As the hub takes them: blanks and dashes do not count there, but are typed. */
const SHORTEST_CODE = 8

export const AT_THE_LIST: SigningIn = {
  at: 'list',
  who: null,
  code: '',
  pin: '',
  first: '',
  isBusy: false,
  problem: null,
  differs: false,
}

export const whoChosen = (who: StaffHere): SigningIn => ({ ...AT_THE_LIST, at: who.hasPin ? 'pin' : 'code', who })

export const firstTime: SigningIn = { ...AT_THE_LIST, at: 'code' }

/** Can what is typed be sent, or gone on with? */
export function isReady({ at, pin, code, isBusy }: SigningIn): boolean {
  if (isBusy || at === 'list') return false
  return at === 'code' ? code.trim().length >= SHORTEST_CODE : pin.length >= SHORTEST_PIN
}

/** What pressing Enter leads to: the next state, or what is to be asked of the hub. */
export type Step =
  | Readonly<{ kind: 'state'; state: SigningIn }>
  | Readonly<{ kind: 'sign-in'; staff: string; pin: string }>
  | Readonly<{ kind: 'enrol'; code: string; pin: string }>

export function entered(state: SigningIn): Step {
  const still = { kind: 'state', state } as const
  if (!isReady(state)) return still
  switch (state.at) {
    case 'list':
      return still
    case 'pin':
      return state.who === null ? still : { kind: 'sign-in', staff: state.who.id, pin: state.pin }
    case 'code':
      return { kind: 'state', state: { ...state, at: 'choose', pin: '', problem: null, differs: false } }
    case 'choose':
      return { kind: 'state', state: { ...state, at: 'again', first: state.pin, pin: '', differs: false } }
    case 'again':
      if (state.pin === state.first) return { kind: 'enrol', code: state.code.trim(), pin: state.pin }
      return { kind: 'state', state: { ...state, at: 'choose', pin: '', first: '', differs: true } }
  }
}

/** The hub has said no. A wrong PIN is typed anew; a code that is worth nothing is typed again, the new PIN with it. */
export const refused = (state: SigningIn, problem: Problem): SigningIn => ({
  ...state,
  at: state.at === 'again' ? 'code' : state.at,
  pin: '',
  first: '',
  isBusy: false,
  problem,
})

/** One step back, or null where there is nothing before. */
export const backFrom = ({ at }: SigningIn): SigningIn | null => (at === 'list' ? null : AT_THE_LIST)

/** Until when the PIN is not looked at (milliseconds since 1970 by the hub's clock); 0 where it is. */
export const lockedUntil = ({ problem }: SigningIn): number =>
  problem?.code === 'proof-locked' ? Number(problem.figures?.['until'] ?? 0) : 0

/** Who of the staff can do what a cashier may not. */
export const whoMayMore = (staff: readonly StaffHere[]): readonly StaffHere[] =>
  staff.filter(({ role }) => role !== 'cashier').sort((left, right) => rank(left) - rank(right))

const rank = ({ role }: StaffHere): number => STAFF_ROLES.indexOf(role)
