// A bill this phone has sent: the code and link to show or pass on, who looks at it, and how it ended. Both sides hear at once.
import type { JSX } from 'preact'
import { amountParts } from '#apps/shared/money.ts'
import type { DealView } from '#protocol/views.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Icon } from '#ui/icons.tsx'
import { Amount } from '#ui/numbers.tsx'
import { QrCode } from '#ui/qr.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'
import { AskersHalf } from './half.tsx'
import { ProblemNote } from './problem.tsx'
import { ShareLink } from './share-link.tsx'

export type AskedState = 'askWaiting' | 'askLooking' | 'askPaid' | 'askDeclined' | 'askOver' | 'askTakenBack'

/** How a bill to a person stands, for the one who sent it. */
export function askedState({ state, ended }: Pick<DealView, 'state' | 'ended'>): AskedState {
  switch (state) {
    case 'open':
      return 'askWaiting'
    case 'joined':
    case 'authorising':
      return 'askLooking'
    case 'held':
    case 'settled':
    case 'proven':
      return 'askPaid'
    case 'withdrawn':
      return 'askTakenBack'
    case 'expired':
      return 'askOver'
    case 'ended':
      if (ended === 'cancelled-by-payer') return 'askDeclined'
      return ended === 'cancelled-by-biller' ? 'askTakenBack' : 'askOver'
  }
}

type AskingProps = ScreenOf & { readonly place: Extract<Place, { at: 'asking' }> }

export function Asking({ act, banners, place }: AskingProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const { view, busy, problem } = place
  const stands = view === null ? 'askWaiting' : askedState(view)
  const isOpen = stands === 'askWaiting' || stands === 'askLooking'
  return (
    <Screen
      title={words[stands]}
      banners={banners}
      onBack={act.leaveAsking}
      actions={
        isOpen ? (
          <Button wide busy={busy} disabled={view === null} onPress={act.cancelAsked}>
            {words.askTakeBack}
          </Button>
        ) : (
          <Button kind="seal" wide onPress={() => act.go({ at: 'home' })}>
            {words.done}
          </Button>
        )
      }
    >
      {problem === null ? null : <ProblemNote problem={problem} />}
      {view === null ? (
        <p class="quiet" role="status">
          {words.loading}
        </p>
      ) : (
        <>
          <AskersHalf deal={view} sealed={stands === 'askPaid'} />
          <div class="paid">
            <span class="paid-amount">
              {stands === 'askPaid' ? <Icon name="check" size={32} /> : null}
              {view.bill === null ? null : (
                <Amount
                  parts={amountParts(view.bill.total, view.bill.unit, locale)}
                  size="huge"
                  {...(stands === 'askPaid' && { tone: 'settled' as const })}
                />
              )}
            </span>
            <span>{view.bill?.lines[0]?.text}</span>
          </div>
          <p class="quiet" role="status">
            {saidOf(view, words)}
          </p>
          {view.ticket === null ? null : <Link view={view} />}
          {isOpen && view.ticket === null && view.expiresAt !== null ? (
            <p class="quiet small">{words.askEnds(formatDateTime(view.expiresAt, locale))}</p>
          ) : null}
        </>
      )}
    </Screen>
  )
}

function saidOf(view: DealView, words: (typeof walletWords)['en']): string {
  const name = view.payer?.name ?? ''
  switch (askedState(view)) {
    case 'askWaiting':
      return words.askWaitingText
    case 'askLooking':
      return words.askLookingText(name)
    case 'askPaid':
      return words.askPaidText(name)
    case 'askDeclined':
      return words.askDeclinedText(name)
    case 'askOver':
    case 'askTakenBack':
      return words.noMoney
  }
}

function Link({ view }: { readonly view: DealView }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const link = view.ticket?.link ?? ''
  return (
    <div class="stack-small ask-link">
      <QrCode text={link} title={words.askCode} size={232} />
      <ShareLink link={link} text={view.bill?.lines[0]?.text ?? ''} />
      <Banner kind="note">{words.linkWarning}</Banner>
      {view.ticket === null ? null : (
        <p class="quiet small">{words.askEnds(formatDateTime(view.ticket.expiresAt, locale))}</p>
      )}
    </div>
  )
}
