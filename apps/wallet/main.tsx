// The wallet's wiring: the state, the hub, the screens, the sounds, the offline shell.
import { render } from 'preact'
import { currentLocale, onLocale, type Locale } from '#ui/i18n.ts'
import { keepPageInStep } from '#ui/preferences.ts'
import { play, wakeOnFirstTouch } from '#ui/sound.ts'
import { createStore } from '#ui/store.ts'
import { App } from './app.tsx'
import { openWallet } from './hub.ts'
import { isPurchaseHash, openedBy, pointOfPath, tokenOfPath } from './links.ts'
import { firstState, noticeOf } from './state.ts'
import { saidBy, soundOf } from './notices.ts'
import { keepShell } from './shell.ts'
import { walletWords } from './words.ts'

const nameTab = (locale: Locale): void => {
  document.title = `Warifu ${walletWords[locale].appName}`
}

keepPageInStep()
nameTab(currentLocale())
onLocale(nameTab)
wakeOnFirstTouch()

const here = new URL(location.href)
const device = here.searchParams.get('device') ?? 'own'
const opening = {
  hub: location.origin,
  device: /^[a-z0-9-]{1,20}$/u.test(device) ? device : 'own',
  token: tokenOfPath(here.pathname),
  point: pointOfPath(here.pathname),
  asked: openedBy(here.hash),
  handBack: /^#(ask|signed)=/u.test(here.hash) || isPurchaseHash(here.hash) ? here.href : undefined,
  reload: () => location.reload(),
}
// The link is used once: neither a reload nor "back" opens the bill again, and no code stays in the address bar.
history.replaceState(null, '', opening.device === 'own' ? '/wallet' : `/wallet?device=${opening.device}`)

const store = createStore(firstState(opening.device))
const announcement = createStore('')
const act = openWallet(store, opening)
const shell = keepShell((isUpdateReady) => store.update((state) => ({ ...state, isUpdateReady })))

let shown = store.get()
store.subscribe((state) => {
  const notice = noticeOf(shown, state)
  shown = state
  if (notice === null) return
  const sound = soundOf(notice)
  if (sound !== null) play(sound)
  announcement.set(saidBy(notice, state, currentLocale()))
})

const lookAtTheNetwork = (): void => store.update((state) => ({ ...state, isOnline: navigator.onLine }))
window.addEventListener('online', lookAtTheNetwork)
window.addEventListener('offline', lookAtTheNetwork)
lookAtTheNetwork()

const place = document.getElementById('app')
if (place !== null)
  render(<App store={store} announcement={announcement} act={act} code={opening.asked.code} shell={shell} />, place)
act.start()
