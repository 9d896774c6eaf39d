// What the shop sells. Prices are the server's: a browser names codes and quantities and nothing else.
import type { CommandBody } from '#protocol/commands.ts'

export type Language = 'en' | 'ja'
type Bill = NonNullable<CommandBody<'open-offer'>['bill']>

export const GOODS = [
  { code: 'loaf', price: 480, name: { en: 'Country loaf', ja: 'カンパーニュ' } },
  { code: 'melon', price: 220, name: { en: 'Melon bread', ja: 'メロンパン' } },
  { code: 'anpan', price: 180, name: { en: 'Sweet bean bun', ja: 'あんぱん' } },
  { code: 'tin', price: 1_600, name: { en: 'Tin of biscuits', ja: '焼き菓子缶' } },
] as const

const REDUCED_RATE = 800
const MOST = 20

/** The bill of a basket {code: quantity}; undefined where it is none. Bread has 8 % tax, which the prices include. */
export function billOf(basket: unknown, language: Language): Bill | undefined {
  if (typeof basket !== 'object' || basket === null) return undefined
  const lines = GOODS.flatMap(({ code, price, name }) => {
    const quantity: unknown = Reflect.get(basket, code)
    if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > MOST) return []
    const amount = price * quantity
    return [
      {
        text: name[language],
        quantity,
        amount: String(amount),
        taxRate: REDUCED_RATE,
        tax: String(Math.floor((amount * REDUCED_RATE) / (10_000 + REDUCED_RATE))),
        code,
        conditions: { delivery: false, coolingOff: null },
        restriction: null,
      },
    ]
  })
  if (lines.length === 0) return undefined
  const total = lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  return { unit: 'JPY', total: String(total), lines }
}

export const yen = (amount: string | number): string => `¥${Number(amount).toLocaleString('en')}`
