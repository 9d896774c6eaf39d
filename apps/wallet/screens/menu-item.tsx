// One item of the menu before it is in the basket: its options, when it is to come, a note for the kitchen, how many.
import type { JSX } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { Field } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import {
  amountOf,
  missingOf,
  nameIn,
  NOTE_LENGTH,
  optionsOf,
  priceFrom,
  roomFor,
  toggled,
  withLine,
  withQuantity,
  type Basket,
  type Choice,
  type Chosen,
  type Item,
  type Menu,
  type Option,
} from '../basket.ts'
import type { Table } from '../table.ts'
import { orderWords } from '../words-order.ts'
import { Stepper } from './order-table.tsx'

type SheetProps = Readonly<{
  table: Pick<Table, 'menu' | 'basket'>
  /** null while it is closed */
  item: Item | null
  /** the line of the basket that is changed; null for a new one */
  at: number | null
  onClose: () => void
  onTake: (basket: Basket) => void
}>

export function ItemSheet({ table, item, at, onClose, onTake }: SheetProps): JSX.Element {
  const locale = useLocale()
  const { menu } = table
  return (
    <Sheet open={item !== null} onClose={onClose} title={item === null ? '' : nameIn(item, locale)}>
      {item === null || menu === null ? null : (
        <ItemForm key={`${item.id} ${at}`} menu={menu} basket={table.basket} item={item} at={at} onTake={onTake} />
      )}
    </Sheet>
  )
}

type FormProps = Readonly<{
  menu: Menu
  basket: Basket
  item: Item
  at: number | null
  onTake: (basket: Basket) => void
}>

function ItemForm({ menu, basket, item, at, onTake }: FormProps): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const options = optionsOf(menu, item)
  const [line, setLine] = useState<Chosen>(() => (at === null ? undefined : basket[at]) ?? freshLine(item))
  const [isAsked, setAsked] = useState(false)
  const missing = missingOf(options, line.choices)
  const room = roomFor(menu, basket, item.id, at)
  const name = nameIn(item, locale)
  const amount = amountText(amountOf(menu, line) ?? 0n, menu.menu.unit, locale)
  const { courses } = menu.menu
  useLayoutEffect(() => {
    // The first thing that is missing comes into sight, and is read out.
    if (isAsked) document.querySelector<HTMLElement>('.item-missing')?.focus()
  }, [isAsked])
  const take = (): void => {
    setAsked(missing !== undefined)
    if (missing === undefined) onTake(withLine(basket, line, at))
  }
  return (
    <form
      class="item-form"
      onSubmit={(event) => {
        event.preventDefault()
        take()
      }}
    >
      {item.text === '' ? null : <p>{item.text}</p>}
      {options.map((option) => (
        <OptionChoice
          key={option.id}
          option={option}
          unit={menu.menu.unit}
          extraOf={(price) => priceFrom(menu, item, price) - priceFrom(menu, item)}
          choices={line.choices}
          isMissing={isAsked && missing?.id === option.id}
          onChange={(choices) => {
            setAsked(false)
            setLine({ ...line, choices })
          }}
        />
      ))}
      {courses.length === 0 ? null : (
        <label class="field">
          <span class="field-label">{words.course}</span>
          <select
            class="field-input"
            value={line.course ?? ''}
            onChange={({ currentTarget: { value } }) => setLine({ ...line, course: value === '' ? null : value })}
          >
            <option value="">{words.courseNone}</option>
            {courses.map((course) => (
              <option key={course.id} value={course.id}>
                {nameIn(course, locale)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Field
        label={words.note}
        value={line.note}
        maxLength={NOTE_LENGTH}
        hint={words.noteHint(NOTE_LENGTH - line.note.length)}
        onInput={(note) => setLine({ ...line, note })}
      />
      <div class="stepper-row">
        <span class="field-label">{words.quantity}</span>
        <Stepper
          name={name}
          value={line.quantity}
          from={1}
          to={room}
          onChange={(quantity) => setLine({ ...line, quantity })}
        />
      </div>
      <div class="stack-small">
        <Button kind="seal" type="submit" wide>
          {at === null ? words.add(amount) : words.change(amount)}
        </Button>
        {at === null ? null : (
          <Button wide onPress={() => onTake(withQuantity(basket, at, 0))}>
            {words.remove}
          </Button>
        )}
      </div>
    </form>
  )
}

const freshLine = (item: Item): Chosen => ({ item: item.id, quantity: 1, choices: [], course: null, note: '' })

type OptionProps = Readonly<{
  option: Option
  unit: string
  /** what a choice of this price adds */
  extraOf: (price: string) => bigint
  choices: readonly Choice[]
  isMissing: boolean
  onChange: (choices: readonly Choice[]) => void
}>

/** Exactly one as radio buttons; more than that as boxes, of which the rest is shut when enough are ticked. */
function OptionChoice({ option, unit, extraOf, choices, isMissing, onChange }: OptionProps): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const { id, kind, count } = option
  const name = nameIn(option, locale)
  const isRadio = kind === 'exactly' && count === 1
  const chosen = choices.filter((each) => each.option === id)
  return (
    <fieldset class={isMissing ? 'choices item-missing field-wrong' : 'choices'} tabIndex={-1}>
      <legend class="field-label">{words[kind](name, count)}</legend>
      {option.choices.map((choice) => {
        const isOn = chosen.some((each) => each.choice === choice.id)
        return (
          <label key={choice.id} class="choice">
            <input
              type={isRadio ? 'radio' : 'checkbox'}
              name={`option-${id}`}
              checked={isOn}
              disabled={!isRadio && !isOn && count > 1 && chosen.length >= count}
              onChange={() => onChange(toggled(choices, option, choice.id))}
            />
            <span>{nameIn(choice, locale)}</span>
            {choice.price === '0' ? null : (
              <span class="choice-extra">{words.extra(amountText(extraOf(choice.price), unit, locale))}</span>
            )}
          </label>
        )
      })}
      <span class="field-error small" aria-live="polite">
        {isMissing ? words.missing(name, count) : ''}
      </span>
    </fieldset>
  )
}
