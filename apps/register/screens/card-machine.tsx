// While the card machine beside the register is at work: what has been sent, what it said, and that nothing counts before the hub says so.
// And the slip of such a sale in the history.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ONE_TIME_WITHIN_MS } from '#core/payment.ts'
import type { DealView } from '#protocol/views.ts'
import { useWords } from '#ui/i18n.ts'
import { Banner, ReceiptLine } from '#ui/kit.tsx'
import { TimeLeft } from '#ui/numbers.tsx'
import type { MachineTrouble, Run, Slip } from '../card-machine.ts'
import { answerText, machineSteps } from '../card-steps.ts'
import { useRegister, useTill } from '../context.tsx'
import { cardWords } from '../words-card.ts'
import { Steps } from './card-waiting.tsx'

type Texts = (typeof cardWords)['en']

export function MachineSteps({ deal, run }: { readonly deal: DealView; readonly run: Run }): JSX.Element {
  const text = useWords(cardWords)
  const { clockOffsetMs } = useRegister()
  const endsAt = deal.portions.find(({ state }) => state === 'authorising')?.until
  return (
    <div class="waiting">
      {run.trouble === null ? null : <Banner kind="trouble">{text[TROUBLES[run.trouble]]}</Banner>}
      <Steps label={text.machineTitle} steps={machineSteps(run, text)} />
      {endsAt == null ? null : (
        <TimeLeft open endsAtMs={endsAt} lastsMs={ONE_TIME_WITHIN_MS} clockOffsetMs={clockOffsetMs} />
      )}
      <p class="what-if">{text.machineIf}</p>
    </div>
  )
}

const TROUBLES = {
  'number-away': 'numberAway',
  'machine-away': 'machineAway',
  token: 'machineToken',
  odd: 'machineOdd',
} as const satisfies Record<MachineTrouble, keyof Texts>

/** What this register keeps of a sale by a one-time number; nothing for other sales, and for those of other registers. */
export function CardSlip({ deal }: { readonly deal: DealView }): JSX.Element | null {
  const text = useWords(cardWords)
  const { hub } = useTill()
  const [slip, setSlip] = useState<Slip | null>(null)
  useEffect(() => {
    let isThere = true
    void hub.cards.slipOf(deal.deal).then((found) => (isThere ? setSlip(found) : undefined))
    return () => {
      isThere = false
    }
  }, [deal.deal, deal.version])
  if (slip === null) return null
  return (
    <section class="facts card-slip" aria-label={text.slip}>
      <h2 class="part">{text.slip}</h2>
      <ReceiptLine label={text.slipAnswer} value={answerText(slip, text)} />
      <ReceiptLine label={text.slipNumber} value={grouped(slip.number)} />
      {slip.approval === null ? null : <ReceiptLine label={text.slipApproval} value={slip.approval} />}
      {slip.rrn === null ? null : <ReceiptLine label={text.slipRrn} value={slip.rrn} />}
      <p class="quiet small">{text.slipText}</p>
    </section>
  )
}

const grouped = (number: string): string => number.replace(/(.{4})(?=.)/gu, '$1 ')
