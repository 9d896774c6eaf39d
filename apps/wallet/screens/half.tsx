// The phone's half of the tally and who has the other half. The jagged edge looks to the left, where the shop's screen is
// held against it.
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { fromHex } from '#core/bytes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { Tally, TallyHalf, tallyName, tallyOf, type TallyPattern } from '#ui/tally.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'

export function Half({ view, sealed }: { readonly view: PaymentView; readonly sealed: boolean }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const tally = useTally(view)
  const { biller } = view
  return (
    <section class="half" aria-label={words.joinedWith(biller.name)}>
      {tally === undefined ? null : <TallyHalf side="right" tally={tally} sealed={sealed} width={132} />}
      <div class="half-text">
        <span class="half-shop">{biller.name}</span>
        <span class="half-detail">{words.legalName(biller.legalName, biller.terminalLabel)}</span>
        {tally === undefined ? null : (
          <span class="half-name">
            {words.tally} <b>{tallyName(tally, locale)}</b>
          </span>
        )}
        {sealed ? null : <span class="half-detail">{words.tallyHint}</span>}
      </div>
    </section>
  )
}

/** Both halves, joined and sealed: for a receipt looked at later. */
export function Whole({ view }: { readonly view: PaymentView }): JSX.Element | null {
  const tally = useTally(view)
  return tally === undefined ? null : (
    <div class="whole">
      <Tally tally={tally} sealed width={200} />
    </div>
  )
}

function useTally(view: PaymentView): TallyPattern | undefined {
  return useMemo(() => {
    const seed = fromHex(view.tally)
    return seed === undefined || seed.length < 16 ? undefined : tallyOf(seed)
  }, [view.tally])
}
