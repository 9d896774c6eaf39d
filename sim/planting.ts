// How bugs are planted from outside: between the switch and its store, between the border and the switch, between client and wire.
import type { PostedTransfer, Transfer } from '#core/ledger.ts'
import type { Bill } from '#core/bill.ts'
import type { Payment, SchemeRules } from '#core/payment.ts'
import type { Call, Reply } from '#sdk/transport.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Command } from '#switch/command.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { DeskCommand } from '#switch/operator.ts'
import type { Answer, BucketNeeds, Rows, Store, Writes } from '#switch/store.ts'
import { workingRows } from '#switch/working.ts'
import type { IssuerBugs } from './card-issuer.ts'
import type { VaultBugs } from './card-vault.ts'
import type { ClerkBugs } from './clerk.ts'
import type { CardClerkBugs } from './clerk-cards.ts'
import type { Clock } from './clock.ts'
import type { Codes } from './codes.ts'
import { BUCKETS } from './directory.ts'
import type { Sign } from './places.ts'
import type { Chance } from './random.ts'
import type { WebBugs } from './web-shop.ts'
import type { World } from './world.ts'

/** What a store needs to know of its town. */
export type Around = Readonly<{ memory: MemoryStore; clock: Clock; zone: string }>

export type Plant = Readonly<{
  story: string
  store?: (around: Around) => Store
  budgets?: Budgets
  /** the town's own budgets, changed */
  budgeting?: (budgets: Budgets) => Budgets
  codes?: (codes: Codes) => Codes
  /** nobody looks whether the phone that made a code is still its owner's */
  codesOfAnyPhone?: true
  /** other rules than the scheme's */
  rules?: (rules: SchemeRules) => SchemeRules
  /** nobody looks whether a register has signed when it took a purchase */
  acceptsAnything?: true
  sweeps?: false
  /** in which sign's name a deal is opened, and for how much */
  sign?: (named: Sign, signs: readonly Sign[]) => Sign
  signBill?: (sign: Sign, amount: string | null) => Bill | undefined
  /** of what a receipt is made */
  receipt?: (payment: Payment) => Payment
  web?: WebBugs
  /** who carries orders to the bank */
  clerk?: ClerkBugs
  /** who carries orders to the vault; the vault; the cards' issuer */
  cardClerk?: CardClerkBugs
  vault?: VaultBugs
  issuer?: IssuerBugs
  /** where the hub's chance is poor: that many bytes, or undefined for the true ones */
  random?: (length: number, chance: Chance) => Uint8Array | undefined
  /** between the operator and the switch */
  desk?: (command: DeskCommand, handle: (command: DeskCommand) => Promise<Answer>) => Promise<Answer> | undefined
  /** between the border and the switch */
  command?: (command: Command, world: World) => Promise<Command>
  /** what the hub says when it does not know what became of a command */
  unavailable?: (call: Call) => Reply | undefined
  /** between the SDK and the wire */
  sent?: (call: Call, sentIds: ReadonlySet<string>, chance: Chance) => Call
}>

export const NO_PLANT: Plant = { story: 'no planted bug' }

/** A store in whose commits something happens around the decision. */
export const around =
  (
    step: (
      rows: Rows,
      needs: readonly BucketNeeds[],
      decide: (rows: Rows) => Writes | null,
      zone: string,
    ) => Writes | null,
  ) =>
  ({ memory, zone }: Around): Store => ({
    ...memory,
    transact: (needs, decide) => memory.transact(needs, (rows) => step(rows, needs, decide, zone)),
  })

/** A store whose rows or writes are changed on their way. */
export const changing = (change: {
  rows?: (rows: Rows, needs: readonly BucketNeeds[]) => Rows
  writes?: (writes: Writes, rows: Rows, zone: string) => Writes
}): ((around: Around) => Store) =>
  around((rows, needs, decide, zone) => {
    const writes = decide(change.rows?.(rows, needs) ?? rows)
    return writes && (change.writes?.(writes, rows, zone) ?? writes)
  })

/** Only the rows of some batches are changed; `back` undoes it in what is written. */
export const masking = (mask: {
  when: (needs: readonly BucketNeeds[]) => boolean
  rows: (rows: Rows) => Rows
  back: (writes: Writes, rows: Rows) => Writes
}): ((around: Around) => Store) =>
  around((rows, needs, decide) => {
    if (!mask.when(needs)) return decide(rows)
    const writes = decide(mask.rows(rows))
    return writes && mask.back(writes, rows)
  })

/** Books a batch's transfers anew, each as `change` says, with a journal, entries and balances that fit. */
export const rebooking = (change: (transfer: PostedTransfer) => readonly Transfer[]): ((around: Around) => Store) =>
  changing({
    writes: (writes, rows, zone) => (writes.transfers.length === 0 ? writes : rebooked(writes, rows, zone, change)),
  })

function rebooked(
  writes: Writes,
  rows: Rows,
  zone: string,
  change: (transfer: PostedTransfer) => readonly Transfer[],
): Writes {
  const working = workingRows(rows, { buckets: BUCKETS, zone })
  for (const transfer of writes.transfers) for (const each of change(transfer)) working.post(each)
  const booked = working.writes()
  const head = (bucket: number) => booked?.heads.find((each) => each.bucket === bucket)?.head ?? rows.heads.get(bucket)
  return {
    ...writes,
    heads: writes.heads.map(({ bucket, head: old }) => {
      const { sequence, hash } = head(bucket) ?? old
      return { bucket, head: { ...old, sequence, hash } }
    }),
    accounts: writes.accounts.map((row) => {
      const { key, unit, status, limits } = row.account
      const account = working.account(key, unit) ?? row.account
      return { ...row, account: { ...account, status, limits } }
    }),
    transfers: booked?.transfers ?? [],
    entries: booked?.entries ?? [],
  }
}

/** Does a batch do what time demands of payments, and nothing that anybody said? */
export const isTime = (needs: readonly BucketNeeds[]): boolean =>
  needs.every(({ commands, payments, accounts }) => commands.length === 0 && payments.length > 0 && accounts.length > 0)

/** Does a phone say something about a payment in this batch? */
export const isFromPhone = (needs: readonly BucketNeeds[]): boolean =>
  needs.some(({ payments, devices }) => payments.length > 0 && devices.length > 0)
