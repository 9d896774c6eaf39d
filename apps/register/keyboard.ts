// The register's keyboard: everything works without touch. Digits key the amount, letters pick goods, the rest is in KEYS.
import { currentLocale } from '#ui/i18n.ts'
import { keyNamed } from '#ui/keypad.tsx'
import { actionOfKey, actionsOf, WHILE_BUSY } from './actions.ts'
import { perform, type Till } from './context.tsx'
import { withKey } from './draft.ts'
import { goodOfKey } from './goods.ts'
import { presetOfKey, presetQuestion } from './question.ts'
import { scanned } from './scanned.ts'
import { sell } from './selling.ts'
import { startWayOfKey } from './screens/more-ways.tsx'
import { isKeying, screenOf } from './state.ts'
import { wedge, type PressedKey } from './wedge.ts'
import { words } from './words.ts'

/** Listens to the page's keys until the returned function is called. A scanner that types is told from a hand first. */
export function listenToKeys(till: Till): () => void {
  const scanner = wedge({
    passOn: (pressed) => void press(till, pressed),
    read: (text) => takeScanned(till, text),
    later(ms, act) {
      // A page that was busy has keys waiting in line: they come before the second turn, so no code is torn apart.
      let timer = setTimeout(() => (timer = setTimeout(act)), ms)
      return () => clearTimeout(timer)
    },
  })
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return scanner.flush()
    // A sheet has its own keys.
    if (document.querySelector('dialog:modal') !== null) return scanner.flush()
    const target = event.target instanceof Element ? event.target : null
    const isTyping = target?.closest('input, textarea, select') != null
    if (isTyping && !/^(?:F\d+|Escape)$/u.test(event.key)) return scanner.flush()
    const isOnButton = target?.closest('button, a, summary') != null
    // Enter and blank on a button, link or summary press that; the Enter behind a code does not.
    if (event.key === ' ' && isOnButton) return scanner.flush()
    if (isScannersPlace(till) && !event.repeat && scanner.press(event, event.timeStamp)) return event.preventDefault()
    if (event.key === 'Enter' && isOnButton) return
    if (press(till, event)) event.preventDefault()
  }
  window.addEventListener('keydown', onKeyDown)
  return () => window.removeEventListener('keydown', onKeyDown)
}

/** Whoever signs in or types a code of the office types, and nothing is sold there or at the kitchen's list. */
function isScannersPlace({ store }: Till): boolean {
  const screen = screenOf(store.get())
  return screen !== 'starting' && screen !== 'code' && screen !== 'sign-in' && screen !== 'kitchen'
}

function takeScanned(till: Till, text: string): void {
  if (!scanned(text, till))
    till.store.update((state) => ({ ...state, unknown: { code: text.slice(0, 40), isMisread: true } }))
}

/** Does what the key says; tells whether it said anything. */
function press(till: Till, { key, code }: PressedKey): boolean {
  const { store, hub } = till
  const state = store.get()
  const action = actionOfKey(key, actionsOf(state))
  if (action !== undefined) {
    if (state.busy === null || WHILE_BUSY.has(action)) perform(till, action)
    return true
  }
  if (startWayOfKey(till, key)) return true
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
  const good = goodOfKey(code, now.goods)
  if (good !== undefined) {
    store.update((before) => ({ ...before, keys: 'goods', query: '' }))
    sell(till, good)
    return true
  }
  if (name === undefined || name === 'enter') return false
  store.update((before) => ({ ...before, draft: withKey(before.draft, name), unknown: null }))
  return true
}
