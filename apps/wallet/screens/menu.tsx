// The menu of a table: sections with big rows, what is sold out, and the basket at the bottom, always in sight.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { PointMenuView } from '#protocol/orders.ts'
import { formatDateTime, formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, Screen } from '#ui/kit.tsx'
import { Icon } from '#ui/icons.tsx'
import { Amount } from '#ui/numbers.tsx'
import { leftOf, nameIn, piecesIn, piecesOf, priceFrom, roomFor, sumOf, type Item } from '../basket.ts'
import { orderWords } from '../words-order.ts'
import { ItemSheet } from './menu-item.tsx'
import { Changes } from './order.tsx'
import { TableNotes, type TableProps } from './order-table.tsx'

export function MenuScreen(props: TableProps): JSX.Element {
  const { act, banners, table } = props
  const words = useWords(orderWords)
  const [open, setOpen] = useState<Item | null>(null)
  const { menu } = table
  const home = (): void => act.go({ at: 'home' })
  if (menu === null) {
    return (
      <Screen
        title={words.menu}
        banners={banners}
        onBack={home}
        actions={
          table.problem === null ? null : (
            <Button wide onPress={() => act.table.go('menu')}>
              {words.again}
            </Button>
          )
        }
      >
        <TableNotes table={table} />
        {table.problem === null ? <p role="status">{words.looking}</p> : null}
      </Screen>
    )
  }
  return (
    <Screen title={menu.label} banners={banners} onBack={home} actions={<BasketBar {...props} menu={menu} />}>
      <div class="menu-head">
        <p>{words.here(menu.place, menu.shop)}</p>
        <p class="quiet small">{words.notHere}</p>
      </div>
      <Hours menu={menu} />
      <TableNotes table={table} />
      <Changes table={table} />
      {menu.menu.items.length === 0 ? (
        <EmptyState title={words.empty} icon="shop">
          {words.emptyText}
        </EmptyState>
      ) : (
        menu.menu.sections.map((section) => (
          <Section key={section.id} {...props} menu={menu} section={section} onOpen={setOpen} />
        ))
      )}
      <ItemSheet
        table={table}
        item={open}
        at={null}
        onClose={() => setOpen(null)}
        onTake={(basket) => {
          setOpen(null)
          act.table.choose(basket)
        }}
      />
    </Screen>
  )
}

/** Until when orders are taken, or from when. */
function Hours({ menu }: { readonly menu: PointMenuView }): JSX.Element | null {
  const words = useWords(orderWords)
  const locale = useLocale()
  if (menu.open)
    return menu.closesAt === null ? null : <p class="small">{words.closesAt(formatTime(menu.closesAt, locale))}</p>
  const { opensAt } = menu
  return (
    <Banner kind="stale">
      {opensAt === null ? words.closed : words.closedUntil(formatDateTime(opensAt, locale, menu.now))}
    </Banner>
  )
}

type SectionProps = TableProps &
  Readonly<{
    menu: PointMenuView
    section: PointMenuView['menu']['sections'][number]
    onOpen: (item: Item) => void
  }>

function Section({ table, menu, section, onOpen }: SectionProps): JSX.Element | null {
  const words = useWords(orderWords)
  const locale = useLocale()
  const items = menu.menu.items.filter((item) => item.section === section.id)
  if (items.length === 0) return null
  const isClosed = menu.closedSections.includes(section.id)
  const name = nameIn(section, locale)
  return (
    <section class="menu-section" aria-label={name}>
      <h2>{name}</h2>
      {isClosed && menu.open ? <p class="quiet small">{words.sectionClosed}</p> : null}
      <ul class="list" role="list">
        {items.map((item) => (
          <li key={item.id}>
            <ItemRow table={table} menu={menu} item={item} isClosed={isClosed || !menu.open} onOpen={onOpen} />
          </li>
        ))}
      </ul>
    </section>
  )
}

type RowProps = Pick<TableProps, 'table'> &
  Readonly<{ menu: PointMenuView; item: Item; isClosed: boolean; onOpen: (item: Item) => void }>

function ItemRow({ table, menu, item, isClosed, onOpen }: RowProps): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const left = leftOf(menu, item.id)
  const chosen = piecesOf(table.basket, item.id)
  const isOut = left === 0
  const canAdd = roomFor(menu, table.basket, item.id, null) > 0 && !isClosed && table.ordering === null
  return (
    <button type="button" class="row row-button menu-row" disabled={!canAdd} onClick={() => onOpen(item)}>
      <span class="row-text">
        <span class="row-title">{nameIn(item, locale)}</span>
        {item.text === '' ? null : <span class="row-detail">{item.text}</span>}
        {isOut ? <span class="row-detail menu-sold-out">{words.soldOut}</span> : null}
        {left !== null && left > 0 && left <= FEW ? <span class="row-detail">{words.left(left)}</span> : null}
        {chosen === 0 ? null : <span class="row-detail menu-count">{words.inBasket(chosen)}</span>}
      </span>
      <span class="row-side">
        <Amount
          parts={amountParts(priceFrom(menu, item), menu.menu.unit, locale)}
          size="small"
          tone={isOut ? 'quiet' : 'ink'}
        />
      </span>
      {canAdd ? <Icon name="plus" size={20} /> : null}
    </button>
  )
}

/** From here on it is worth saying how many there are. */
const FEW = 5

function BasketBar({ act, table, menu }: TableProps & { readonly menu: PointMenuView }): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const count = piecesIn(table.basket)
  const { tab } = table
  const done = tab?.lines.reduce((sum, { quantity }) => sum + quantity, 0) ?? 0
  return (
    <div class="basket-bar">
      <p class="basket-sum" role="status">
        <span>{count === 0 ? words.basketNone : words.basket(count)}</span>
        <Amount parts={amountParts(sumOf(menu, table.basket), menu.menu.unit, locale)} size="medium" />
      </p>
      <Button kind="seal" wide disabled={count === 0} onPress={() => act.table.go('basket')}>
        {words.look}
      </Button>
      <Button kind="quiet" wide icon="history" onPress={act.table.sit}>
        {tab === null || done === 0
          ? words.sums
          : `${words.tabHere(done)} · ${words.homeOpen(amountText(tab.open, tab.unit, locale))}`}
      </Button>
    </div>
  )
}
