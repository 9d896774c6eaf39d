// The menu as it is sent, kept and exported: JSON whose prices are decimal text.
import type { Choice, Item, Menu, Option } from './menu.ts'
import { parseAmount, unitOf } from './money.ts'

type Priceless<Of> = Omit<Of, 'price'> & Readonly<{ price: string }>

export type SentMenu = Readonly<
  Omit<Menu, 'unit' | 'items' | 'options'> & {
    unit: string
    items: readonly Priceless<Item>[]
    options: readonly (Omit<Option, 'choices'> & Readonly<{ choices: readonly Priceless<Choice>[] }>)[]
  }
>

/** Reads a menu; the word for what is not right where it is none. */
export function menuFrom(sent: SentMenu): Menu | 'unit' | 'amount' {
  const unit = unitOf(sent.unit)
  if (unit === undefined) return 'unit'
  let isRight = true
  const priced = <Of extends Readonly<{ price: string }>>({ price: text, ...rest }: Of) => {
    const price = parseAmount(text)
    if (price === undefined) isRight = false
    return { ...rest, price: price ?? 0n }
  }
  const items = sent.items.map(priced)
  const options = sent.options.map((option) => ({ ...option, choices: option.choices.map(priced) }))
  return isRight ? { ...sent, unit, items, options } : 'amount'
}

/** The same as `menuFrom` reads it. */
export const sentMenu = (menu: Menu): SentMenu => ({
  ...menu,
  items: menu.items.map((item) => ({ ...item, price: String(item.price) })),
  options: menu.options.map((option) => ({
    ...option,
    choices: option.choices.map((choice) => ({ ...choice, price: String(choice.price) })),
  })),
})
