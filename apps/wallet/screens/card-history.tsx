// What was paid by card, by day, newest first; each opens its receipt with the sales slip. All of it as a file.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { CardPaymentRow } from '#protocol/cards.ts'
import type { Problem } from '#protocol/problems.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, EmptyState, List, ListRow, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import type { ScreenOf } from '../app.tsx'
import { paidByCardCsv } from '../card-history.ts'
import { methodText } from '../card-text.ts'
import { cardWords } from '../words-cards.ts'
import { walletWords } from '../words.ts'
import { byDay, nameOf } from './history.tsx'
import { ProblemNote } from './problem.tsx'
import { useReading } from './reading.ts'

export function CardHistory({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(cardWords)
  const wallet = useWords(walletWords)
  const locale = useLocale()
  const unread = useReading(() => act.mine.readPaidByCard())
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const paid = state.mine.paidByCard
  const shown = problem ?? unread
  const busily = async (work: () => Promise<Problem | null>): Promise<void> => {
    setBusy(true)
    setProblem(await work())
    setBusy(false)
  }
  const save = async (): Promise<Problem | null> => {
    const file = await paidByCardCsv(act.client)
    if (!file.ok) return file.problem
    const href = URL.createObjectURL(new Blob([file.view], { type: 'text/csv' }))
    Object.assign(document.createElement('a'), { href, download: `${words.paidTitle}.csv` }).click()
    URL.revokeObjectURL(href)
    return null
  }
  return (
    <Screen title={words.paidTitle} banners={banners} onBack={act.openHistory}>
      {shown === null ? null : <ProblemNote problem={shown} isAboutMoney={false} />}
      {paid === null ? (
        <p class="quiet" role="status">
          {wallet.loading}
        </p>
      ) : paid.payments.length === 0 ? (
        <EmptyState title={words.paidNone} icon="card">
          {words.paidNoneText}
        </EmptyState>
      ) : (
        <Button busy={busy} onPress={() => void busily(save)}>
          {words.saveCsv}
        </Button>
      )}
      {byDay(paid?.payments ?? [], locale, Date.now()).map(({ day, name, entries }) => (
        <section class="day" key={day}>
          <h2 class="part">{nameOf(name, wallet)}</h2>
          <List label={nameOf(name, wallet)} items={entries} keyOf={({ payment }) => payment} empty={null}>
            {(each) => <Paid paid={each} open={() => act.openReceipt(each.payment, 'history')} />}
          </List>
        </section>
      ))}
      {paid?.next == null ? null : (
        <Button wide busy={busy} onPress={() => void busily(() => act.mine.readPaidByCard(paid.next ?? undefined))}>
          {wallet.more}
        </Button>
      )}
    </Screen>
  )
}

function Paid({ paid, open }: { readonly paid: CardPaymentRow; readonly open: () => void }): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  const { at, biller, label, method, amount, back, unit } = paid
  return (
    <ListRow
      title={biller}
      detail={`${formatTime(at, locale)} · ${label} · ${methodText(method, words)}`}
      side={
        <span class="entry-side">
          <Amount parts={amountParts(amount, unit, locale)} size="small" />
          {back === '0' ? null : <span class="entry-balance">{words.wentBack(amountText(back, unit, locale))}</span>}
        </span>
      }
      onPress={open}
    />
  )
}
