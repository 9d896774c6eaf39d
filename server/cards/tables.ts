// The tables of cards as the rest of the hub asks them: from memory, at every choice of a card, and read anew when their version is another.
import type { Method } from '#core/method.ts'
import type { CardRange, TakenMethods } from '#core/card-ranges.ts'
import { methodsOn, takesAny } from '#core/card-ranges.ts'
import type { PartyId } from '#core/ids.ts'
import type { PlanTerms } from '#core/plan.ts'
import type { Tables as VaultTables } from '#vault/wire.ts'
import type { CardTableRows, Issuer, MerchantRow, Tables } from '../postgres/card-tables.ts'

/** How a merchant takes an issuer's cards. */
export type Accepted = Readonly<{ number: string; category: string; methods: TakenMethods }>

export type CardTables = ReturnType<typeof cardTables>

const NONE: Tables = { version: 0, changedAt: 0, issuers: [], ranges: [], merchants: [] }

/** Empty until `reload` has been awaited once; `watch` is called again and again and is cheap. */
export function cardTables(rows: CardTableRows) {
  let tables = NONE
  let issuers: ReadonlyMap<string, Issuer> = new Map()
  let merchants: ReadonlyMap<string, MerchantRow> = new Map()
  const listeners = new Set<() => void>()

  async function reload(): Promise<void> {
    tables = await rows.load()
    issuers = new Map(tables.issuers.map((issuer) => [issuer.code, issuer]))
    merchants = new Map(tables.merchants.map((row) => [keyOf(row.merchant, row.issuer), row]))
    for (const listener of listeners) listener()
  }

  /** The row of the merchant, or the one for all of them. Undefined: it takes no card of this issuer, or the issuer is closed. */
  function acceptedBy(merchant: PartyId, code: string): Accepted | undefined {
    const row = merchants.get(keyOf(merchant, code)) ?? merchants.get(keyOf(null, code))
    if (row === undefined || issuers.get(code)?.isOpen !== true || !takesAny(row.methods)) return undefined
    const { number, category, methods } = row
    return { number, category, methods }
  }

  return {
    rows,
    reload,
    async watch(): Promise<void> {
      if ((await rows.version()) !== tables.version) await reload()
    },
    /** Called whenever the tables may be others. */
    onChange: (listener: () => void): void => void listeners.add(listener),
    version: (): number => tables.version,
    issuers: (): readonly Issuer[] => tables.issuers,
    issuerOf: (code: string): Issuer | undefined => issuers.get(code),
    termsOf: (code: string): PlanTerms | undefined => issuers.get(code)?.terms,
    /** Of issuers that are open. */
    ranges: (): readonly CardRange[] => tables.ranges.filter(({ issuer }) => issuers.get(issuer)?.isOpen === true),
    acceptedBy,
    /** Does the merchant take a card of this issuer by this method on this day (20261203)? */
    accepts(merchant: PartyId, code: string, method: Method, day: number): boolean {
      const accepted = acceptedBy(merchant, code)
      return accepted !== undefined && methodsOn(accepted, day).includes(method)
    },
    /** What the vault works by. A closed issuer has no ranges there, so that no card of it is registered; refunds still find it. */
    forVault(): VaultTables {
      return {
        version: tables.version,
        issuers: tables.issuers.map(({ code, name, nameJa, host, port, acquirer, oneTimePrefix }) => ({
          code,
          name,
          nameJa,
          host,
          port,
          acquirer,
          oneTimePrefix,
        })),
        ranges: tables.ranges
          .filter(({ issuer }) => issuers.get(issuer)?.isOpen === true)
          .map(({ prefix, issuer }) => ({ prefix, issuer })),
      }
    },
  }
}

const keyOf = (merchant: PartyId | null, issuer: string): string => `${merchant ?? '*'} ${issuer}`
