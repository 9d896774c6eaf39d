// A sign where nobody stands. Who and where come first and large, so that one that was pasted over shows itself; then the amount; then the
// number, and the sign once more, before this phone joins.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { PointView } from '#protocol/points.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Icon } from '#ui/icons.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { Amount, NumberDisplay } from '#ui/numbers.tsx'
import type { ScreenOf } from '../app.tsx'
import { amountAt, type PointPlace } from '../points.ts'
import { pointWords } from '../words-point.ts'
import { ProblemNote } from './problem.tsx'

/** Digits of an amount: a thousand million of the smallest part. */
const LONGEST = 9

type PointProps = ScreenOf & { readonly place: PointPlace }

export function Point(props: PointProps): JSX.Element {
  const { view, opened } = props.place
  if (view === null) return <Looking {...props} />
  return opened === null ? <Asking {...props} view={view} /> : <Confirming {...props} view={view} />
}

function Looking({ act, banners, place }: PointProps): JSX.Element {
  const words = useWords(pointWords)
  return (
    <Screen
      title={words.title}
      banners={banners}
      onBack={() => act.go({ at: 'home' })}
      actions={
        place.problem === null ? null : (
          <Button wide onPress={() => act.openPoint(place.point)}>
            {words.again}
          </Button>
        )
      }
    >
      {place.problem === null ? <p role="status">{words.looking}</p> : <ProblemNote problem={place.problem} />}
    </Screen>
  )
}

type KnownProps = PointProps & { readonly view: PointView }

function Asking({ act, banners, place, view }: KnownProps): JSX.Element {
  const words = useWords(pointWords)
  const locale = useLocale()
  const [typed, setTyped] = useState('')
  const { minimum, maximum, unit } = view
  const isTyped = view.mode === 'amount'
  const amount = isTyped ? typed : view.amount
  const isReady =
    !isTyped || (typed !== '' && BigInt(typed) >= BigInt(minimum ?? '0') && BigInt(typed) <= BigInt(maximum ?? '0'))
  const ask = (): void => {
    if (isReady && !place.busy) act.askAtPoint(isTyped ? typed : null)
  }
  return (
    <Screen
      title={words.title}
      banners={banners}
      onBack={() => act.go({ at: 'home' })}
      actions={
        <Button kind="seal" wide busy={place.busy} disabled={!isReady} onPress={ask}>
          {place.busy ? words.opening : words.next}
        </Button>
      }
    >
      <Sign place={place} view={view} />
      <p class="quiet small">{words.isHereText}</p>
      {place.problem === null ? null : <ProblemNote problem={place.problem} />}
      <div class="due">
        <span class="due-label">
          {view.text} · {isTyped ? words.amount : words.costs}
        </span>
        <Amount parts={amountParts(amount === null || amount === '' ? '0' : amount, unit, locale)} size="large" />
        {isTyped ? (
          <span class="quiet small">
            {words.amountBetween(amountText(minimum ?? '0', unit, locale), amountText(maximum ?? '0', unit, locale))}
          </span>
        ) : null}
      </div>
      {isTyped ? (
        <Keypad
          kind="amount"
          value={typed}
          onInput={setTyped}
          maxLength={LONGEST}
          onEnter={ask}
          enterLabel={words.next}
          canEnter={isReady}
          disabled={place.busy}
          spoken={amountText(typed === '' ? '0' : typed, unit, locale)}
          label={words.amount}
        />
      ) : null}
    </Screen>
  )
}

function Confirming({ act, banners, place, view }: KnownProps): JSX.Element {
  const words = useWords(pointWords)
  const locale = useLocale()
  const amount = amountAt(place, view)
  // The amount was keyed in further down: the sign is what counts now.
  useEffect(() => window.scrollTo({ top: 0 }), [])
  return (
    <Screen
      title={words.check}
      banners={banners}
      onBack={view.mode === 'amount' ? act.changeAmount : () => act.go({ at: 'home' })}
      actions={
        <div class="two">
          <Button wide onPress={() => act.go({ at: 'home' })}>
            {words.notHere}
          </Button>
          <Button kind="seal" wide onPress={act.confirmPoint}>
            {words.confirm}
          </Button>
        </div>
      }
    >
      <Banner kind="note">{words.isHere}</Banner>
      <Sign place={place} view={view} />
      {amount === null ? null : (
        <div class="due">
          <span class="due-label">{view.text}</span>
          <Amount parts={amountParts(amount, view.unit, locale)} size="huge" />
        </div>
      )}
      {place.opened?.number == null ? null : (
        <div class="point-number">
          <span class="due-label">{words.number}</span>
          <NumberDisplay value={place.opened.number} size="medium" label={words.number} />
          <p class="quiet small">{words.numberText}</p>
        </div>
      )}
    </Screen>
  )
}

/** What hangs there, as its shop has registered it. */
function Sign({ place, view }: Pick<KnownProps, 'place' | 'view'>): JSX.Element {
  const words = useWords(pointWords)
  const { label, shop, legalName } = view
  return (
    <section class="point-sign" aria-label={label}>
      {place.picture === null ? (
        <div class="point-blank">
          <Icon name="shop" size={40} />
          {view.hasPicture ? null : <span class="small">{words.noPicture}</span>}
        </div>
      ) : (
        <img class="point-picture" src={place.picture} alt={words.picture} />
      )}
      <h2 class="point-label">{label}</h2>
      <p class="point-place">{view.place}</p>
      <p>{words.paidTo(shop === legalName ? shop : `${shop} · ${legalName}`)}</p>
    </section>
  )
}
