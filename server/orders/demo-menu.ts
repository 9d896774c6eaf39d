// The demo town's bakery has a few tables: a small menu, "Table 3" that pays when it likes, and a counter where one pays first.
import { createHash, randomBytes } from 'node:crypto'
import { bucketOfId, idFrom, idInBucket, type PartyId, type PointId } from '#core/ids.ts'
import type { Names } from '#core/menu.ts'
import type { SentMenu } from '#core/menu-wire.ts'
import type { Unit } from '#core/money.ts'
import type { Menus } from '../postgres/orders-menu.ts'
import type { Points } from '../postgres/points.ts'

/** Eaten there, food too has the usual rate. */
const TAX = { rate: 1_000, isAdded: false, isReduced: false }
const named = (nameEn: string, nameJa: string): Names => ({ name: nameJa, nameEn, nameJa })

/** Prices are in the smallest part of the scheme's unit: 480 is ¥480, or €4.80. */
const demoMenu = (unit: Unit): SentMenu => ({
  unit,
  hours: [],
  sections: [
    { id: 'bread', ...named('Bread and sandwiches', 'パン・サンドイッチ'), hours: [] },
    { id: 'cakes', ...named('Cakes', 'ケーキ'), hours: [] },
    { id: 'drinks', ...named('Drinks', '飲み物'), hours: [] },
  ],
  items: [
    item('toast', 'bread', '380', named('Thick toast', '厚切りトースト'), 'バターとジャム / butter and jam', [
      'spread',
    ]),
    item('egg-sandwich', 'bread', '520', named('Egg sandwich', 'たまごサンド'), '', []),
    item('croque', 'bread', '780', named('Croque-monsieur', 'クロックムッシュ'), 'サラダ付き / with salad', []),
    item('shortcake', 'cakes', '560', named('Strawberry shortcake', 'いちごのショートケーキ'), '', []),
    item('cheesecake', 'cakes', '520', named('Cheesecake', 'チーズケーキ'), '', []),
    item('pudding', 'cakes', '480', named('Custard pudding', 'プリン'), '', []),
    item('coffee', 'drinks', '450', named('Coffee', 'コーヒー'), '', ['temperature', 'milk']),
    item('latte', 'drinks', '520', named('Café au lait', 'カフェオレ'), '', ['temperature']),
    item('tea', 'drinks', '450', named('Tea', '紅茶'), '', ['temperature', 'with']),
    item('water', 'drinks', '0', named('Water', 'お水'), '', []),
  ],
  options: [
    {
      id: 'temperature',
      ...named('Hot or iced', '温かさ'),
      kind: 'exactly',
      count: 1,
      choices: [choice('hot', '0', named('hot', 'ホット')), choice('iced', '0', named('iced', 'アイス'))],
    },
    {
      id: 'milk',
      ...named('Milk', 'ミルク'),
      kind: 'most',
      count: 1,
      choices: [choice('milk', '0', named('milk', 'ミルク')), choice('oat', '60', named('oat milk', 'オーツミルク'))],
    },
    {
      id: 'with',
      ...named('With', '添え物'),
      kind: 'most',
      count: 2,
      choices: [
        choice('lemon', '0', named('lemon', 'レモン')),
        choice('milk', '0', named('milk', 'ミルク')),
        choice('honey', '80', named('honey', 'はちみつ')),
      ],
    },
    {
      id: 'spread',
      ...named('Extra spread', '追加のスプレッド'),
      kind: 'most',
      count: 2,
      choices: [
        choice('jam', '80', named('strawberry jam', 'いちごジャム')),
        choice('honey', '80', named('honey', 'はちみつ')),
        choice('bean', '100', named('red bean paste', 'あんこ')),
      ],
    },
  ],
  courses: [
    { id: 'first', ...named('First', '先に') },
    { id: 'together', ...named('With the food', 'お食事と一緒に') },
    { id: 'after', ...named('After the food', '食後に') },
  ],
})

const item = (
  id: string,
  section: string,
  price: string,
  names: Names,
  text: string,
  options: readonly string[],
): SentMenu['items'][number] => ({ id, section, price, ...names, text, options, tax: TAX })

const choice = (id: string, price: string, names: Names) => ({ id, price, ...names })

/** The sign of the demo's table or counter: the same whenever the town is made of this bakery. */
export const demoTable = (bakery: PartyId, which: 'table' | 'counter'): PointId =>
  idFrom('pnt', createHash('sha256').update(`demo ${which} ${bakery}`).digest().subarray(0, 16))

/** Where there is none yet. */
export async function settleDemoMenu(
  { menus, points }: Readonly<{ menus: Menus; points: Points }>,
  bakery: PartyId,
  unit: Unit,
): Promise<void> {
  if ((await menus.find(bakery)) === undefined) {
    const document = demoMenu(unit)
    const hash = createHash('sha256').update(JSON.stringify(document)).digest()
    await menus.save(bakery, { basedOn: 0, document, hash, items: document.items.map(({ id }) => id) })
    // A cake that was baked this morning.
    await menus.setStock(bakery, 'shortcake', 8)
  }
  for (const [which, label, place, paying] of [
    ['table', 'Table 3', 'By the window · 窓ぎわ', 'end'],
    ['counter', 'Counter', 'At the oven · 窯のそば', 'first'],
  ] as const) {
    const id = demoTable(bakery, which)
    if ((await points.find(id)) !== undefined) continue
    const price = { mode: 'order', paying } as const
    const point = { id, label, place, text: label, unit, taxRate: null, price }
    await points.put(bakery, point, idInBucket('trm', bucketOfId(bakery), randomBytes(14)))
  }
}
