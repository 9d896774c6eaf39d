// The tables of cards in the demo town: its two issuers as they have agreed with the operator, and what the bakery takes. Made once by the
// operator's own commands; where an issuer is found at another address than before, its row is put right.
import { createHash } from 'node:crypto'
import { idFrom } from '#core/ids.ts'
import type { AccountNumber } from '#core/accounts.ts'
import type { IssuerWire, MerchantWire, RangeWire, TableChange } from '#protocol/card-tables.ts'
import { DESK_ON_THE_MACHINE, type OperatorDesk } from '../operator.ts'
import { isProblem } from '../http-problems.ts'
import type { CardTables } from './tables.ts'
import { issuerView } from './tables-wire.ts'

/** Where the demo's issuers answer. */
export type DemoIssuers = readonly Readonly<{ code: string; host: string; port: number }>[]

type Agreed = Omit<IssuerWire, 'host' | 'port'>

const TANUKI: Agreed = {
  code: '0001',
  name: 'Tanuki Card',
  nameJa: 'タヌキカード',
  acquirer: '90001',
  oneTimePrefix: '457198',
  isOpen: true,
  colour: '#6b4423',
  ink: '#ffffff',
  terms: {
    unit: 'JPY',
    closesOn: 31,
    dueOn: 27,
    instalments: {
      counts: [2, 3, 5, 6, 10, 12, 15, 18, 20, 24],
      freeCounts: [2],
      yearlyRate: 1500,
      smallest: '1000',
    },
    bonus: {
      periods: [
        { month: 8, from: 1216, to: 615 },
        { month: 1, from: 716, to: 1115 },
      ],
      smallest: '5000',
    },
    partBonus: { counts: [6, 10, 12, 18, 24], smallest: '20000' },
    revolving: { monthly: '5000', yearlyRate: 1500, smallest: '1000' },
  },
}
const KITSUNE: Agreed = {
  code: '0002',
  name: 'Kitsune Credit',
  nameJa: 'キツネ信販',
  acquirer: '90001',
  oneTimePrefix: '35891239',
  isOpen: true,
  colour: '#b3431e',
  ink: '#ffffff',
  terms: {
    unit: 'JPY',
    closesOn: 15,
    dueOn: 10,
    instalments: { counts: [2, 3, 6, 12], freeCounts: [2], yearlyRate: 1225, smallest: '3000' },
    bonus: null,
    partBonus: null,
    revolving: { monthly: '10000', yearlyRate: 1225, smallest: '3000' },
  },
}
export const DEMO_AGREED: readonly Agreed[] = [TANUKI, KITSUNE]

export const DEMO_RANGES: readonly RangeWire[] = [
  { prefix: '457199', issuer: '0001' },
  { prefix: '35891234', issuer: '0002' },
]

/** Small shops take few methods; the bakery all that there are. */
const FEW: MerchantWire['methods'] = { lump: true, instalments: [2, 3], bonus: [], partBonus: [], revolving: false }
const TANUKI_ALL: MerchantWire['methods'] = {
  lump: true,
  instalments: [2, 3, 5, 6, 10, 12],
  bonus: [
    { from: 1216, to: 615 },
    { from: 716, to: 1115 },
  ],
  partBonus: [6, 12],
  revolving: true,
}
const KITSUNE_ALL: MerchantWire['methods'] = { ...FEW, instalments: [2, 3, 6, 12], revolving: true }

const BAKERY_NUMBER = 'MARUBENI0000001'
const EVERYBODY = { merchant: null, number: 'WARIFUTOWN00001', category: '5999', methods: FEW }
const merchantsOf = (bakery: AccountNumber): MerchantWire[] => [
  { ...EVERYBODY, issuer: '0001' },
  { ...EVERYBODY, issuer: '0002' },
  { merchant: bakery, number: BAKERY_NUMBER, category: '5462', issuer: '0001', methods: TANUKI_ALL },
  { merchant: bakery, number: BAKERY_NUMBER, category: '5462', issuer: '0002', methods: KITSUNE_ALL },
]

/** Makes what is missing; repeated without harm, by two hubs at once too. What the operator has changed since stays. */
export async function settleDemoTables(
  parts: Readonly<{
    desk: Pick<OperatorDesk, 'perform'>
    tables: Pick<CardTables, 'reload' | 'issuerOf' | 'ranges' | 'version'>
    bakery: AccountNumber
  }>,
  issuers: DemoIssuers,
): Promise<void> {
  const { desk, tables, bakery } = parts

  async function set(change: TableChange): Promise<void> {
    const version = tables.version()
    const seed = createHash('sha256')
      .update(`demo card tables ${version} ${JSON.stringify(change)}`)
      .digest()
    const command = idFrom('cmd', seed.subarray(0, 16))
    const done = await desk.perform(DESK_ON_THE_MACHINE, 'set-card-tables', {
      command,
      why: 'demo town',
      version,
      change,
    })
    // Another hub was first, and does the same.
    if (isProblem(done) && done.code !== 'card-tables-changed') throw new Error(`the demo's tables: ${done.code}`)
    await tables.reload()
  }

  await tables.reload()
  const found = DEMO_AGREED.flatMap((agreed): IssuerWire[] => {
    const at = issuers.find(({ code }) => code === agreed.code)
    const known = tables.issuerOf(agreed.code)
    if (at === undefined || (known?.host === at.host && known.port === at.port)) return []
    return [{ ...(known === undefined ? agreed : issuerView(known)), host: at.host, port: at.port }]
  })
  if (found.length > 0) await set({ table: 'issuers', isWhole: false, rows: found })
  // The ranges come last: an issuer that has one has the rest.
  const begun = new Set(tables.ranges().map(({ issuer }) => issuer))
  const isNew = ({ issuer }: Readonly<{ issuer: string }>): boolean =>
    tables.issuerOf(issuer)?.isOpen === true && !begun.has(issuer)
  const merchants = merchantsOf(bakery).filter(isNew)
  if (merchants.length > 0) await set({ table: 'merchants', isWhole: false, rows: merchants })
  const ranges = DEMO_RANGES.filter(isNew)
  if (ranges.length > 0) await set({ table: 'ranges', isWhole: false, rows: ranges })
}
