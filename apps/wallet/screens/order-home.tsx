// At home: the table at which this phone orders, and what is open there.
import type { JSX } from 'preact'
import { amountText } from '#apps/shared/money.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { ListRow } from '#ui/kit.tsx'
import type { ScreenOf } from '../app.tsx'
import { piecesIn } from '../basket.ts'
import { isOver } from '../table.ts'
import { orderWords } from '../words-order.ts'

export function AtTable({ state, act }: Pick<ScreenOf, 'state' | 'act'>): JSX.Element | null {
  const words = useWords(orderWords)
  const locale = useLocale()
  const { table } = state
  if (table === null || table.menu === null || isOver(table)) return null
  const { menu, tab, basket } = table
  const count = piecesIn(basket)
  if (tab === null && count === 0) return null
  const details = [
    ...(tab === null || tab.open === '0' ? [] : [words.homeOpen(amountText(tab.open, tab.unit, locale))]),
    ...(count === 0 ? [] : [words.basket(count)]),
  ]
  return (
    <ListRow
      title={words.home(menu.label)}
      detail={[menu.shop, ...details].join(' · ')}
      icon="shop"
      onPress={() => act.table.go(tab === null ? 'menu' : 'tab')}
    />
  )
}
