// Whose register it is and who stands at it: the head's name, who has signed in, and the question who is here.
import type { JSX } from 'preact'
import { SignIn } from '#apps/shared/sign-in.tsx'
import { useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { perform, useTill } from '../context.tsx'
import type { RegisterState } from '../state.ts'
import { handBackWords } from '../words-hand-back.ts'
import { words } from '../words.ts'
import { OfflineBanner } from './offline-sales.tsx'

/** Who has signed in; pressing it lets somebody else take over, also while a deal is under way. */
export function WhoIsHere({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  const till = useTill()
  const name = state.staff?.cashier?.name ?? null
  return (
    <Button kind="quiet" icon="person" onPress={() => perform(till, 'switch-user')}>
      <span aria-hidden="true">{name ?? text.nobodyHere}</span>
      <span class="hidden">{name === null ? text.nobodyHere : text.switchUser(name)}</span>
    </Button>
  )
}

/** Stands over whatever is under way, which stays as it is. */
export function SignInScreen({ state }: { readonly state: RegisterState }): JSX.Element {
  const { hub, store } = useTill()
  const here = state.staff ?? { needed: true, cashier: null, staff: [] }
  const isKept = state.current !== null || state.draft.lines.length > 0 || state.draft.typed !== ''
  return (
    <div class="till till-sign-in">
      <Banners state={state} />
      <header class="till-head">
        <TillName state={state} />
      </header>
      <main class="till-signing-in">
        <SignIn
          desk={hub.staff}
          here={here}
          isKept={isKept}
          onIn={hub.signedIn}
          {...(state.signIn === 'switch' && { onBack: () => store.update((now) => ({ ...now, signIn: null })) })}
        />
      </main>
    </div>
  )
}

export function TillName({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  return (
    <p class="till-name">
      <strong>{state.self?.name ?? text.register}</strong>
      <span class="till-label">{state.self?.label ?? ''}</span>
    </p>
  )
}

export function Banners({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  return (
    <div class="till-banners">
      {state.connection === 'offline' ? <Offline state={state} /> : null}
      <OfflineBanner state={state} />
      {/* In the town the whole page says it once. */}
      {state.scheme?.demo === true && window.parent === window ? <Banner kind="demo">{text.demo}</Banner> : null}
    </div>
  )
}

/** Said once and calmly: what goes on without the hub, and what does not. */
function Offline({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  const offlineText = useWords(handBackWords)
  const sells = state.scheme !== null && state.scheme.offline.ms > 0 && BigInt(state.scheme.offline.payment) > 0n
  const atTill = state.current === null || state.opening !== null
  const said = !atTill ? text.offline : sells ? offlineText.offline : offlineText.offlineOff
  return (
    <Banner kind="offline">
      {said} {state.signIn === 'needed' ? offlineText.signInOffline : ''}
    </Banner>
  )
}
