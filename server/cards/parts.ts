// Cards, wired together: the tables, the vault as far as there is one, what may be chosen, what is carried out, and the routes.
import type { Unit } from '#core/money.ts'
import type { PartyId } from '#core/ids.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { ProvePresence } from '../auth/presence.ts'
import type { OnRoute } from '../http-callers.ts'
import { every, type Loop } from '../loops.ts'
import type { Database } from '../postgres/connect.ts'
import { postgresCardTables } from '../postgres/card-tables.ts'
import { postgresPaidByCard } from '../postgres/card-payments.ts'
import { postgresCards } from '../postgres/cards.ts'
import type { Sight } from '../sight.ts'
import { registeredCards, type CardsParts } from './cards.ts'
import { serveCards } from './cards-http.ts'
import { cardLoop, type Alarm } from './loop.ts'
import { servePaidByCard } from './paid.ts'
import { cardRegistering } from './registering.ts'
import { cardTables } from './tables.ts'
import type { Vault, VaultDesk, VaultSettings } from './vault.ts'
import { vaultOverHttp } from './vault-http.ts'

/** Screens are drawn with it: looked at this often at most. */
const READY_MS = 2_000
/** Tables that were changed at another hub are known here after this. */
const TABLES_EVERY_MS = 1_000

export type CardSettings = Readonly<{
  database: Database
  vault: VaultSettings | null
  machines: CardsParts['machines']
  directory: CardsParts['directory']
  scheme: Readonly<{ name: string; unit: Unit }>
  zone: () => string
  now: () => number
  /** ends what is under way: the hub stops */
  life: AbortSignal
  onAlarm: (alarm: Alarm) => void
  onError: (error: unknown) => void
}>

export function cardParts(settings: CardSettings) {
  const { database, scheme, now, life, onAlarm, onError } = settings
  const tables = cardTables(postgresCardTables(database))
  const rows = postgresCards(database)
  const vault = settings.vault && vaultOverHttp({ ...settings.vault, life })
  const cards = registeredCards({ ...settings, rows, tables, isConnected: vault !== null })
  const isReady = readiness(vault, now)
  let loop: ReturnType<typeof cardLoop> | null = null
  let watching: Loop | null = null
  tables.onChange(() => loop?.wake())

  return {
    cards,
    tables,
    vaultDesk: vault && vaultDesk(vault),
    /** Before anybody asks. */
    load: (): Promise<void> => tables.reload(),
    /** Starts what goes on by itself. */
    start({ store, hub }: Readonly<{ store: Store; hub: Switch }>): void {
      watching = every(TABLES_EVERY_MS, tables.watch, onError)
      loop =
        settings.vault &&
        vault &&
        cardLoop({
          store,
          hub,
          vault,
          rows,
          tables,
          isExpired: cards.isExpired,
          takes: cards.takes,
          place: scheme.name,
          settings: settings.vault,
          now,
          onAlarm,
          onError,
        })
    },
    /** New orders wait, or a card has ended. */
    wake(): void {
      loop?.wake()
    },
    /** Goes once through all but the orders (tests). */
    catchUp: async (): Promise<void> => loop?.catchUp(),
    serve(
      on: OnRoute,
      parts: Readonly<{
        store: Store
        sight: Sight
        languageOf: (party: PartyId) => Promise<'en' | 'ja'>
        provePresence: ProvePresence
        budgets: Budgets
      }>,
    ): void {
      const registering = cardRegistering({ ...parts, rows, vault, tables, unit: scheme.unit })
      servePaidByCard(on, { rows: postgresPaidByCard(database), store: parts.store })
      serveCards(on, { ...parts, rows, cards, registering, vault, tables, isReady, onEnded: () => loop?.wake() })
    },
    async stop(): Promise<void> {
      await Promise.all([loop?.stop(), watching?.stop()])
    },
  }
}

/** Is the vault there, with its key? Asked once for all who ask at the same time. */
function readiness(vault: Pick<Vault, 'health'> | null, now: () => number): () => Promise<boolean> {
  let known: Readonly<{ at: number; isReady: Promise<boolean> }> = { at: -READY_MS, isReady: Promise.resolve(false) }
  return () => {
    if (vault === null) return known.isReady
    if (now() - known.at >= READY_MS) {
      const asked = vault.health().then((heard) => heard.kind === 'heard' && heard.said.state === 'ready')
      known = { at: now(), isReady: asked }
    }
    return known.isReady
  }
}

function vaultDesk(vault: Vault): VaultDesk {
  return {
    async health() {
      const heard = await vault.health()
      return heard.kind === 'heard' ? heard.said : undefined
    },
    async alarms(after) {
      const heard = await vault.alarms(after)
      return heard.kind === 'heard' ? heard.said.alarms : undefined
    },
    reconcile: async (day) => (await vault.reconcile(day)).kind === 'heard',
    async report(day) {
      const heard = await vault.report(day)
      return heard.kind === 'heard' ? heard.said : undefined
    },
  }
}
