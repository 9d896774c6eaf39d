// The sections of the menu with their items: in order, changed in sheets; what is left of an item counts at once.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { parseTyped } from '#core/money.ts'
import { amountText } from '#apps/shared/money.ts'
import type { OfficeMenuView } from '#protocol/orders.ts'
import type { Client } from '#sdk/client.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button } from '#ui/kit.tsx'
import { keyFor, moved, NO_NAMES, put, withoutSection, type ItemDraft, type SectionDraft } from './menu-draft.ts'
import { HoursFields } from './menu-hours.tsx'
import { ItemSheet } from './menu-item.tsx'
import { FormSheet, nameIn, NameFields, Order } from './menu-names.tsx'
import { StockSheet } from './menu-stock.tsx'
import type { PartProps } from './menu.tsx'
import { menuWords } from './words-menu.ts'

type Stock = OfficeMenuView['stock']
type Props = PartProps &
  Readonly<{
    stock: Stock
    /** items that the hub knows */
    saved: readonly string[]
    client: Client
    closed: () => void
    onStock: (stock: Stock) => void
  }>

/** A new one has no key yet. */
const NEW = ''

export function Sections(props: Props): JSX.Element {
  const { draft, unit, may, change, stock, client, closed, onStock } = props
  const text = useWords(menuWords)
  const locale = useLocale()
  const [section, setSection] = useState<SectionDraft | null>(null)
  const [item, setItem] = useState<ItemDraft | null>(null)
  const [counted, setCounted] = useState<ItemDraft | null>(null)
  const keepSection = (kept: SectionDraft): void => {
    setSection(null)
    const used = draft.sections.map(({ id }) => id)
    change({ ...draft, sections: put(draft.sections, { ...kept, id: kept.id || keyFor(kept, used, 'section') }) })
  }
  const keepItem = (kept: ItemDraft): void => {
    setItem(null)
    const used = draft.items.map(({ id }) => id)
    change({ ...draft, items: put(draft.items, { ...kept, id: kept.id || keyFor(kept, used, 'item') }) })
  }
  return (
    <section class="menu-part" aria-label={text.sections}>
      {draft.sections.map((each, index) => (
        <section key={each.id} class="menu-box" aria-label={nameIn(each, locale)}>
          <header class="menu-box-head">
            <h2>{nameIn(each, locale)}</h2>
            {may ? (
              <span class="menu-item-side">
                <Order
                  name={nameIn(each, locale)}
                  isFirst={index === 0}
                  isLast={index === draft.sections.length - 1}
                  onMove={(by) => change({ ...draft, sections: moved(draft.sections, each.id, by) })}
                />
                <Button kind="quiet" icon="settings" iconOnly onPress={() => setSection(each)}>
                  {text.edit(nameIn(each, locale))}
                </Button>
              </span>
            ) : null}
          </header>
          <Items {...props} section={each} onEdit={setItem} onCount={setCounted} />
          {may ? (
            <Button
              icon="plus"
              onPress={() =>
                setItem({ id: NEW, ...NO_NAMES, section: each.id, text: '', price: '', tax: '', options: [] })
              }
            >
              {text.addItem}
              <span class="hidden">: {nameIn(each, locale)}</span>
            </Button>
          ) : null}
        </section>
      ))}
      {may ? (
        <Button icon="plus" onPress={() => setSection({ id: NEW, ...NO_NAMES, hours: [] })}>
          {text.addSection}
        </Button>
      ) : null}
      <FormSheet
        of={section}
        title={section === null || section.id === NEW ? text.addSection : text.edit(section.name)}
        isFaulty={({ name }) => name.trim() === ''}
        onClose={() => setSection(null)}
        onKeep={keepSection}
        onRemove={
          section === null || section.id === NEW
            ? undefined
            : () => {
                setSection(null)
                change(withoutSection(draft, section.id))
              }
        }
      >
        {(of, set, isAsked) => (
          <>
            <NameFields of={of} isAsked={isAsked} onChange={set} />
            <HoursFields hours={of.hours} may onChange={(hours) => set({ ...of, hours })} />
          </>
        )}
      </FormSheet>
      <ItemSheet
        item={item}
        draft={draft}
        unit={unit}
        onClose={() => setItem(null)}
        onKeep={keepItem}
        onRemove={(id) => {
          setItem(null)
          change({ ...draft, items: draft.items.filter((each) => each.id !== id) })
        }}
      />
      <StockSheet
        client={client}
        closed={closed}
        item={counted}
        left={stock.find(({ item: id }) => id === counted?.id)?.left ?? null}
        onClose={() => setCounted(null)}
        onStock={(fresh) => {
          setCounted(null)
          onStock(fresh)
        }}
      />
    </section>
  )
}

type ItemsProps = Props &
  Readonly<{ section: SectionDraft; onEdit: (item: ItemDraft) => void; onCount: (item: ItemDraft) => void }>

function Items({ draft, unit, may, change, stock, saved, section, onEdit, onCount }: ItemsProps): JSX.Element {
  const text = useWords(menuWords)
  const locale = useLocale()
  const items = draft.items.filter((item) => item.section === section.id)
  if (items.length === 0) return <p class="office-detail">{text.sectionEmpty}</p>
  return (
    <ul class="list" role="list" aria-label={nameIn(section, locale)}>
      {items.map((item, index) => {
        const name = nameIn(item, locale)
        const left = stock.find(({ item: id }) => id === item.id)?.left
        const price = parseTyped(item.price, unit)
        const facts = [
          price === undefined ? item.price : amountText(price, unit, locale),
          item.tax,
          item.options.length === 0 ? '' : text.optionsOf(item.options.length),
          left === undefined ? '' : text.left(left),
        ]
        return (
          <li key={item.id}>
            <div class="menu-item">
              <span class="menu-item-text">
                {name}
                <span class="office-detail">{facts.filter((fact) => fact !== '').join(' · ')}</span>
              </span>
              <span class="menu-item-side">
                {saved.includes(item.id) ? (
                  <Button kind="quiet" onPress={() => onCount(item)}>
                    {text.stockShort}
                    <span class="hidden">: {name}</span>
                  </Button>
                ) : null}
                {may ? (
                  <>
                    <Order
                      name={name}
                      isFirst={index === 0}
                      isLast={index === items.length - 1}
                      onMove={(by) =>
                        change({
                          ...draft,
                          items: moved(draft.items, item.id, by, (other) => other.section === section.id),
                        })
                      }
                    />
                    <Button kind="quiet" icon="settings" iconOnly onPress={() => onEdit(item)}>
                      {text.edit(name)}
                    </Button>
                  </>
                ) : null}
              </span>
            </div>
          </li>
        )
      })}
    </ul>
  )
}
