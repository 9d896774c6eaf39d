// Settings: how the wallet looks and sounds, how its owner proves to be there, whose it is.
import type { JSX } from 'preact'
import { groups } from '#core/numbers.ts'
import { Button, List, ListRow, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import { Settings } from '#ui/settings.tsx'
import type { ScreenOf } from '../app.tsx'
import type { State } from '../state.ts'
import { walletWords } from '../words.ts'
import { Currencies } from './currencies.tsx'

export function WalletSettings({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(walletWords)
  return (
    <Screen title={words.settings} banners={banners} onBack={() => act.go({ at: 'home' })}>
      <Settings />
      <PasskeyPart
        state={state}
        add={() => act.go({ at: 'add-passkey', busy: false, problem: null, from: 'settings' })}
      />
      <section class="stack-small">
        <h2 class="part">{words.people}</h2>
        <Button wide onPress={act.openContacts}>
          {words.contacts}
        </Button>
      </section>
      <Currencies state={state} act={act} />
      <About state={state} />
    </Screen>
  )
}

function PasskeyPart({ state, add }: { readonly state: State; readonly add: () => void }): JSX.Element {
  const words = useWords(walletWords)
  const { passkeys, self, scheme } = state
  const obstacles = {
    'no-host-name': words.whyNoHostName,
    insecure: words.whyInsecure,
    unsupported: words.whyUnsupported,
    'other-host': words.whyOtherHost,
  }
  const has = (self?.passkeys.length ?? 0) > 0
  const minutes = Math.round((scheme?.unlockMs ?? 0) / 60_000)
  return (
    <section class="stack-small">
      <h2 class="part">{words.passkey}</h2>
      {has ? <p>{words.passkeyHave}</p> : null}
      {passkeys.possible ? (
        <Button wide onPress={add}>
          {has ? words.passkeyAddMore : words.addPasskeyGo}
        </Button>
      ) : (
        <p class="quiet">{obstacles[passkeys.reason]}</p>
      )}
      <h2 class="part">{words.pinIsSet}</h2>
      <p class="quiet">
        {self?.secret === null ? words.pinNotSet : words.pinSet} {minutes > 0 ? words.unlockLasts(minutes) : null}
      </p>
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
