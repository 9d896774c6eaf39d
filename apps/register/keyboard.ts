// The register's keyboard: everything works without touch. Digits key the amount, letters pick goods, the rest is in KEYS.
import { currentLocale } from '#ui/i18n.ts'
import { keyNamed } from '#ui/keypad.tsx'
import { actionOfKey, actionsOf } from './actions.ts'
import { perform, type Till } from './context.tsx'
import { withGood, withKey } from './draft.ts'
import { goodOfKey } from './goods.ts'
import { presetOfKey, presetQuestion } from './question.ts'
import { goodsOf, isKeying, screenOf } from './state.ts'
import { words } from './words.ts'

/** Listens to the page's keys until the returned function is called. */
export function listenToKeys(till: Till): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    // A sheet has its own keys.
    if (document.querySelector('dialog:modal') !== null) return
    const target = event.target instanceof Element ? event.target : null
    const isTyping = target?.closest('input, textarea, select') != null
    if (isTyping && !/^(?:F\d+|Escape)$/u.test(event.key)) return
    // Enter and blank on a button, link or summary press that.
    if ((event.key === 'Enter' || event.key === ' ') && target?.closest('button, a, summary')) return
    if (press(till, event)) event.preventDefault()
  }
  window.addEventListener('keydown', onKeyDown)
  return () => window.removeEventListener('keydown', onKeyDown)
}

/** Does what the key says; tells whether it said anything. */
function press(till: Till, { key, code }: KeyboardEvent): boolean {
  const { store, hub } = till
  const state = store.get()
  const action = actionOfKey(key, actionsOf(state))
  if (action !== undefined) {
    if (state.busy === null || action === 'history' || action === 'back') perform(till, action)
    return true
  }
  const screen = screenOf(state)
  const preset = screen === 'ask' ? presetOfKey(key) : undefined
  if (preset !== undefined) {
    const question = presetQuestion(preset, words[currentLocale()][`reason_${preset}`])
    store.update((before) => ({ ...before, question }))
    return true
  }
  const name = keyNamed(key)
  const isDigit = name !== undefined && /^\d$/u.test(name)
  if (screen === 'paid' ? key.length === 1 || key === 'Escape' || key === 'Backspace' : screen === 'ended' && isDigit) {
    hub.next()
    if (!isDigit) return true
  }
  const now = store.get()
  if (!isKeying(now) || now.busy !== null) return false
  const good = goodOfKey(code, goodsOf(now))
  if (good !== undefined) {
    store.update((before) => ({ ...before, draft: withGood(before.draft, good, currentLocale()), keys: 'goods' }))
    return true
  }
  if (name === undefined || name === 'enter') return false
  store.update((before) => ({ ...before, draft: withKey(before.draft, name) }))
  return true
}
