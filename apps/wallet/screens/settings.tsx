// Settings: the ways to all that is one's own, how the wallet looks and sounds, whose it is.
import type { JSX } from 'preact'
import { groups } from '#core/numbers.ts'
import { Button, List, ListRow, Screen } from '#ui/kit.tsx'
import type { IconName } from '#ui/icons.tsx'
import { useWords } from '#ui/i18n.ts'
import { Settings } from '#ui/settings.tsx'
import type { ScreenOf } from '../app.tsx'
import type { MyPlace } from '../mine.ts'
import type { State } from '../state.ts'
import { bankWords } from '../words-bank.ts'
import { cardWords } from '../words-cards.ts'
import { mineWords } from '../words-mine.ts'
import { walletWords } from '../words.ts'
import { Currencies } from './currencies.tsx'

export function WalletSettings({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(walletWords)
  return (
    <Screen title={words.settings} banners={banners} onBack={() => act.go({ at: 'home' })}>
      <Ways act={act} />
      <section class="stack-small">
        <h2 class="part">{words.people}</h2>
        <Button wide onPress={act.openContacts}>
          {words.contacts}
        </Button>
      </section>
      <Currencies state={state} act={act} />
      <Settings />
      <About state={state} />
    </Screen>
  )
}

type Way = { readonly place: MyPlace; readonly icon: IconName; readonly title: string; readonly detail: string }

/** All that a person sets up, each on a screen of its own. */
function Ways({ act }: Pick<ScreenOf, 'act'>): JSX.Element {
  const words = useWords(mineWords)
  const bank = useWords(bankWords)
  const card = useWords(cardWords)
  const ways: readonly Way[] = [
    { place: { at: 'profile' }, icon: 'person', title: words.profile, detail: words.profileText },
    { place: { at: 'shown' }, icon: 'eye', title: words.shown, detail: words.shownText },
    { place: { at: 'phones' }, icon: 'myCode', title: words.phones, detail: words.phonesText },
    { place: { at: 'security' }, icon: 'keypad', title: words.security, detail: words.securityText },
    { place: { at: 'notifications' }, icon: 'soundOn', title: words.notifications, detail: words.notificationsText },
    { place: { at: 'cards' }, icon: 'card', title: card.title, detail: card.about },
    { place: { at: 'banks' }, icon: 'history', title: bank.title, detail: bank.about },
    { place: { at: 'sites' }, icon: 'shop', title: words.sites, detail: words.sitesText },
  ]
  return (
    <section class="stack-small">
      <h2 class="part">{words.you}</h2>
      <List label={words.you} items={ways} keyOf={({ place }) => place.at} empty={null}>
        {({ place, ...row }) => <ListRow {...row} onPress={() => act.go(place)} />}
      </List>
    </section>
  )
}

function About({ state }: { readonly state: State }): JSX.Element {
  const words = useWords(walletWords)
  const { self, scheme, label } = state
  const rows = [
    { name: words.owner, value: self?.name ?? '' },
    { name: words.account, value: accountText(self?.account ?? '') },
    { name: words.phone, value: label === '' ? state.device : label },
    { name: words.scheme, value: scheme?.name ?? '' },
  ]
  return (
    <section class="stack-small">
      <h2 class="part">{words.about}</h2>
      <List label={words.about} items={rows} keyOf={({ name }) => name} empty={null}>
        {({ name, value }) => <ListRow title={name} side={<span class="value">{value}</span>} />}
      </List>
    </section>
  )
}

/** Branch, number, check digit: 001 1234567 4. */
function accountText(account: string): string {
  if (!/^\d{11}$/u.test(account)) return groups(account).join(' ')
  return `${account.slice(0, 3)} ${account.slice(3, 10)} ${account.slice(10)}`
}
