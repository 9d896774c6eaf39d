// Ordering: a merchant's menu, the open tab of a table, what is paid of it, and the kitchen's list. Each share of a tab is an ordinary deal,
// which the phone that asked for it joins and approves like any other.
import { Type, type Static, type TSchema } from 'typebox'
import { LINE_STATES, REFUSE_REASONS } from '#core/tab.ts'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import { PointIdPart } from './points.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const most = <Schema extends TSchema>(schema: Schema, maxItems: number, minItems = 0) =>
  Type.Array(schema, { minItems, maxItems })

export const TabIdPart = Type.String({
  pattern: '^tab_[0-9a-f]{32}$',
  description: 'what a table has ordered, until it is paid',
  examples: [`tab_${'0123456789abcdef'.repeat(2)}`],
})

/** A key that the menu's editor makes: unique among its kind. */
const KeyPart = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$', examples: ['cafe-latte'] })
const Names = {
  name: part.TextPart(LIMITS.nameLength),
  nameEn: orNull(part.TextPart(LIMITS.nameLength)),
  nameJa: orNull(part.TextPart(LIMITS.nameLength)),
}
const NamesPart = part.Closed(Names)
const ClockPart = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['11:30'] })
const HoursPart = most(
  part.Closed({
    days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { minItems: 1, maxItems: 7, uniqueItems: true }),
    from: ClockPart,
    until: ClockPart,
  }),
  LIMITS.menuHours,
)
const TaxPart = part.Closed({
  rate: Type.Integer({ minimum: 0, maximum: 10_000, description: 'hundredths of a percent' }),
  isAdded: Type.Boolean({ description: 'the tax comes on top of the price; otherwise the price holds it' }),
  isReduced: Type.Boolean(),
})

/** The document that is edited, exported and imported. Prices are in the unit's smallest part; keys name what belongs together. */
export const MenuPart = part.Closed({
  unit: part.UnitPart,
  hours: HoursPart,
  sections: most(part.Closed({ id: KeyPart, ...Names, hours: HoursPart }), LIMITS.menuSections),
  items: most(
    part.Closed({
      id: KeyPart,
      ...Names,
      section: KeyPart,
      text: Type.Union([part.TextPart(LIMITS.textLength), Type.Literal('')], {
        description: 'what it is; may be empty',
      }),
      price: part.AmountPart,
      tax: orNull(TaxPart),
      options: Type.Array(KeyPart, { maxItems: LIMITS.itemOptions, uniqueItems: true }),
    }),
    LIMITS.menuItems,
  ),
  options: most(
    part.Closed({
      id: KeyPart,
      ...Names,
      kind: part.literals(['exactly', 'most'], 'choose exactly, or at most, `count`'),
      count: Type.Integer({ minimum: 1, maximum: LIMITS.menuChoices }),
      choices: most(part.Closed({ id: KeyPart, ...Names, price: part.AmountPart }), LIMITS.menuChoices, 1),
    }),
    LIMITS.menuOptions,
  ),
  courses: most(part.Closed({ id: KeyPart, ...Names }), LIMITS.menuCourses),
})
export type MenuWire = Static<typeof MenuPart>

const StockPart = Type.Array(part.Closed({ item: KeyPart, left: Type.Integer() }), {
  description: 'of items that are counted; 0 is sold out, an item that is not here has no end',
})
const PayingPart = part.literals(['first', 'end'], 'first: paid, then made · end: the table pays when it likes')

export const PointMenuView = part.Closed({
  point: PointIdPart,
  label: Type.String(),
  place: Type.String(),
  shop: Type.String(),
  legalName: Type.String(),
  paying: PayingPart,
  version: part.VersionPart,
  menu: MenuPart,
  stock: StockPart,
  open: Type.Boolean({ description: 'the menu’s hours say so; a section may have further ones' }),
  closedSections: Type.Array(KeyPart, { description: 'sections from which nothing can be ordered now' }),
  opensAt: orNull(part.TimePart),
  closesAt: orNull(part.TimePart),
  now: part.TimePart,
})
export type PointMenuView = Static<typeof PointMenuView>

export const OfficeMenuView = part.Closed({
  version: part.VersionPart,
  savedAt: orNull(part.TimePart),
  menu: orNull(MenuPart),
  stock: StockPart,
})
export type OfficeMenuView = Static<typeof OfficeMenuView>

const Sums = {
  total: part.AmountPart,
  paid: part.AmountPart,
  reserved: Type.String({ description: 'in shares that somebody pays, or that wait for somebody' }),
  left: Type.String({ description: 'paid at the till or not at all, as the shop has said' }),
  open: Type.String({ description: 'total less paid, reserved and left' }),
}
const LineNumber = Type.Integer({ minimum: 1 })
const LineFacts = {
  line: LineNumber,
  item: KeyPart,
  ...Names,
  choices: Type.Array(NamesPart),
  course: orNull(NamesPart),
  note: Type.String(),
  quantity: Type.Integer(),
  amount: part.AmountPart,
  state: part.literals(LINE_STATES),
  reason: orNull(part.literals(REFUSE_REASONS)),
}

export const TabLineView = part.Closed({
  ...LineFacts,
  order: LineNumber,
  mine: Type.Boolean(),
  who: Type.String({ description: 'the display name of whoever ordered it' }),
  orderedAt: part.TimePart,
  open: part.AmountPart,
  pay: part.literals(
    ['open', 'reserved', 'paid', 'back', 'none'],
    'open: something of it can be reserved · back: refused after it was paid, and given back · none: nothing is to be paid',
  ),
})
export type TabLineView = Static<typeof TabLineView>

export const TabShareView = part.Closed({
  share: LineNumber,
  mine: Type.Boolean(),
  who: orNull(Type.String({ description: 'null while an equal share waits for somebody to take it' })),
  kind: part.literals(['lines', 'equal', 'left']),
  nth: orNull(Type.Integer()),
  of: orNull(Type.Integer()),
  state: part.literals(['free', 'reserved', 'paid', 'left']),
  amount: part.AmountPart,
  lines: Type.Array(part.Closed({ line: LineNumber, amount: part.AmountPart })),
  /** of one's own alone */
  deal: orNull(part.DealIdPart),
  number: orNull(part.NumberPart),
  link: orNull(Type.String({ description: 'joins the share’s deal; null once this phone has' })),
  payment: orNull(part.PaymentIdPart),
  expiresAt: orNull(part.TimePart),
})
export type TabShareView = Static<typeof TabShareView>

export const TabView = part.Closed({
  tab: TabIdPart,
  version: part.VersionPart,
  point: PointIdPart,
  label: Type.String(),
  shop: Type.String(),
  unit: part.UnitPart,
  paying: PayingPart,
  state: part.literals(
    ['open', 'closed', 'over'],
    'closed: nothing more is ordered, what is open can be paid · over: nothing is open any more',
  ),
  ...Sums,
  guests: Type.Array(Type.String({ description: 'display names of who sits at this table' })),
  lines: Type.Array(TabLineView),
  shares: Type.Array(TabShareView),
  endsAt: part.TimePart,
  now: part.TimePart,
})
export type TabView = Static<typeof TabView>

export const OrderedView = part.Closed({
  order: LineNumber,
  share: orNull(LineNumber),
  tab: TabView,
})
export type OrderedView = Static<typeof OrderedView>
export const SharedView = part.Closed({ share: LineNumber, tab: TabView })
export type SharedView = Static<typeof SharedView>

export const KitchenTabView = part.Closed({
  tab: TabIdPart,
  version: part.VersionPart,
  label: Type.String(),
  unit: part.UnitPart,
  paying: PayingPart,
  state: part.literals(['open', 'closed', 'over']),
  openedAt: part.TimePart,
  endsAt: part.TimePart,
  ...Sums,
  guests: Type.Array(Type.String()),
  /** money that still has to go back for refused lines; `trouble`: why the last try failed */
  back: Type.Array(
    part.Closed({
      line: LineNumber,
      amount: part.AmountPart,
      payment: part.PaymentIdPart,
      trouble: orNull(Type.String()),
    }),
  ),
  orders: Type.Array(
    part.Closed({
      order: LineNumber,
      call: Type.Integer({ description: 'a small number to call out' }),
      who: Type.String(),
      orderedAt: part.TimePart,
      paid: Type.Boolean(),
      lines: Type.Array(part.Closed(LineFacts)),
    }),
  ),
})
export type KitchenTabView = Static<typeof KitchenTabView>

export const KitchenView = part.Closed({
  tabs: Type.Array(KitchenTabView, { description: 'with something to do or to pay, oldest first' }),
  more: Type.Boolean({ description: 'there are more than are shown' }),
  tables: Type.Integer({
    description: 'signs of the shop at which one orders: without any there is no list to look at',
  }),
  now: part.TimePart,
})
export type KitchenView = Static<typeof KitchenView>

const phone = { access: 'signed', who: 'device', method: 'POST' } as const
const shop = { access: 'signed', who: 'terminal', method: 'POST' } as const
const STAFF_PROBLEMS = ['cashier-needed', 'not-permitted'] as const

const ShareWanted = Type.Union([
  part.Closed({ kind: Type.Literal('mine') }),
  part.Closed({
    kind: Type.Literal('lines'),
    lines: most(
      part.Closed({ line: LineNumber, quantity: Type.Integer({ minimum: 1, maximum: LIMITS.orderQuantity }) }),
      LIMITS.billLines,
      1,
    ),
  }),
  part.Closed({ kind: Type.Literal('equal'), of: Type.Integer({ minimum: 2, maximum: LIMITS.shareParts }) }),
])

export const ORDER_ROUTES = {
  pointMenu: {
    method: 'GET',
    path: '/v1/points/{point}/menu',
    access: 'open',
    summary: 'What can be ordered at this table or counter, and what is left of it.',
    params: part.Closed({ point: PointIdPart }),
    response: PointMenuView,
    problems: ['not-found', 'point-ended', 'too-many-tries'],
  },
  order: {
    ...phone,
    path: '/v1/tabs/orders',
    summary: 'Orders. Prices are the menu’s at the version the phone saw. The same command again is the same order.',
    body: part.Closed({
      command: part.CommandIdPart,
      point: PointIdPart,
      tab: Type.Union([TabIdPart, Type.Null()], {
        description: 'the tab this phone knows of at the table; null: the one that is open there, or a new one',
      }),
      version: Type.Integer({ minimum: 1, description: 'the menu’s' }),
      lines: most(
        part.Closed({
          item: KeyPart,
          quantity: Type.Integer({ minimum: 1, maximum: LIMITS.orderQuantity }),
          choices: Type.Array(part.Closed({ option: KeyPart, choice: KeyPart }), {
            maxItems: LIMITS.itemOptions * LIMITS.menuChoices,
          }),
          course: orNull(KeyPart),
          note: Type.Union([part.TextPart(LIMITS.noteLength), Type.Literal('')]),
        }),
        LIMITS.orderLines,
        1,
      ),
    }),
    response: OrderedView,
    problems: [
      'not-found',
      'point-ended',
      'menu-changed',
      'menu-closed',
      'sold-out',
      'order-invalid',
      'tab-closed',
      'tab-full',
      'too-many-tabs',
      'too-many-tries',
      'device-revoked',
      'command-mismatch',
    ],
  },
  sit: {
    ...phone,
    path: '/v1/tabs',
    summary: 'Sits down at a table where somebody has ordered: its tab can be seen and paid. The others see the name.',
    body: part.Closed({ point: PointIdPart }),
    response: TabView,
    problems: ['not-found', 'point-ended', 'tab-full', 'too-many-tries', 'device-revoked'],
  },
  tab: {
    method: 'GET',
    path: '/v1/tabs/{tab}',
    access: 'token',
    who: 'device',
    summary: 'The tab of a table at which this person sits.',
    params: part.Closed({ tab: TabIdPart }),
    response: TabView,
    problems: ['not-found'],
  },
  share: {
    ...phone,
    path: '/v1/tabs/shares',
    summary:
      'Reserves a share and opens its deal, for this phone to join: one’s own lines, named ones, or an equal share of all that is open.',
    body: part.Closed({ command: part.CommandIdPart, tab: TabIdPart, share: ShareWanted }),
    response: SharedView,
    problems: [
      'not-found',
      'line-taken',
      'nothing-open',
      'share-differs',
      'share-too-small',
      'tab-full',
      'too-many-tries',
      'device-revoked',
      'command-mismatch',
      'terminal-inactive',
      'account-frozen',
      'account-closed',
    ],
  },
  shareBack: {
    ...phone,
    path: '/v1/tabs/shares/back',
    summary:
      'Gives back a share that was not paid: its deal is cancelled, and others can pay it. A paid one stays paid.',
    body: part.Closed({ tab: TabIdPart, share: LineNumber }),
    response: TabView,
    problems: ['not-found', 'device-revoked'],
  },
  menu: {
    method: 'GET',
    path: '/v1/menu',
    access: 'token',
    who: 'terminal',
    summary: "The merchant's menu; version 0 while there is none.",
    response: OfficeMenuView,
    problems: STAFF_PROBLEMS,
  },
  setMenu: {
    ...shop,
    path: '/v1/menu',
    summary: 'A new menu in place of the one it was based on. Orders made before keep their prices.',
    body: part.Closed({ basedOn: part.VersionPart, menu: MenuPart }),
    bodyBytes: LIMITS.menuBytes,
    response: OfficeMenuView,
    problems: [
      ...STAFF_PROBLEMS,
      'menu-changed',
      'menu-invalid',
      'unit-invalid',
      'unit-mismatch',
      'amount-invalid',
      'too-many-tries',
    ],
  },
  setStock: {
    ...shop,
    path: '/v1/menu/stock',
    summary: 'How many are left of an item; null for no end. The menu’s version stays.',
    body: part.Closed({
      item: KeyPart,
      left: orNull(Type.Integer({ minimum: 0, maximum: LIMITS.stock })),
    }),
    response: OfficeMenuView,
    problems: [...STAFF_PROBLEMS, 'not-found'],
  },
  kitchen: {
    method: 'GET',
    path: '/v1/kitchen',
    access: 'token',
    who: 'terminal',
    summary: 'What was ordered and is not served yet, and the tabs that are not over.',
    response: KitchenView,
    problems: STAFF_PROBLEMS,
  },
  mark: {
    ...shop,
    path: '/v1/kitchen/mark',
    summary:
      'Lines are accepted, ready, served, or refused; what is so already stays so. What was paid of a refused line goes back by itself.',
    body: part.Closed({
      tab: TabIdPart,
      lines: Type.Array(LineNumber, { minItems: 1, maxItems: LIMITS.billLines, uniqueItems: true }),
      state: part.literals(['accepted', 'ready', 'served', 'refused']),
      reason: orNull(part.literals(REFUSE_REASONS)),
    }),
    response: KitchenTabView,
    problems: [...STAFF_PROBLEMS, 'not-found', 'line-moved-on', 'field-invalid'],
  },
  closeTab: {
    ...shop,
    path: '/v1/kitchen/close',
    summary: 'Nothing more can be ordered.',
    body: part.Closed({
      tab: TabIdPart,
      rest: part.literals(
        ['waits', 'left'],
        'waits: the guests pay what is open · left: it is paid at the till, or not at all',
      ),
    }),
    response: KitchenTabView,
    problems: [...STAFF_PROBLEMS, 'not-found', 'share-under-way'],
  },
} as const satisfies Record<string, Route>

export type OrderRouteName = keyof typeof ORDER_ROUTES
type PartOf<Name extends OrderRouteName, Part extends 'body'> =
  (typeof ORDER_ROUTES)[Name] extends Readonly<Record<Part, infer Schema extends TSchema>> ? Static<Schema> : unknown
export type OrderBody<Name extends OrderRouteName> = PartOf<Name, 'body'>
export type OrderRouteView<Name extends OrderRouteName> = Static<(typeof ORDER_ROUTES)[Name]['response']>

export const ALL_ORDER_ROUTES: readonly Route[] = Object.values(ORDER_ROUTES)
