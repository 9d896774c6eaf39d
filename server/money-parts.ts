// What can be paid with besides the account itself, wired together: exchange rates, bank accounts with the operator's bank, and cards. In three
// steps, because each needs what the one before has made: the means there are (the switch asks for them), the loops that carry orders out
// (with the switch), and the routes.
import type { PartyId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { OtherMeans, Switch } from '#switch/switch.ts'
import type { ProvePresence } from './auth/presence.ts'
import type { BankSettings } from './bank/bank.ts'
import { bankOverHttp } from './bank/bank-http.ts'
import { bankLoop } from './bank/loop.ts'
import { serveBankReport } from './bank/report.ts'
import { cardParts, type CardSettings } from './cards/parts.ts'
import { cardDayLoop } from './cards/report.ts'
import { serveCardDesk } from './cards/tables-http.ts'
import type { VaultSettings } from './cards/vault.ts'
import type { OnRoute } from './http-callers.ts'
import { registeredMeans, serveMeans } from './means/means.ts'
import type { Database } from './postgres/connect.ts'
import type { Loop } from './loops.ts'
import { postgresMeans } from './postgres/means.ts'
import type { Profiles } from './postgres/profiles.ts'
import { postgresDebits } from './postgres/reconcile-debits.ts'
import { asking, postgresNotices } from './postgres/reconcile.ts'
import { postgresCardDays } from './postgres/reconcile-cards.ts'
import { serveRates } from './rates/rates-http.ts'
import { rateBook } from './rates/setting.ts'
import { sourceLoop, type RateSource } from './rates/source.ts'
import type { Sight } from './sight.ts'

export type MoneySettings = Readonly<{
  database: Database
  /** `rules` are those in force at the moment */
  scheme: Readonly<{ name: string; unit: Unit; buckets: number; rules: Readonly<{ zone: string }> }>
  bank: BankSettings | null
  vault: VaultSettings | null
  rateSource: RateSource | null
  machines: CardSettings['machines']
  directory: CardSettings['directory']
  /** the hub's clock */
  now: () => number
  onSourceTrouble: Parameters<typeof sourceLoop>[0]['onTrouble']
  onAlarm: CardSettings['onAlarm']
  onError: (error: unknown) => void
}>

export function moneyParts(settings: MoneySettings) {
  const { database, scheme, rateSource, now, onSourceTrouble, onError } = settings
  const zone = (): string => scheme.rules.zone
  const exchange = rateBook(database, scheme.buckets)
  const { rates } = exchange
  const life = new AbortController()
  const bank = settings.bank && bankOverHttp({ ...settings.bank, zone, now, life: life.signal })
  const rows = postgresMeans(database)
  const means = registeredMeans({ rows, bank })
  const card = cardParts({ ...settings, zone, life: life.signal })
  let banking: ReturnType<typeof bankLoop> | null = null
  let rating: ReturnType<typeof sourceLoop> | null = null
  const reporting = { ask: asking(database), scheme, now }
  const cardDays = postgresCardDays(database)
  let comparing: Loop | null = null

  const otherMeans: OtherMeans = async ({ party, accounts }, unit) => {
    const open = accounts.filter(
      (account) => account.status === 'open' && account.balance > 0n && account.unit !== unit,
    )
    const found = await Promise.all(open.map((account) => rates.of(account.unit, unit)))
    return found.some((rate) => rate !== undefined) || (await means.any(party, unit)) || card.cards.any(party, unit)
  }

  return {
    exchange,
    means,
    cards: card.cards,
    cardTables: card.tables,
    vaultDesk: card.vaultDesk,
    otherMeans,
    /** Before anybody asks. */
    load: card.load,
    /** Starts what goes on by itself. */
    start({ store, hub }: Readonly<{ store: Store; hub: Switch }>): void {
      banking =
        settings.bank &&
        bank &&
        bankLoop({
          store,
          hub,
          bank,
          means: rows,
          debits: postgresDebits(database),
          notices: postgresNotices(database),
          settings: settings.bank,
          zone,
          now,
          onError,
        })
      card.start({ store, hub })
      comparing = card.vaultDesk && cardDayLoop({ ...reporting, vault: card.vaultDesk, days: cardDays, onError })
      rating = rateSource && sourceLoop({ source: rateSource, ...exchange, now, onTrouble: onSourceTrouble, onError })
    },
    banking: () => banking,
    /** Goes once through what is not urgent with the vault (tests). */
    cardsCatchUp: card.catchUp,
    /** New orders wait. */
    wake(): void {
      banking?.wake()
      card.wake()
    },
    serve(
      on: OnRoute,
      parts: Readonly<{
        store: Store
        sight: Sight
        profiles: Profiles
        provePresence: ProvePresence
        budgets: Budgets
      }>,
    ): void {
      const languageOf = async (party: PartyId) =>
        (await parts.profiles.profileOf(party))?.language === 'ja' ? 'ja' : 'en'
      const { provePresence, budgets } = parts
      const onEnded = (): void => banking?.wake()
      serveMeans(on, { rows, bank, unit: scheme.unit, languageOf, provePresence, budgets, onEnded })
      card.serve(on, { ...parts, languageOf })
      serveCardDesk(on, { ...reporting, tables: card.tables, vault: card.vaultDesk, days: cardDays })
      serveBankReport(on, { ask: asking(database), scheme, isConnected: bank !== null, now })
      serveRates(on, { rates, source: rateSource, zone, now })
    },
    /** Asks nobody anything more: what is under way ends at once. */
    cut: (): void => life.abort(),
    async stop(): Promise<void> {
      await Promise.all([banking?.stop(), card.stop(), rating?.stop(), comparing?.stop()])
    },
  }
}
