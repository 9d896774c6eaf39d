// The tally of a deal: our half and its name in words while it is joined, the whole with its seal when it is paid.
import type { JSX } from 'preact'
import { fromHex } from '#core/bytes.ts'
import type { DealView } from '#protocol/views.ts'
import { useLocale } from '#ui/i18n.ts'
import { Tally, TallyHalf, tallyName, tallyOf } from '#ui/tally.tsx'

type TallySlipProps = { readonly deal: DealView; readonly sealed: boolean }

/** The phone shows the other half: the name beside it says the same to those who cannot compare drawings. */
export function TallySlip({ deal, sealed }: TallySlipProps): JSX.Element | null {
  const locale = useLocale()
  const seed = deal.tally === null ? undefined : fromHex(deal.tally)
  if (seed === undefined) return null
  const tally = tallyOf(seed)
  return (
    <figure class={sealed ? 'slip slip-whole' : 'slip'}>
      {sealed ? <Tally tally={tally} sealed /> : <TallyHalf side="left" tally={tally} sealed={false} />}
      <figcaption class="slip-name">{tallyName(tally, locale)}</figcaption>
    </figure>
  )
}

/** The tally's name in words, or null before anybody has joined. */
export function nameOfTally(deal: DealView, locale: 'en' | 'ja'): string | null {
  const seed = deal.tally === null ? undefined : fromHex(deal.tally)
  return seed === undefined ? null : tallyName(tallyOf(seed), locale)
}
