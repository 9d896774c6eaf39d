// One card more: typed, sealed for the vault at once, proved, and asked of its issuer.
//
//   typing ─▶ sealed (the fields are empty; the PIN is asked for; the issuer answers) ─▶ the cards
//      ▲         └─▶ refused ─▶ typing, or the cards
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { CardKeysView } from '#protocol/cards.ts'
import type { Problem, ProblemCode } from '#protocol/problems.ts'
import { useWords } from '#ui/i18n.ts'
import { Banner, Button, say, Screen } from '#ui/kit.tsx'
import type { ScreenOf } from '../app.tsx'
import { digitsOf, issuerOf, NOTHING_TYPED } from '../card-typing.ts'
import type { SealedCard } from '../cards.ts'
import { cardWords } from '../words-cards.ts'
import { CardFace, type Face } from './card-face.tsx'
import { CardFields, cardIn } from './card-fields.tsx'
import { ProblemNote } from './problem.tsx'
import { ProofSheet } from './proof-sheet.tsx'

type Stage =
  | Readonly<{ at: 'typing' }>
  | Readonly<{ at: 'sealed'; card: SealedCard; face: Face; isProving: boolean }>
  | Readonly<{ at: 'refused'; problem: Problem }>

/** What is said of the card itself; anything else is about the proof or the network, and is mended where it is asked for. */
const ABOUT_THE_CARD: ReadonlySet<ProblemCode> = new Set([
  'card-number-invalid',
  'card-issuer-unknown',
  'card-refused',
  'card-expired',
  'card-envelope-invalid',
  'cards-unavailable',
  'too-many-cards',
  'too-many-tries',
  'command-mismatch',
])

export function CardAdd(props: ScreenOf): JSX.Element {
  const { state, act, banners } = props
  const words = useWords(cardWords)
  const [stage, setStage] = useState<Stage>({ at: 'typing' })
  const refusal = useRef<Problem | null>(null)
  const leave = (): void => act.go({ at: 'cards' })
  if (stage.at === 'typing') {
    return (
      <Typing
        {...props}
        leave={leave}
        onSealed={(card, face) => setStage({ at: 'sealed', card, face, isProving: true })}
      />
    )
  }
  if (stage.at === 'refused') {
    return (
      <Screen
        title={words.notAdded}
        banners={banners}
        actions={
          <div class="two">
            <Button wide onPress={leave}>
              {words.leave}
            </Button>
            <Button kind="seal" wide onPress={() => setStage({ at: 'typing' })}>
              {words.typeAgain}
            </Button>
          </div>
        }
      >
        <ProblemNote problem={stage.problem} isAboutMoney={false} />
        <p>{words.notAddedText}</p>
      </Screen>
    )
  }
  const { card, face, isProving } = stage
  return (
    <Screen
      title={words.add}
      banners={banners}
      onBack={leave}
      actions={
        <Button kind="seal" wide onPress={() => setStage({ ...stage, isProving: true })}>
          {words.register}
        </Button>
      }
    >
      <CardFace card={face} />
      <p>{words.proveAbout(card.last4)}</p>
      <p class="quiet">{words.sealed}</p>
      <ProofSheet
        state={state}
        title={isProving ? words.register : null}
        byKey={act.mine.bySecurityKey}
        whileBusy={words.verifying}
        run={async (prove) => {
          const problem = await act.mine.addCard(card, prove)
          refusal.current = problem
          return problem !== null && ABOUT_THE_CARD.has(problem.code) ? null : problem
        }}
        onDone={() => {
          if (refusal.current !== null) return setStage({ at: 'refused', problem: refusal.current })
          say(words.added)
          return leave()
        }}
        onClose={() => setStage({ ...stage, isProving: false })}
      />
    </Screen>
  )
}

type TypingProps = ScreenOf & {
  readonly leave: () => void
  readonly onSealed: (card: SealedCard, face: Face) => void
}

function Typing({ state, act, banners, leave, onSealed }: TypingProps): JSX.Element {
  const words = useWords(cardWords)
  const [keys, setKeys] = useState<CardKeysView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  // Here, and nowhere else: it is gone with this form.
  const [typed, setTyped] = useState(NOTHING_TYPED)
  const [isTold, setTold] = useState(false)
  const [busy, setBusy] = useState(false)
  const read = async (): Promise<CardKeysView | null> => {
    const answer = await act.mine.readCardKeys()
    setProblem(answer.ok ? null : answer.problem)
    if (!answer.ok) return null
    setKeys(answer.view)
    return answer.view
  }
  useEffect(() => void read(), [])
  const today = monthOf(Date.now() + state.clockOffsetMs)
  const ranges = keys?.ranges ?? []

  const send = async (): Promise<void> => {
    setTold(true)
    const card = cardIn(typed, today, ranges)
    if (card === null || busy) return
    setBusy(true)
    // What could not be read when the screen opened is asked for again.
    const known = keys ?? (await read())
    if (known === null) return setBusy(false)
    const sealed = await act.mine.sealCard(known.keys, card)
    setTyped(NOTHING_TYPED)
    setTold(false)
    setBusy(false)
    if (!sealed.ok) return setProblem(sealed.problem)
    const issuer = issuerOf(digitsOf(card.number), known.ranges)?.issuer ?? { name: '', nameJa: '', colour: null }
    return onSealed(sealed.view, { name: null, last4: sealed.view.last4, expires: card.expires, issuer })
  }

  return (
    <Screen
      title={words.add}
      banners={banners}
      onBack={leave}
      actions={
        <Button kind="seal" wide busy={busy} onPress={() => void send()}>
          {words.register}
        </Button>
      }
    >
      {problem === null ? null : problem.code === 'cards-unavailable' ? (
        <Banner kind="stale">{words.away}</Banner>
      ) : (
        <ProblemNote problem={problem} isAboutMoney={false} />
      )}
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <CardFields
          typed={typed}
          onInput={(change) => setTyped((before) => ({ ...before, ...change }))}
          ranges={ranges}
          today={today}
          isTold={isTold}
        />
        {/* Enter in any of the fields. */}
        <input type="submit" hidden />
      </form>
      <p class="quiet small">{words.sealed}</p>
      <p class="quiet small">{words.noScan}</p>
    </Screen>
  )
}

/** 2026-11, by this phone's calendar: a month's difference at its edge is the issuer's to judge. */
function monthOf(at: number): string {
  const day = new Date(at)
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}`
}
