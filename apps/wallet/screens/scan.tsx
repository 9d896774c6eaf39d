// The camera reads the code on the shop's screen; what is not ours is refused with a sentence.
import type { JSX } from 'preact'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Scanner } from '#ui/scan.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { foreignSentences } from '#apps/shared/foreign.ts'
import type { ScreenOf } from '../app.tsx'
import type { Place, ScannedPurchase } from '../state.ts'
import { purchaseWords } from '../words-purchase.ts'
import { walletWords } from '../words.ts'
import { TagReader } from './tag.tsx'

export function Scan({
  place,
  act,
  banners,
}: ScreenOf & { readonly place: Extract<Place, { at: 'scan' }> }): JSX.Element {
  const words = useWords(walletWords)
  const home = (): void => act.go({ at: 'home' })
  return (
    <Screen
      title={words.scanTitle}
      banners={banners}
      onBack={home}
      actions={
        <Button wide icon="keypad" onPress={home}>
          {words.typeInstead}
        </Button>
      }
    >
      {place.refused === null ? null : <Refused why={place.refused} />}
      {place.purchase === undefined ? null : <PurchaseFound found={place.purchase} />}
      <Scanner onRead={act.scanned} label={words.scanTitle} />
      <TagReader onRead={act.scanned} />
    </Screen>
  )
}

/** Whose code it is instead, and that nothing was opened. */
function Refused({ why }: { readonly why: NonNullable<Extract<Place, { at: 'scan' }>['refused']> }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  if (why === 'other-hub') return <Banner kind="trouble">{words.scanForeign}</Banner>
  if (why === 'unknown') return <Banner kind="trouble">{words.scanUnknown}</Banner>
  return (
    <Banner kind="trouble">
      {foreignSentences(why, locale).map((sentence) => (
        <span class="sentence" key={sentence}>
          {sentence}
        </span>
      ))}
    </Banner>
  )
}

/** A purchase of which some codes are still to be read, or one that cannot be approved. */
function PurchaseFound({ found }: { readonly found: ScannedPurchase }): JSX.Element {
  const words = useWords(purchaseWords)
  if (found.kind === 'fault') {
    return (
      <Banner kind="trouble">
        <span class="sentence">{words[`fault ${found.why}`]}</span>
        <span class="sentence">{words.nothing}</span>
      </Banner>
    )
  }
  const { pieces } = found.gathered
  return <Banner kind="note">{words.parts(pieces.filter((piece) => piece !== null).length, pieces.length)}</Banner>
}
