// The phone's half of the tally and who has the other half. The jagged edge looks to the left, where the shop's screen is
// held against it.
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { fromHex } from '#core/bytes.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { Tally, TallyHalf, tallyName, tallyOf, type TallyPattern } from '#ui/tally.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'

export function Half({ view, sealed }: { readonly view: PaymentView; readonly sealed: boolean }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const tally = useTally(view.tally)
  const { biller } = view
  return (
    <section class="half" aria-label={words.joinedWith(biller.name)}>
      {tally === undefined ? null : (
        <TallyHalf side="right" tally={tally} sealed={sealed} width={biller.isPerson ? 96 : 132} />
      )}
      <div class="half-text">
        <span class="half-shop">{biller.name}</span>
        <span class="half-detail">
          {biller.isPerson ? words.aPerson : words.legalName(biller.legalName, biller.terminalLabel)}
        </span>
        {tally === undefined ? null : (
          <span class="half-name">
            {words.tally} <b>{tallyName(tally, locale)}</b>
          </span>
        )}
        {sealed || biller.isPerson || view.unasked ? null : <span class="half-detail">{words.tallyHint}</span>}
      </div>
    </section>
  )
}

/** The half of the one who asked, when somebody has opened the bill: held against theirs, the edges fit. */
export function AskersHalf({ deal, sealed }: { readonly deal: DealView; readonly sealed: boolean }) {
  const words = useWords(walletWords)
  const locale = useLocale()
  const tally = useTally(deal.tally)
  const name = deal.payer?.name ?? ''
  if (tally === undefined) return null
  return (
    <section class="half half-left" aria-label={words.joinedWith(name)}>
      <div class="half-text">
        <span class="half-shop">{name}</span>
        <span class="half-name">
          {words.tally} <b>{tallyName(tally, locale)}</b>
        </span>
      </div>
      <TallyHalf side="left" tally={tally} sealed={sealed} width={96} />
    </section>
  )
}

/** Both halves, joined and sealed: for a receipt looked at later. */
export function Whole({ view }: { readonly view: PaymentView }): JSX.Element | null {
  const tally = useTally(view.tally)
  return tally === undefined ? null : (
    <div class="whole">
      <Tally tally={tally} sealed width={200} />
    </div>
  )
}

function useTally(tally: string | null): TallyPattern | undefined {
  return useMemo(() => {
    const seed = tally === null ? undefined : fromHex(tally)
    return seed === undefined || seed.length < 16 ? undefined : tallyOf(seed)
  }, [tally])
}
