// A card at the register: unlocked first, then its user id, as a code for the shop's reader or on a tag. What the register does with it
// opens as a payment here.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Banner, Button, say, Screen, Sheet } from '#ui/kit.tsx'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { hasTags, writeTag, type TagTrouble } from '#ui/nfc.ts'
import { useNow } from '#ui/numbers.tsx'
import { QrCode } from '#ui/qr.tsx'
import type { ScreenOf } from '../app.tsx'
import { tagAddress, type CardIdPlace } from '../card-id.ts'
import { isKeyOnly, unlockedUntil } from '../mine.ts'
import { cardIdWords } from '../words-card-id.ts'
import { ProblemNote } from './problem.tsx'
import { ProofSheet } from './proof-sheet.tsx'

type Props = ScreenOf & { readonly place: CardIdPlace }

export function CardId(props: Props): JSX.Element {
  const { state, act, banners, place } = props
  const words = useWords(cardIdWords)
  const now = useNow(1000) + state.clockOffsetMs
  const until = unlockedUntil(state.provedAt, state.scheme?.unlockMs ?? 0, now)
  const isKey = isKeyOnly(state.mine)
  return (
    <Screen title={words.title} banners={banners} onBack={() => act.go({ at: 'home' })}>
      <p class="strong">{place.card.label}</p>
      {until === null && !isKey ? <Locked {...props} /> : <Ready {...props} until={until} isKey={isKey} />}
    </Screen>
  )
}

/** The user id is shown by somebody who is there: a phone that was found shows none. */
function Locked({ state, act }: Props): JSX.Element {
  const words = useWords(cardIdWords)
  const [isAsking, setAsking] = useState(false)
  return (
    <section class="stack-small" aria-label={words.unlockFirst}>
      <p>
        <strong>{words.unlockFirst}</strong>
        <br />
        <span class="quiet">{words.unlockText}</span>
      </p>
      <Button kind="seal" wide onPress={() => setAsking(true)}>
        {words.unlock}
      </Button>
      <ProofSheet
        state={state}
        title={isAsking ? words.unlock : null}
        byKey={act.mine.bySecurityKey}
        run={act.mine.unlock}
        onDone={() => {
          say(words.unlocked)
          setAsking(false)
        }}
        onClose={() => setAsking(false)}
      />
    </section>
  )
}

function Ready(props: Props & { readonly until: number | null; readonly isKey: boolean }): JSX.Element {
  const { act, place, until, isKey } = props
  const words = useWords(cardIdWords)
  const locale = useLocale()
  const { card, user, problem } = place
  return (
    <>
      <p class="quiet">{words.show}</p>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      {problem === null ? null : (
        <Button wide onPress={() => void act.renewCardId(card)}>
          {words.tryAgain}
        </Button>
      )}
      {user === null && problem !== null ? null : (
        <div class="my-code">
          {user === null ? (
            <div class="my-code-qr my-code-empty">
              <p class="quiet" role="status">
                {words.fetching}
              </p>
            </div>
          ) : (
            <div class="my-code-qr">
              <QrCode text={user} title={words.qr(card.label)} />
            </div>
          )}
          <p>
            {isKey || until === null ? (
              words.keyText
            ) : (
              <strong>{words.unlockedUntil(formatTime(until, locale))}</strong>
            )}
          </p>
        </div>
      )}
      <p class="quiet">{words.next}</p>
      {user === null ? null : <Nearby user={user} />}
      {user === null ? null : <Renew {...props} />}
    </>
  )
}

/** What else brings a user id to a register, and why there is nothing more. */
function Nearby({ user }: { readonly user: string }): JSX.Element {
  const words = useWords(cardIdWords)
  return (
    <details class="stack-small">
      <summary>{words.nearby}</summary>
      {hasTags() ? <TagWriter user={user} /> : <p class="quiet">{words.noTags}</p>}
      <p class="quiet">{words.noSound}</p>
    </details>
  )
}

function TagWriter({ user }: { readonly user: string }): JSX.Element {
  const words = useWords(cardIdWords)
  const [writing, setWriting] = useState<AbortController | null>(null)
  const [trouble, setTrouble] = useState<TagTrouble | null>(null)
  useEffect(() => () => writing?.abort(), [writing])
  const write = async (): Promise<void> => {
    const stop = new AbortController()
    setWriting(stop)
    setTrouble(null)
    const came = await writeTag(tagAddress(location.origin, user), stop.signal)
    if (stop.signal.aborted) return
    setWriting(null)
    if (came === 'written') say(words.tagWritten)
    else setTrouble(came)
  }
  return (
    <div class="stack-small">
      <p class="quiet">{words.tagText}</p>
      {trouble === null ? null : (
        <Banner kind="trouble">{trouble === 'refused' ? words.tagRefused : words.tagTrouble}</Banner>
      )}
      <Button wide busy={writing !== null} onPress={() => void write()}>
        {writing === null ? words.tag : words.tagHold}
      </Button>
    </div>
  )
}

function Renew({ act, place }: Props): JSX.Element {
  const words = useWords(cardIdWords)
  const [isAsked, setAsked] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const renew = async (): Promise<void> => {
    setBusy(true)
    const problem = await act.renewCardId(place.card)
    setBusy(false)
    setAsked(false)
    if (problem === null) say(words.renewed)
  }
  return (
    <>
      <Button kind="quiet" onPress={() => setAsked(true)}>
        {words.renew}
      </Button>
      <Sheet
        open={isAsked}
        title={words.renewTitle}
        onClose={() => setAsked(false)}
        actions={
          <>
            <Button kind="seal" wide busy={isBusy} onPress={() => void renew()}>
              {words.renew}
            </Button>
            <Button wide disabled={isBusy} onPress={() => setAsked(false)}>
              {words.notNow}
            </Button>
          </>
        }
      >
        <p>{words.renewText}</p>
      </Sheet>
    </>
  )
}
