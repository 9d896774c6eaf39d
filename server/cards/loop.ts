// What the hub does by itself with the vault: orders whose time has come, cards that have ended, the tables as they are now, and alarms, which
// go to the operator's log.
import type { Switch } from '#switch/switch.ts'
import type { Store } from '#switch/store.ts'
import { orderLoop, type OrderLoop } from '../outside/loop.ts'
import type { CardRow, CardRows } from '../postgres/cards.ts'
import type { Cards } from './cards.ts'
import { createCarrying } from './carrying.ts'
import type { CardTables } from './tables.ts'
import { cardOf, type Vault, type VaultSettings } from './vault.ts'

/** A payer and a shop wait so long; the payment itself gives up five seconds later. */
const WITHIN_MS = 25_000
/** As long, where the terminal sends the number by itself: five seconds less than the payment waits. */
const ONE_TIME_WITHIN_MS = 115_000
const AGAIN_MS = 500
const ENDS_AT_ONCE = 20
/** Whoever asked for a card has gone long since. */
const FORGET_AFTER_MS = 3_600_000

export type Alarm = Readonly<{ n: number; at: number; kind: string; order: string | null; detail: string }>

/** `catchUp` goes through everything but the orders once (tests, and the first round). */
export function cardLoop(
  parts: Readonly<{
    store: Store
    hub: Pick<Switch, 'answerOutside'>
    vault: Vault
    rows: CardRows
    tables: Pick<CardTables, 'acceptedBy' | 'forVault' | 'version'>
    isExpired: (card: CardRow) => boolean
    takes: Cards['takes']
    place: string
    settings: VaultSettings
    now: () => number
    onAlarm: (alarm: Alarm) => void
    onError: (error: unknown) => void
  }>,
): OrderLoop & Readonly<{ catchUp(): Promise<void> }> {
  const { store, vault, rows, tables, settings, onAlarm, onError } = parts
  const { carryOut } = createCarrying({
    ...parts,
    cards: rows,
    withinMs: ({ oneTime }) =>
      oneTime ? (settings.oneTimeWithinMs ?? ONE_TIME_WITHIN_MS) : (settings.withinMs ?? WITHIN_MS),
    againMs: settings.againMs ?? AGAIN_MS,
  })

  async function catchUp(): Promise<void> {
    await rows.forgetAsked(FORGET_AFTER_MS)
    const health = await vault.health()
    if (health.kind !== 'heard' || health.said.state !== 'ready') return
    await tellTables(health.said.tables)
    for (const id of await rows.endsDue(ENDS_AT_ONCE)) {
      if ((await vault.endCard(cardOf(id))).kind !== 'heard') break
      await rows.endTold(id)
    }
    await readAlarms()
  }

  /** The hub's tables are the truth; the vault works by the newest that it was told. */
  async function tellTables(known: number | null): Promise<void> {
    if (known === null || known < tables.version()) await vault.putTables(tables.forVault())
  }

  /** Each alarm is written to one hub's log, once. */
  async function readAlarms(): Promise<void> {
    for (;;) {
      const seen = await rows.alarmsSeen()
      const heard = await vault.alarms(seen)
      if (heard.kind !== 'heard') return
      const fresh = heard.said.alarms.filter(({ n }) => n > seen)
      const last = fresh.at(-1)
      if (last === undefined) return
      if (await rows.moveAlarms(seen, last.n)) fresh.forEach(onAlarm)
    }
  }

  return { ...orderLoop({ store, via: 'card', carryOut, catchUp, onError }), catchUp }
}
