// The newest sales of all the shop's registers, each with its state in words.
import type { JSX } from 'preact'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { DealView } from '#protocol/views.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, EmptyState, List, ListRow } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import type { Books } from './books.ts'
import { saleState, wentBackOf, yoursFrom } from '#apps/shared/sale.ts'
import { words } from './words.ts'
import { dayText } from '#apps/shared/conditions.ts'

type SalesProps = Readonly<{ books: Books; open: string | null; onOpen: (payment: string) => void }>

export function Sales({ books, onOpen }: SalesProps): JSX.Element {
  const text = useWords(words)
  // A deal that nobody joined is the register's business alone.
  const sales = books.sales.filter(({ payment }) => payment !== null)
  return (
    <section aria-label={text.sales}>
      <List
        label={text.sales}
        items={sales}
        keyOf={({ deal }) => deal}
        empty={
          <EmptyState title={books.isLoading ? text.loading : text.noSales} icon="history">
            {books.isLoading ? '' : text.noSalesText}
          </EmptyState>
        }
      >
        {(sale) => <SaleRow sale={sale} onOpen={onOpen} />}
      </List>
      {books.older === null ? null : (
        <Button wide onPress={books.more}>
          {text.earlier}
        </Button>
      )}
    </section>
  )
}

function SaleRow({ sale, onOpen }: Readonly<{ sale: DealView; onOpen: (payment: string) => void }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const state = saleState(sale)
  const { payment, bill } = sale
  const yours = yoursFrom(sale)
  const wentBack = wentBackOf(sale)
  return (
    <ListRow
      title={sale.payer?.name ?? ''}
      detail={`${formatDateTime(sale.joinedAt ?? sale.openedAt, locale)}${sale.cashier === null ? '' : ` · ${sale.cashier}`} · ${
        state === 'held' && yours !== null ? text.yoursOn(dayText(yours, locale)) : text[state]
      }${wentBack === 0n || bill === null ? '' : ` · ${text.wentBackOf(amountText(wentBack, bill.unit, locale))}`}`}
      side={
        bill === null ? null : (
          <Amount
            parts={amountParts(bill.total, bill.unit, locale)}
            size="small"
            tone={state === 'paid' ? 'settled' : 'ink'}
          />
        )
      }
      onPress={() => payment !== null && onOpen(payment)}
    />
  )
}
