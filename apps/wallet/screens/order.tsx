// The basket before it is ordered: each line with its options, how many, what it costs, and when it is paid.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import {
  amountOf,
  itemOf,
  nameIn,
  optionsOf,
  piecesIn,
  roomFor,
  sumOf,
  withQuantity,
  type Change,
  type Chosen,
  type Menu,
} from '../basket.ts'
import type { Table } from '../table.ts'
import { orderWords } from '../words-order.ts'
import { ItemSheet } from './menu-item.tsx'
import { Stepper, TableNotes, type TableProps } from './order-table.tsx'

export function Basket({ act, banners, table }: TableProps): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const [open, setOpen] = useState<number | null>(null)
  const { menu, basket } = table
  const toMenu = (): void => act.table.go('menu')
  if (menu === null || basket.length === 0) {
    return (
      <Screen
        title={words.orderTitle}
        banners={banners}
        onBack={toMenu}
        actions={
          <Button kind="seal" wide onPress={toMenu}>
            {words.backToMenu}
          </Button>
        }
      >
        <TableNotes table={table} />
        <Changes table={table} />
        <EmptyState title={words.basketNone} icon="shop" />
      </Screen>
    )
  }
  // What was sent and not answered is sent again as it is.
  const isSent = table.ordering !== null
  const edited = open === null ? undefined : basket[open]
  return (
    <Screen
      title={words.orderTitle}
      banners={banners}
      onBack={toMenu}
      actions={
        <div class="basket-bar">
          <p class="basket-sum">
            <span>{words.basket(piecesIn(basket))}</span>
            <Amount parts={amountParts(sumOf(menu, basket), menu.menu.unit, locale)} size="medium" />
          </p>
          <Button kind="seal" wide busy={table.busy === 'order'} disabled={!menu.open} onPress={act.table.order}>
            {table.busy === 'order' ? words.ordering : isSent ? words.again : words.order}
          </Button>
        </div>
      }
    >
      <TableNotes table={table} />
      <Changes table={table} />
      {isSent && table.busy !== 'order' ? <Banner kind="note">{words.unsure}</Banner> : null}
      <ul class="list" role="list" aria-label={words.orderTitle}>
        {basket.map((line, index) => (
          <li key={index}>
            <div class="basket-line">
              <LineText menu={menu} line={line} />
              <Amount parts={amountParts(amountOf(menu, line) ?? 0n, menu.menu.unit, locale)} size="small" />
              <div class="stepper-row basket-acts">
                <Stepper
                  name={nameOf(menu, line, locale)}
                  value={line.quantity}
                  from={0}
                  to={roomFor(menu, basket, line.item, index)}
                  disabled={isSent}
                  onChange={(quantity) => act.table.choose(withQuantity(basket, index, quantity))}
                />
                <Button kind="quiet" disabled={isSent} onPress={() => setOpen(index)}>
                  <span aria-hidden="true">{words.edit}</span>
                  <span class="hidden">{words.editLine(nameOf(menu, line, locale))}</span>
                </Button>
              </div>
            </div>
          </li>
        ))}
      </ul>
      <p class="quiet small">{menu.paying === 'first' ? words.payFirst : words.payLater}</p>
      <ItemSheet
        table={table}
        item={edited === undefined ? null : (itemOf(menu, edited.item) ?? null)}
        at={open}
        onClose={() => setOpen(null)}
        onTake={(next) => {
          setOpen(null)
          act.table.choose(next)
        }}
      />
    </Screen>
  )
}

const nameOf = (menu: Menu, line: Chosen, locale: 'en' | 'ja'): string => {
  const item = itemOf(menu, line.item)
  return item === undefined ? line.item : nameIn(item, locale)
}

function LineText({ menu, line }: Readonly<{ menu: Menu; line: Chosen }>): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const item = itemOf(menu, line.item)
  const options = item === undefined ? [] : optionsOf(menu, item)
  const chosen = options.flatMap(({ id, choices }) =>
    choices.filter((choice) => line.choices.some((each) => each.option === id && each.choice === choice.id)),
  )
  const course = menu.menu.courses.find(({ id }) => id === line.course)
  const details = [...chosen, ...(course === undefined ? [] : [course])].map((each) => nameIn(each, locale))
  return (
    <span class="order-name">
      {nameOf(menu, line, locale)}
      {details.length === 0 ? null : <span class="order-detail">{details.join(' · ')}</span>}
      {line.note === '' ? null : <span class="order-detail">{words.quoted(line.note)}</span>}
    </span>
  )
}

/** What a new menu has done to the basket, line by line. */
export function Changes({ table }: Readonly<{ table: Pick<Table, 'changes' | 'menu'> }>): JSX.Element | null {
  const words = useWords(orderWords)
  const locale = useLocale()
  const { changes, menu } = table
  if (changes === null || menu === null) return null
  const money = (amount: bigint): string => amountText(amount, menu.menu.unit, locale)
  const said = (change: Change): string => {
    const name = nameIn(change.item, locale)
    if (change.kind === 'price') return words.price(name, money(change.before), money(change.after))
    return change.kind === 'fewer' ? words.fewer(name, change.left) : words[change.kind](name)
  }
  return (
    <Banner kind="trouble">
      <span class="sentence strong">{words.changedTitle}</span>
      {changes.length === 0 ? <span class="sentence">{words.sameMenu}</span> : null}
      {changes.map((change, index) => (
        <span class="sentence" key={index}>
          {said(change)}
        </span>
      ))}
    </Banner>
  )
}
