// The statement of one currency: by days and kind, to print or to save.
import type { JSX } from 'preact'
import { formatAccount } from '#apps/shared/money.ts'
import { Statement } from '#apps/shared/statement.tsx'
import { Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'

type StatementPageProps = ScreenOf & { readonly place: Extract<Place, { at: 'statement' }> }

export function StatementPage({ state, act, banners, place }: StatementPageProps): JSX.Element {
  const words = useWords(walletWords)
  return (
    <Screen title={words.statement} banners={banners} onBack={act.openHistory}>
      <Statement
        client={act.client}
        unit={place.unit}
        zone={state.scheme?.zone ?? 'UTC'}
        name={state.self?.name ?? ''}
        account={formatAccount(state.self?.account ?? '')}
        onOpen={(payment) => act.openReceipt(payment, 'history')}
        fresh={state.inboxAt}
      />
    </Screen>
  )
}
