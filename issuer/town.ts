// The issuers that the reference program stands for, with their terms, and the cards and merchants of the demo.
import { luhnDigit } from '#core/card-number.ts'
import type { Method } from '#core/method.ts'
import type { PlanTerms } from '#core/plan.ts'
import type { Booked, IssuerTerms } from './books.ts'

const TANUKI_TERMS: PlanTerms = {
  unit: 'JPY',
  closesOn: 31,
  dueOn: 27,
  instalments: {
    counts: [2, 3, 5, 6, 10, 12, 15, 18, 20, 24],
    freeCounts: [2],
    yearlyRate: 1500,
    smallest: 1_000n,
  },
  bonus: {
    periods: [
      { month: 8, from: 1216, to: 615 },
      { month: 1, from: 716, to: 1115 },
    ],
    smallest: 5_000n,
  },
  partBonus: { counts: [6, 10, 12, 18, 24], smallest: 20_000n },
  revolving: { monthly: 5_000n, yearlyRate: 1500, smallest: 1_000n },
}

const KITSUNE_TERMS: PlanTerms = {
  unit: 'JPY',
  closesOn: 15,
  dueOn: 10,
  instalments: { counts: [2, 3, 6, 12], freeCounts: [2], yearlyRate: 1225, smallest: 3_000n },
  bonus: null,
  partBonus: null,
  revolving: { monthly: 10_000n, yearlyRate: 1225, smallest: 3_000n },
}

export const ISSUERS: readonly IssuerTerms[] = [
  {
    code: '0001',
    name: 'Tanuki Card',
    nameJa: 'タヌキカード',
    prefix: '457199',
    oneTimePrefix: '457198',
    terms: TANUKI_TERMS,
    validDays: 60,
  },
  {
    code: '0002',
    name: 'Kitsune Credit',
    nameJa: 'キツネ信販',
    prefix: '35891234',
    oneTimePrefix: '35891239',
    terms: KITSUNE_TERMS,
    validDays: 60,
  },
]

/** `issuer`: its code; `expires`: 2029-12; `code`: the three digits on its back */
export type TownCard = Readonly<{
  issuer: string
  number: string
  holder: string
  expires: string
  code: string
  limit: bigint
  isStopped?: boolean
}>

const withCheck = (digits: string): string => digits + luhnDigit(digits)

/** Cards to try everything with; no such number exists outside. */
export const CARDS: readonly TownCard[] = [
  card('0001', '457199000000101', 'HANAKO SATO', '2031-12', '123', 300_000n),
  card('0001', '457199000000202', 'KENJI TANAKA', '2030-06', '234', 5_000n),
  card('0001', '457199000000303', 'YUKI MORI', '2024-03', '345', 300_000n),
  { ...card('0001', '457199000000404', 'REN ABE', '2031-01', '456', 300_000n), isStopped: true },
  card('0002', '358912340000105', 'HANAKO SATO', '2029-09', '567', 200_000n),
  card('0002', '358912340000206', 'AOI KATO', '2030-11', '678', 1_000_000_000n),
]

function card(issuer: string, digits: string, holder: string, expires: string, code: string, limit: bigint): TownCard {
  return { issuer, number: withCheck(digits), holder, expires, code, limit }
}

/** Lump sums and instalments only, as small shops have it; every other merchant has what the issuer offers. */
const SMALL_SHOP: readonly Method[] = ['lump', 'instalments-2', 'instalments-3']

/** What an issuer's books begin with. */
export const openingRecords = (issuer: string, cards: readonly TownCard[]): Booked[] => [
  { what: 'merchant', number: '*', name: '', category: '5999', methods: null },
  { what: 'merchant', number: 'SMALLSHOP000001', name: 'Small Shop', category: '5999', methods: SMALL_SHOP },
  ...cards.filter((each) => each.issuer === issuer).map(cardRecord),
]

export const cardRecord = ({ issuer: _issuer, isStopped = false, ...card }: TownCard): Booked => ({
  what: 'card',
  ...card,
  limit: String(card.limit),
  isStopped,
})

/** Cards in a file: a JSON list of {issuer, number, expires, code, limit}, all texts, and holder where wanted. Throws for anything else. */
export function readCards(text: string): TownCard[] {
  const sent: unknown = JSON.parse(text)
  if (!Array.isArray(sent)) throw new Error('a list of cards is expected')
  return sent.map((each: unknown, at) => {
    const has = new Map<string, unknown>(Object.entries(typeof each === 'object' && each !== null ? each : {}))
    const part = (name: string, form: RegExp): string => {
      const value = has.get(name)
      if (typeof value !== 'string' || !form.test(value)) throw new Error(`card ${at + 1}: ${name} is not right`)
      return value
    }
    return {
      issuer: part('issuer', /^[0-9]{4}$/u),
      number: part('number', /^[0-9]{12,19}$/u),
      holder: has.has('holder') ? part('holder', /^[ -~]{1,40}$/u) : `CARD ${at + 1}`,
      expires: part('expires', /^20[0-9]{2}-(?:0[1-9]|1[0-2])$/u),
      code: part('code', /^[0-9]{3,4}$/u),
      limit: BigInt(part('limit', /^[0-9]{1,15}$/u)),
    }
  })
}
