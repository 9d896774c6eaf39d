// What every part of a run shares. Made once by simulate.ts.
import type { DealView } from '#protocol/views.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { Store } from '#switch/store.ts'
import type { Scheme } from '#switch/switch.ts'
import type { Bank } from './bank.ts'
import type { Sale } from './card-issuer.ts'
import type { Cards } from './cards.ts'
import type { Checks } from './checks.ts'
import type { Codes } from './codes.ts'
import type { Clock } from './clock.ts'
import type { BillToSign, SignedBill } from '#sdk/hand-back.ts'
import type { AccountNumber } from '#core/accounts.ts'
import type { PartyId } from '#core/ids.ts'
import type { Directory } from './directory.ts'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'
import type { Plant } from './plants.ts'
import type { RateTable } from './rates.ts'
import type { ShopMessage, WebShopBook } from './web-shop.ts'
import type { Sealed } from './wire.ts'

export type World = {
  readonly clock: Clock
  readonly history: History
  readonly scheme: Scheme
  readonly directory: Directory
  readonly checks: Checks
  /** as the hubs know it: every commit is observed, and a planted bug may lie in between */
  readonly store: Store
  readonly memory: MemoryStore
  /** one for all hubs, as the real ones keep theirs in the database */
  readonly budgets: Budgets
  /** and what became of the customers' codes */
  readonly codes: Codes
  readonly plant: Plant
  faults: Faults
  /** when a topic's rows were last written, by whichever hub */
  readonly commits: Map<string, number>
  /** towards the end nobody begins anything new, and everybody ends what is open */
  isClosing: boolean
  /** what the screen of each register shows, for people to read */
  readonly screens: Map<string, DealView | null>
  /** links that people have sent each other */
  readonly links: { from: string; token: string }[]
  /** bills shown to be signed, and what was handed back, to whom it was shown */
  readonly toSign: { from: string; asked: BillToSign; purchase: string | null }[]
  readonly signed: { to: string; by: string; signed: SignedBill }[]
  /** codes that customers hold up, and those that somebody has photographed */
  readonly shown: string[]
  readonly photographed: string[]
  /** what the database keeps for the shop on the web, and where its server listens while it runs */
  readonly web: WebShopBook
  /** the payers' bank, and what a unit is worth in the other */
  readonly bank: Bank
  /** the payers' cards, with the vault and the issuer behind them */
  readonly cards: Cards
  readonly rates: RateTable
  /** one-time numbers that somebody at a shop has seen */
  readonly oneTime: Sale[]
  readonly receivers: Map<string, (message: ShopMessage) => void>
  putContact(contact: { party: PartyId; account: AccountNumber; status: 'listed' | 'blocked' }): Promise<void>
  /** requests that the thief has listened to */
  readonly overheard: Sealed[]
}

/** For a process that has died: it goes on with nothing. */
export const never = (): Promise<never> => new Promise(() => {})
