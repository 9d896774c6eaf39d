// My code: held to a register's reader, or read out. What the register does with it opens as a payment here.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { CODE_LIFE_MS } from '#core/customer-code.ts'
import type { ShownCode } from '#sdk/customer-code.ts'
import { BarCode } from '#ui/barcode.tsx'
import { useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { NumberDisplay, TimeLeft } from '#ui/numbers.tsx'
import { QrCode } from '#ui/qr.tsx'
import type { ScreenOf } from '../app.tsx'
import type { Place } from '../state.ts'
import { cardIdWords } from '../words-card-id.ts'
import { codeWords } from '../words-code.ts'
import { ProblemNote } from './problem.tsx'

export type MyCodePlace = Extract<Place, { at: 'my-code' }>

export function MyCode({ state, act, banners, place }: ScreenOf & { readonly place: MyCodePlace }): JSX.Element {
  const words = useWords(codeWords)
  const card = useWords(cardIdWords)
  const { shown, problem } = place
  useWhileSeen(act.showCode, act.leaveCode)
  return (
    <Screen title={words.title} banners={banners} onBack={() => act.go({ at: 'home' })}>
      {shown?.kind === 'offline' ? <MadeHere /> : <p class="quiet">{words.show}</p>}
      {problem === null ? null : <ProblemNote problem={problem} />}
      {problem === null ? null : (
        <Button wide onPress={act.showCode}>
          {words.tryAgain}
        </Button>
      )}
      {shown === null && problem === null ? <Fetching /> : null}
      {shown === null ? null : <Code shown={shown} clockOffsetMs={state.clockOffsetMs} />}
      <Button kind="quiet" onPress={() => act.go({ at: 'cards' })}>
        {card.withCard}
      </Button>
    </Screen>
  )
}

/** The hub knows nothing of this code yet, and the phone has to be back before its owner can approve. */
function MadeHere(): JSX.Element {
  const words = useWords(codeWords)
  return (
    <Banner kind="offline">
      <span class="sentence strong">{words.offline}</span>
      <span class="sentence">{words.offlineText}</span>
    </Banner>
  )
}

function Fetching(): JSX.Element {
  const words = useWords(codeWords)
  return (
    <div class="my-code">
      <div class="my-code-qr my-code-empty">
        <p class="quiet" role="status">
          {words.fetching}
        </p>
      </div>
    </div>
  )
}

function Code({ shown, clockOffsetMs }: { readonly shown: ShownCode; readonly clockOffsetMs: number }): JSX.Element {
  const words = useWords(codeWords)
  const [isEmv, setEmv] = useState(false)
  const { code, digits, emv, renewsAt } = shown
  return (
    <div class="my-code">
      <div class="my-code-qr">
        <QrCode text={isEmv && emv !== null ? emv : code} title={words.qr} />
      </div>
      {digits === null ? null : (
        <div class="my-code-short">
          <BarCode text={digits} title={words.bars} />
          <NumberDisplay value={digits} size="medium" label={words.digits} />
        </div>
      )}
      <div class="my-code-time">
        <TimeLeft key={renewsAt} endsAtMs={renewsAt} lastsMs={CODE_LIFE_MS} clockOffsetMs={clockOffsetMs} />
        <p class="quiet small">{words.renews}</p>
      </div>
      {emv === null ? null : (
        <Button kind="quiet" onPress={() => setEmv(!isEmv)}>
          {isEmv ? words.notEmv : words.emv}
        </Button>
      )}
    </div>
  )
}

/** Codes are drawn only while somebody can see them. */
function useWhileSeen(begin: () => void, end: () => void): void {
  useEffect(() => {
    const look = (): void => (document.visibilityState === 'visible' ? begin() : end())
    look()
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      end()
    }
  }, [])
}
