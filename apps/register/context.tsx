// What every screen reads: the store's state and the hub it may ask; and the actions by name.
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { currentLocale } from '#ui/i18n.ts'
import type { Store } from '#ui/store.ts'
import { useStore } from '#ui/store.ts'
import type { Action } from './actions.ts'
import { EMPTY_DRAFT, withTypedLine } from './draft.ts'
import type { Hub } from './hub.ts'
import { presetQuestion, questionOf } from './question.ts'
import { handBackWay } from './screens/hand-back.tsx'
import { saleTermsOf, screenOf, withEditing, withoutEditing, type RegisterState, type SheetName } from './state.ts'
import { words } from './words.ts'

export type Till = Readonly<{ store: Store<RegisterState>; hub: Hub }>

export const TillContext = createContext<Till | null>(null)

/** The till of this page. */
export function useTill(): Till {
  const till = useContext(TillContext)
  if (till === null) throw new Error('a screen is shown inside the till')
  return till
}

export const useRegister = (): RegisterState => useStore(useTill().store)

/** Does what a button or a key says. */
export function perform({ store, hub }: Till, action: Action): void {
  const change = (part: Partial<RegisterState>): void => store.update((state) => ({ ...state, ...part }))
  const openSheet = (sheet: SheetName): void => change({ sheet, problem: null })
  const { reason_age } = words[currentLocale()]
  const state = store.get()
  switch (action) {
    case 'show-number':
      return void hub.openDraft()
    case 'hand-back':
      return handBackWay.start({ store, hub })
    case 'sell-offline':
      return void hub.offline.abandon().then(() => handBackWay.start({ store, hub }))
    case 'send-bill':
      return void hub.sendBill()
    case 'next':
      return hub.next()
    case 'renew':
      return void hub.renew()
    case 'add-line':
      return change({ draft: withTyped(state), unknown: null })
    case 'goods':
      return change({ keys: state.keys === 'goods' ? 'amount' : 'goods', query: '' })
    case 'search':
      change({ keys: 'goods' })
      return focusSearch()
    case 'camera':
      return change({ sheet: 'camera', unknown: null })
    case 'tip':
      return openSheet('tip')
    case 'amount-later':
      return void hub.openEmpty()
    case 'again':
      return void hub.openAgain()
    case 'change-bill':
      return store.update(withEditing)
    case 'stop-editing':
      return store.update(withoutEditing)
    case 'clear':
      return change({ draft: EMPTY_DRAFT, unknown: null, query: '' })
    case 'release':
      return openSheet('release')
    case 'cancel':
      // Nobody is in the deal yet: nobody needs to be asked.
      return state.deal?.payment ? openSheet('cancel') : void hub.cancel()
    case 'permit':
      return void hub.permit(true)
    case 'forbid':
      return void hub.permit(false)
    case 'known':
      return hub.known()
    case 'challenge':
      return void hub.challenge()
    case 'ask':
      if (state.current !== null) hub.next()
      return change({
        place: 'ask',
        problem: null,
        question: questionOf(state.question) === null ? presetQuestion('age', reason_age) : state.question,
      })
    case 'ask-now':
      return void hub.ask()
    case 'switch-user':
      return change({ signIn: 'switch', problem: null, sheet: null })
    case 'history':
      change({ place: 'history', record: null, problem: null })
      return void hub.loadDeals()
    case 'kitchen':
      change({ place: 'kitchen', problem: null })
      return void hub.kitchen.look()
    case 'refund':
      if (screenOf(state) === 'paid') change({ place: 'record', record: state.deal })
      return openSheet('refund')
    case 'deliver':
      return openSheet('deliver')
    case 'back':
      return change({
        place: screenOf(state) === 'record' ? 'history' : 'till',
        way: null,
        record: null,
        problem: null,
      })
  }
}

/** With the keyed amount under the lines. */
function withTyped(state: RegisterState): RegisterState['draft'] {
  // Bills are written in the language of the counter.
  const terms = saleTermsOf(state, currentLocale())
  return terms === undefined ? state.draft : withTypedLine(state.draft, terms.keyed)
}

/** The field is on the screen when the page has drawn itself anew. */
const focusSearch = (): void =>
  void requestAnimationFrame(() => document.querySelector<HTMLElement>('#goods-query')?.focus())
