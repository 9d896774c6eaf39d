// Security: the lock, the PIN, passkeys, and the key that can be pulled out.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import type { Prove } from '#sdk/approval.ts'
import { Switch } from '#ui/fields.tsx'
import { Button, EmptyState, List, say, Screen, Sheet } from '#ui/kit.tsx'
import { useNow } from '#ui/numbers.tsx'
import { formatDateTime, formatTime, useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { askPasskey } from '../enrolment.ts'
import { isKeyOnly, securityKeys, unlockedUntil, type Mine } from '../mine.ts'
import { mineWords } from '../words-mine.ts'
import { walletWords } from '../words.ts'
import { ProblemNote } from './problem.tsx'
import { ProofSheet } from './proof-sheet.tsx'
import { useReading } from './reading.ts'

type Passkey = NonNullable<Mine['passkeys']>[number]

/** What the owner is about to prove to be there for. */
type Asked = Readonly<{
  title: string
  said: string
  needsKey: boolean
  run: (prove: Prove) => Promise<Problem | null>
}>

export function Security({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const problem = useReading(act.mine.readPasskeys, act.mine.readDevices)
  const [asked, setAsked] = useState<Asked | null>(null)
  const shared = { state, act, ask: setAsked }
  return (
    <Screen title={words.security} banners={banners} onBack={() => act.go({ at: 'settings' })}>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <Lock {...shared} />
      <PinPart {...shared} />
      <Passkeys {...shared} />
      <KeyPart {...shared} />
      <ProofSheet
        state={state}
        title={asked?.title ?? null}
        byKey={act.mine.bySecurityKey}
        needsKey={asked?.needsKey ?? false}
        run={async (prove) => asked?.run(prove) ?? null}
        onDone={() => {
          if (asked !== null) say(asked.said)
          setAsked(null)
        }}
        onClose={() => setAsked(null)}
      />
    </Screen>
  )
}

type PartProps = Pick<ScreenOf, 'state' | 'act'> & { readonly ask: (asked: Asked) => void }

function Lock({ state, act, ask }: PartProps): JSX.Element | null {
  const words = useWords(mineWords)
  const locale = useLocale()
  const now = useNow(5000) + state.clockOffsetMs
  const until = unlockedUntil(state.provedAt, state.scheme?.unlockMs ?? 0, now)
  // With a key that can be pulled out there is no unlock: it is the key that is there, or not.
  if (isKeyOnly(state.mine)) return null
  return (
    <section class="stack-small" aria-label={words.security}>
      <p>
        <strong>{until === null ? words.locked : words.unlocked(formatTime(until, locale))}</strong>
        <br />
        <span class="quiet">{until === null ? words.lockedText : words.unlockedText}</span>
      </p>
      {until === null ? (
        <Button
          wide
          onPress={() => ask({ title: words.unlock, said: words.unlockedNow, needsKey: false, run: act.mine.unlock })}
        >
          {words.unlock}
        </Button>
      ) : null}
    </section>
  )
}

function PinPart({ state, act }: PartProps): JSX.Element {
  const words = useWords(mineWords)
  const wallet = useWords(walletWords)
  const minutes = Math.round((state.scheme?.unlockMs ?? 0) / 60_000)
  const isSet = state.self?.secret !== null
  return (
    <section class="stack-small">
      <h2 class="part">{wallet.pinIsSet}</h2>
      <p class="quiet">
        {isSet ? wallet.pinSet : wallet.pinNotSet} {minutes > 0 ? wallet.unlockLasts(minutes) : null}
      </p>
      <Button wide onPress={() => act.go({ at: 'change-pin' })}>
        {words.pinChange}
      </Button>
    </section>
  )
}

function Passkeys({ state, act, ask }: PartProps): JSX.Element {
  const words = useWords(mineWords)
  const wallet = useWords(walletWords)
  const [toRemove, setToRemove] = useState<Passkey | null>(null)
  const { passkeys } = state.mine
  const obstacles = {
    'no-host-name': wallet.whyNoHostName,
    insecure: wallet.whyInsecure,
    unsupported: wallet.whyUnsupported,
    'other-host': wallet.whyOtherHost,
  }
  const remove = ({ credential }: Passkey): void => {
    setToRemove(null)
    ask({
      title: words.passkeyRemoveSure,
      said: words.passkeyRemoved,
      needsKey: false,
      run: (prove) => act.mine.removePasskey(credential, prove),
    })
  }
  return (
    <section class="stack-small">
      <h2 class="part">{words.passkeys}</h2>
      <List
        label={words.passkeys}
        items={passkeys ?? []}
        keyOf={({ credential }) => credential}
        empty={passkeys === null ? null : <EmptyState title={words.passkeysNone}>{words.passkeysNoneText}</EmptyState>}
      >
        {(passkey) => <PasskeyRow passkey={passkey} remove={() => setToRemove(passkey)} />}
      </List>
      {state.passkeys.possible ? (
        <Button wide onPress={() => act.go(askPasskey('security', false))}>
          {(passkeys?.length ?? 0) > 0 ? wallet.passkeyAddMore : wallet.addPasskeyGo}
        </Button>
      ) : (
        <p class="quiet">{obstacles[state.passkeys.reason]}</p>
      )}
      <Sheet
        open={toRemove !== null}
        onClose={() => setToRemove(null)}
        title={words.passkeyRemoveSure}
        actions={
          <div class="two">
            <Button wide onPress={() => setToRemove(null)}>
              {words.keep}
            </Button>
            <Button kind="danger" wide onPress={() => (toRemove === null ? undefined : remove(toRemove))}>
              {words.remove}
            </Button>
          </div>
        }
      >
        <p>{words.passkeyRemoveText}</p>
      </Sheet>
    </section>
  )
}

function PasskeyRow({ passkey, remove }: { readonly passkey: Passkey; readonly remove: () => void }): JSX.Element {
  const words = useWords(mineWords)
  const locale = useLocale()
  const added = words.addedAt(formatDateTime(passkey.addedAt, locale))
  return (
    <div class="contact">
      <span class="row-text">
        <span class="row-title">{words[`kind ${passkey.kind}`]}</span>
        <span class="row-detail">{added}</span>
      </span>
      <Button kind="quiet" onPress={remove}>
        {words.remove}
        <span class="hidden">
          {' '}
          {words[`kind ${passkey.kind}`]}, {added}
        </span>
      </Button>
    </div>
  )
}

function KeyPart({ state, act, ask }: PartProps): JSX.Element | null {
  const words = useWords(mineWords)
  if (!state.passkeys.possible) return null
  const hasKey = securityKeys(state.mine).length > 0
  const isOn = isKeyOnly(state.mine)
  return (
    <section class="stack-small">
      <h2 class="part">{words.keyPart}</h2>
      <p class="quiet">{words.keyText}</p>
      <Button wide onPress={() => act.go(askPasskey('security', true))}>
        {words.keyAdd}
      </Button>
      <Switch
        label={words.keyOnly}
        hint={hasKey ? words.keyOnlyHint : words.keyOnlyNone}
        checked={isOn}
        disabled={!hasKey && !isOn}
        onChange={(wanted) =>
          ask({
            title: words.keyOnly,
            said: words.saved,
            needsKey: true,
            run: (prove) => act.mine.setApprovesWith(wanted ? 'security-key' : 'any', prove),
          })
        }
      />
    </section>
  )
}
