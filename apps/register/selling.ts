// Goods onto the bill, however they were found: a key, a name, a scanner, the camera. One way for all of them.
import type { Good } from '#core/goods.ts'
import { candidatesOf, looksLikeArticle } from '#core/article-codes.ts'
import { findCode } from '#apps/shared/shelf.ts'
import { currentLocale } from '#ui/i18n.ts'
import { say } from '#ui/kit.tsx'
import { play } from '#ui/sound.ts'
import type { Till } from './context.tsx'
import { typedAmount, withGood, type GoodAs } from './draft.ts'
import { nameOf } from './goods.ts'
import type { ScannedReader } from './scanned.ts'
import { isKeying, screenOf, type RegisterState } from './state.ts'
import { words } from './words.ts'

/** Sells one piece; what is weighed asks for its weight first, and what has an open price takes the amount that was keyed. */
export function sell({ store }: Till, good: Good): void {
  const state = store.get()
  if (good.kind === 'weight') return store.update((now) => ({ ...now, weighing: good, sheet: 'weigh', unknown: null }))
  if (good.kind === 'open') {
    const price = typedAmount(state.draft)
    if (price === 0n) return say(words[currentLocale()].keyFirst(nameOf(good, currentLocale())), 'trouble')
    return put(store, good, { price })
  }
  put(store, good, {})
}

/** Sells so many grams of what is weighed. */
export const sellWeighed = ({ store }: Till, good: Good, grams: number): void => put(store, good, { grams })

function put(store: Till['store'], good: Good, as: Pick<GoodAs, 'price' | 'grams'>): void {
  const locale = currentLocale()
  store.update((state) => {
    const draft = withGood(state.draft, good, { locale, zone: state.scheme?.zone ?? 'UTC', ...as })
    // The keyed amount became this line.
    const isUsed = good.kind === 'open'
    return { ...state, draft: isUsed ? { ...draft, typed: '', typedCode: null } : draft, unknown: null, problem: null }
  })
}

/** A code that was read by scanner or camera, or typed where goods are looked for. */
export function takeGood(text: string, till: Till): void {
  const state = ready(till)
  const said = words[currentLocale()]
  if (!isKeying(state)) {
    play('trouble')
    return say(said.notWhileDeal, 'trouble')
  }
  const found = findCode(state.goods, text)
  if (found.kind === 'unknown' || found.kind === 'misread') {
    play('trouble')
    return till.store.update((now) => ({ ...now, unknown: { code: text, isMisread: found.kind === 'misread' } }))
  }
  const { good } = found
  if (found.kind === 'good') sell(till, good)
  else put(till.store, good, found.kind === 'priced' ? { price: found.price } : { grams: found.grams })
}

/** After a payment the first good begins the next customer's bill. */
function ready({ store, hub }: Till): RegisterState {
  const screen = screenOf(store.get())
  if (screen === 'paid' || screen === 'ended' || screen === 'proven') hub.next()
  return store.get()
}

/** For scanners and the camera: anything that may be a code of goods. Comes last, because a shop's own codes look like anything. */
export const goodsCodes: ScannedReader = {
  reads: (text) => looksLikeArticle(text.normalize('NFKC')) || candidatesOf(text).length > 0,
  take: takeGood,
}
