// Tables for stories: a menu, a sign at which one orders, and what phones and the kitchen say there.
import assert from 'node:assert/strict'
import type { Wanted } from '#core/menu.ts'
import type { MenuWire, OfficeMenuView, OrderedView, SharedView, TabView } from '#protocol/orders.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { withPin } from '#sdk/scram.ts'
import type { ValidRequest } from './identity-requests.ts'
import { madePoint } from './points.ts'
import { ask, newCommand, speaker, type Reply, type Speaker } from './raw-client.ts'

const named = (name: string) => ({ name, nameEn: null, nameJa: null })
const INCLUDED = { rate: 1_000, isAdded: false, isReduced: false }

/** A coffee with a size and extras, a cake with tax on top, water that is free, and soup at noon alone. */
export const MENU = {
  unit: 'JPY',
  hours: [],
  sections: [
    { id: 'drinks', ...named('Drinks'), hours: [] },
    { id: 'food', ...named('Food'), hours: [] },
  ],
  items: [
    {
      id: 'coffee',
      ...named('Coffee'),
      section: 'drinks',
      text: '',
      price: '400',
      tax: INCLUDED,
      options: ['size', 'extras'],
    },
    { id: 'water', ...named('Water'), section: 'drinks', text: '', price: '0', tax: null, options: [] },
    {
      id: 'cake',
      ...named('Cake'),
      section: 'food',
      text: 'With strawberries',
      price: '500',
      tax: { rate: 1_000, isAdded: true, isReduced: false },
      options: [],
    },
  ],
  options: [
    {
      id: 'size',
      ...named('Size'),
      kind: 'exactly',
      count: 1,
      choices: [
        { id: 'small', ...named('small'), price: '0' },
        { id: 'large', ...named('large'), price: '100' },
      ],
    },
    {
      id: 'extras',
      ...named('Extras'),
      kind: 'most',
      count: 2,
      choices: [
        { id: 'oat', ...named('oat milk'), price: '50' },
        { id: 'shot', ...named('extra shot'), price: '80' },
      ],
    },
  ],
  courses: [{ id: 'later', ...named('With the coffee') }],
} satisfies MenuWire

/** A sign at which one orders. */
export const TABLE = {
  label: 'Table 3',
  place: 'By the window',
  text: 'Table 3',
  unit: 'JPY',
  taxRate: null,
  mode: 'order',
  paying: 'end',
  amount: null,
  minimum: null,
  maximum: null,
}
export const COUNTER = { ...TABLE, label: 'Counter', paying: 'first' }

export const SMALL_COFFEE = {
  item: 'coffee',
  quantity: 1,
  choices: [{ option: 'size', choice: 'small' }],
  course: null,
  note: '',
}
export const CAKE = { item: 'cake', quantity: 1, choices: [], course: null, note: '' }
export const WATER = { ...CAKE, item: 'water' }

/** Border: the views' shapes are attacks/access.test.ts's business. */
export function viewIn<View>(reply: Reply): View {
  assert.equal(reply.status, 200, reply.text)
  return reply.body as View
}

/** Puts the menu in place of whatever is there; its version. */
export async function madeMenu(office: Speaker, menu: MenuWire = MENU): Promise<number> {
  const { version } = viewIn<OfficeMenuView>(await office.reads('/v1/menu'))
  return viewIn<OfficeMenuView>(await office.signed({ path: '/v1/menu', body: { basedOn: version, menu } })).version
}

export type At = Readonly<{ point: string; version: number; tab?: string | null }>

export const sendOrder = (
  phone: Speaker,
  { point, version, tab = null }: At,
  lines: readonly Wanted[],
  command = newCommand(),
): Promise<Reply> => phone.signed({ path: '/v1/tabs/orders', body: { command, point, tab, version, lines } })

/** Orders, and says what the phone is told. */
export const orderedAt = async (phone: Speaker, at: At, lines: readonly Wanted[]): Promise<OrderedView> =>
  viewIn(await sendOrder(phone, at, lines))

export const sendShare = (phone: Speaker, tab: string, share: object, command = newCommand()): Promise<Reply> =>
  phone.signed({ path: '/v1/tabs/shares', body: { command, tab, share } })

export const tabOf = async (phone: Speaker, tab: string): Promise<TabView> =>
  viewIn(await phone.reads(`/v1/tabs/${tab}`))

export const mark = (
  register: Speaker,
  tab: string,
  lines: readonly number[],
  state: string,
  reason: string | null = null,
): Promise<Reply> => register.signed({ path: '/v1/kitchen/mark', body: { tab, lines, state, reason } })

export const closeTab = (register: Speaker, tab: string, rest: 'waits' | 'left'): Promise<Reply> =>
  register.signed({ path: '/v1/kitchen/close', body: { tab, rest } })

/** Joins the deal of a share by its link. */
export async function joinShare(phone: Speaker, { share, tab }: SharedView | OrderedView): Promise<PaymentView> {
  const own = tab.shares.find((each) => each.share === share)
  const token = /tok_[0-9a-f]{32}$/.exec(own?.link ?? '')?.[0]
  assert.ok(token, 'a share of one’s own has a link')
  return viewIn<{ payment: PaymentView }>(await phone.command('join', { credential: { kind: 'token', token } })).payment
}

/** Joins and approves. */
export async function payShare(phone: Speaker, share: SharedView | OrderedView): Promise<PaymentView> {
  const outcome = await approve(phone.client, await joinShare(phone, share), withPin('2468'))
  assert.ok(outcome.ok && outcome.view.payment?.state === 'settled', JSON.stringify(outcome))
  return outcome.view.payment
}

/** A right request for every route here that takes a body, by path. */
export async function orderRequests(office: Speaker, phone: Speaker): Promise<Readonly<Record<string, ValidRequest>>> {
  const version = await madeMenu(office)
  const point = await madePoint(office, TABLE)
  const { tab } = await orderedAt(phone, { point, version }, [SMALL_COFFEE, CAKE])
  const other = await madePoint(office, TABLE)
  await orderedAt(phone, { point: other, version }, [WATER])
  const { share } = viewIn<SharedView>(
    await sendShare(phone, tab.tab, { kind: 'lines', lines: [{ line: 2, quantity: 1 }] }),
  )
  const third = await madePoint(office, TABLE)
  const closing = await orderedAt(phone, { point: third, version }, [CAKE])
  return {
    '/v1/tabs/orders': {
      by: phone,
      body: { command: newCommand(), point, tab: tab.tab, version, lines: [SMALL_COFFEE] },
    },
    '/v1/tabs': { by: phone, body: { point: other } },
    '/v1/tabs/shares': { by: phone, body: { command: newCommand(), tab: tab.tab, share: { kind: 'mine' } } },
    '/v1/tabs/shares/back': { by: phone, body: { tab: tab.tab, share } },
    '/v1/menu': { by: office, body: { basedOn: version, menu: { ...MENU, courses: [] } } },
    '/v1/menu/stock': { by: office, body: { item: 'cake', left: 500 } },
    '/v1/kitchen/mark': { by: office, body: { tab: tab.tab, lines: [1], state: 'accepted', reason: null } },
    '/v1/kitchen/close': { by: office, body: { tab: closing.tab.tab, rest: 'waits' } },
  }
}

/** A table orders, pays and is closed: every statement about tables is sent. */
export async function aDayAtTables(hub: { url: string }, by: { office: Client; hanako: Client }): Promise<void> {
  const [office, hanako] = await Promise.all([speaker(hub, 'office', by.office), speaker(hub, 'hanako', by.hanako)])
  const version = await madeMenu(office)
  await office.signed({ path: '/v1/menu/stock', body: { item: 'water', left: 5 } })
  await office.signed({ path: '/v1/menu/stock', body: { item: 'cake', left: 5 } })
  await office.signed({ path: '/v1/menu/stock', body: { item: 'coffee', left: null } })
  const point = await madePoint(office, TABLE)
  await ask(hub, { method: 'GET', path: `/v1/points/${point}/menu` })
  const { tab } = await orderedAt(hanako, { point, version }, [SMALL_COFFEE, CAKE])
  await hanako.signed({ path: '/v1/tabs', body: { point } })
  const share = viewIn<SharedView>(
    await sendShare(hanako, tab.tab, { kind: 'lines', lines: [{ line: 2, quantity: 1 }] }),
  )
  await payShare(hanako, share)
  viewIn(await mark(office, tab.tab, [2], 'refused', 'other'))
  viewIn(await office.reads('/v1/kitchen'))
  viewIn(await closeTab(office, tab.tab, 'left'))
  const menu = { ...MENU, courses: [] }
  const basedOn = await madeMenu(office)
  for (const _ of ['sent', 'sent again']) viewIn(await office.signed({ path: '/v1/menu', body: { basedOn, menu } }))
}
