// The register: starts the page, the hub and the keyboard, and shows the screen that the state asks for.
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { currentLocale, onLocale, type Locale } from '#ui/i18n.ts'
import { keepPageInStep } from '#ui/preferences.ts'
import { play, wakeOnFirstTouch } from '#ui/sound.ts'
import { StatusRegion } from '#ui/kit.tsx'
import { createStore } from '#ui/store.ts'
import { TillContext } from './context.tsx'
import { openHub } from './hub.ts'
import { listenToKeys } from './keyboard.ts'
import { arrivedBetween, piecesOf } from './kitchen.ts'
import { keepPriceFile } from './price-file.ts'
import { TillScreen } from './screens/till.tsx'
import { momentBetween, START, type Moment, type RegisterState } from './state.ts'
import { kitchenWords } from './words-kitchen.ts'
import { words } from './words.ts'

const store = createStore<RegisterState>(START)
const hub = openHub(location.origin, store)
const till = { store, hub }

function App() {
  const [said, setSaid] = useState('')
  useEffect(() => {
    let before = store.get()
    return store.subscribe((after) => {
      const was = before
      const moment = momentBetween(was, after)
      before = after
      hub.keep()
      if (moment === null) return
      sound(moment)
      setSaid(moment === 'ordered' ? arrivedSentence(was, after) : sentenceOf(moment, after))
    })
  }, [])
  return (
    <TillContext.Provider value={till}>
      <TillScreen />
      <div class="hidden" role="status" aria-live="polite">
        {said}
      </div>
      <StatusRegion />
    </TillContext.Provider>
  )
}

function sound(moment: Moment): void {
  if (moment === 'joined' || moment === 'passed' || moment === 'ordered') play('joined')
  else if (moment === 'paid' || moment === 'proven') play('settled')
  else play('trouble')
}

/** What screen readers hear of new orders from the tables. */
function arrivedSentence(before: RegisterState, after: RegisterState): string {
  const { arrived } = kitchenWords[currentLocale()]
  return arrivedBetween(before.kitchen, after.kitchen)
    .map(({ tab, order }) => arrived(tab.label, piecesOf(order)))
    .join(' ')
}

/** What screen readers hear of a change that nobody on this side made. */
function sentenceOf(moment: Exclude<Moment, 'ordered'>, { deal }: RegisterState): string {
  const said = words[currentLocale()]
  const name = deal?.payer?.name ?? ''
  switch (moment) {
    case 'joined':
      return said.sayJoined(name)
    case 'paid':
      return deal?.bill ? said.sayPaid(amountText(deal.bill.total, deal.bill.unit, currentLocale()), name) : ''
    case 'proven':
      return said.sayProven(name)
    case 'passed':
      return said.challengePassed
    case 'wrong':
      return said.challengeWrong(deal?.challengeFailures ?? 0)
    case 'silent':
      return said.challengeSilent
    case 'declined':
      return said.declined
    case 'let-go':
      return said.letGo
    case 'expired':
      return said.sayExpired
    case 'ended':
      return `${deal?.ended === 'cancelled-by-payer' ? said.endedByPayer : said.endedByUs}. ${said.endedText}`
  }
}

const nameTab = (locale: Locale): void => {
  document.title = words[locale].register
}

keepPageInStep()
nameTab(currentLocale())
onLocale(nameTab)
wakeOnFirstTouch()
listenToKeys(till)
keepPriceFile(till)
window.addEventListener('offline', () => store.update((state) => ({ ...state, connection: 'offline' })))
window.addEventListener('online', hub.offline.networkBack)
for (const kind of ['pointerdown', 'keydown']) window.addEventListener(kind, hub.offline.touched, { passive: true })
if ('serviceWorker' in navigator) {
  // Without it the register works as well, but for opening it while the network is away.
  navigator.serviceWorker.register('/register-sw.js', { scope: '/register' }).catch(() => undefined)
}
const root = document.querySelector('#app')
if (root) render(<App />, root)
void hub.start()
