// What can be done on each screen, and the key for it. The screen's buttons, its key bar and the keyboard all read this list.
import { atCounter } from './counter.ts'
import { isEmpty } from './draft.ts'
import { tipGood } from './goods.ts'
import { hasTables } from './kitchen.ts'
import { refundableOf, toHandOver } from './money-back.ts'
import { questionOf } from './question.ts'
import { hasStaff, isKeying, screenOf, type RegisterState } from './state.ts'

export type Action =
  | 'show-number'
  | 'hand-back'
  | 'sell-offline'
  | 'send-bill'
  | 'next'
  | 'renew'
  | 'add-line'
  | 'goods'
  | 'search'
  | 'camera'
  | 'tip'
  | 'amount-later'
  | 'again'
  | 'change-bill'
  | 'release'
  | 'permit'
  | 'forbid'
  | 'known'
  | 'challenge'
  | 'ask'
  | 'ask-now'
  | 'switch-user'
  | 'history'
  | 'kitchen'
  | 'refund'
  | 'deliver'
  | 'cancel'
  | 'clear'
  | 'stop-editing'
  | 'back'

/** As KeyboardEvent.key has them; Esc is written Escape there. */
export const KEYS: Readonly<Record<Action, string>> = {
  'show-number': 'Enter',
  'hand-back': 'Enter',
  'sell-offline': 'F7',
  'send-bill': 'Enter',
  next: 'Enter',
  renew: 'Enter',
  'add-line': '+',
  goods: 'F2',
  search: '/',
  camera: 'F9',
  tip: '*',
  'amount-later': 'F4',
  again: 'F4',
  'change-bill': 'F6',
  release: 'F7',
  permit: 'F3',
  forbid: 'F10',
  known: 'F3',
  challenge: 'F9',
  ask: 'F6',
  'ask-now': 'Enter',
  'switch-user': 'F10',
  history: 'F8',
  kitchen: 'F1',
  refund: 'F9',
  deliver: 'F10',
  cancel: 'Esc',
  clear: 'Esc',
  'stop-editing': 'Esc',
  back: 'Esc',
}

/** What can be done while an answer is awaited: looking, and giving up the wait for a hub that is not there. */
export const WHILE_BUSY: ReadonlySet<Action> = new Set(['history', 'back', 'sell-offline'])

/** Everything that can be done now, in the order of the key bar. */
export function actionsOf(state: RegisterState): readonly Action[] {
  const screen = screenOf(state)
  const keying = keyingActions(state)
  switch (screen) {
    case 'starting':
    case 'code':
    case 'sign-in':
      return []
    case 'keying':
      return [
        ...keying,
        ...withHub(state),
        ...unless(!hasTables(state.kitchen), 'kitchen'),
        ...staff(state),
        ...unless(isEmpty(state.draft), 'clear'),
      ]
    case 'way':
      return ['back']
    case 'ask':
      return [...unless(questionOf(state.question) === null, 'ask-now'), 'back']
    case 'opening':
      return canSellOffline(state) ? ['sell-offline'] : []
    case 'open':
      return [...keying, ...changes(state), ...leaving(state)]
    case 'expired':
      return ['renew', 'history', ...staff(state), 'cancel']
    case 'joined':
      return [...keying, ...changes(state), ...questions(state), 'release', ...leaving(state)]
    case 'authorising':
      return ['cancel']
    case 'paid':
      return [
        'next',
        'history',
        ...(state.deal && refundableOf(state.deal) > 0n ? (['refund'] as const) : []),
        ...staff(state),
      ]
    case 'proven':
      return ['next', 'ask', 'history', ...staff(state)]
    case 'ended':
      return ['next', ...(canBeAgain(state) ? (['again'] as const) : []), 'history', ...staff(state)]
    case 'history':
    case 'kitchen':
      return [...staff(state), 'back']
    case 'record':
      return recordActions(state)
  }
}

function keyingActions(state: RegisterState): readonly Action[] {
  if (!isKeying(state)) return []
  const send = sendingOf(state)
  const hasGoods = state.goods.goods.length > 0
  // While a phone is joined F9 asks for the password.
  const camera = hasGoods && screenOf(state) !== 'joined' ? (['camera'] as const) : []
  return [
    ...unless(isEmpty(state.draft), send),
    ...unless(state.draft.typed === '', 'add-line'),
    ...unless(!hasGoods, 'goods'),
    ...unless(!hasGoods, 'search'),
    ...camera,
    ...unless(tipGood(state.goods) === undefined || isEmpty(state.draft), 'tip'),
  ]
}

/** What becomes of the bill being keyed in: a number; without the hub a code for a phone that has no network either. */
export function sendingOf(state: RegisterState): 'show-number' | 'hand-back' | 'send-bill' {
  if (screenOf(state) !== 'keying') return 'send-bill'
  return state.connection === 'offline' ? 'hand-back' : 'show-number'
}

const withHub = ({ connection }: RegisterState): readonly Action[] =>
  connection === 'offline' ? [] : ['amount-later', 'ask', 'history']

/** Nobody has seen a number yet, so nobody can pay it: the bill may go another way. A code or question may have reached a phone. */
export const canSellOffline = ({ connection, opening, deal }: RegisterState): boolean =>
  connection === 'offline' && deal === null && opening?.bill != null && opening.code === undefined

const changes = (state: RegisterState): readonly Action[] =>
  state.deal?.bill && !state.isEditing ? ['change-bill'] : []

/** What the register is asked, and may ask, while a phone is joined. */
function questions({ deal, isEditing, known }: RegisterState): readonly Action[] {
  if (deal === null) return []
  if (deal.restriction?.state === 'asked') return ['permit', 'forbid']
  const { kind } = atCounter(deal, known)
  if (kind === 'compare') return ['known', 'challenge']
  return deal.bill !== null && kind !== 'asked' && !isEditing ? ['challenge'] : []
}

const canBeAgain = ({ deal }: RegisterState): boolean => deal !== null && (deal.bill !== null || deal.question !== null)

const staff = (state: RegisterState): readonly Action[] => unless(!hasStaff(state), 'switch-user')

const leaving = (state: RegisterState): readonly Action[] => (state.isEditing ? ['stop-editing'] : ['cancel'])

function recordActions({ record }: RegisterState): readonly Action[] {
  if (record === null) return ['back']
  const refund = refundableOf(record) > 0n ? (['refund'] as const) : []
  const deliver = toHandOver(record).length > 0 ? (['deliver'] as const) : []
  return [...refund, ...deliver, 'back']
}

const unless = (isOff: boolean, action: Action): readonly Action[] => (isOff ? [] : [action])

/** The action of a pressed key, if it is one of those that can be done now. */
export function actionOfKey(key: string, actions: readonly Action[]): Action | undefined {
  const name = key === 'Escape' ? 'Esc' : key === '＋' ? '+' : key
  return actions.find((action) => KEYS[action] === name)
}
