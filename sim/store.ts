// The store as a hub meets it: slow, sometimes away, sometimes silent after a commit; and gone for a hub that has died.
import type { Budgets } from '#switch/budgets.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import { OutcomeUnknown, StoreUnavailable, type Store, type Writes } from '#switch/store.ts'
import type { Chance } from './random.ts'
import { never, type World } from './world.ts'

/** Tells of every commit with what it wrote. */
export function observed(store: MemoryStore, committed: (writes: Writes) => void): MemoryStore {
  return {
    ...store,
    async transact(needs, decide) {
      let writes: Writes | null = null
      await store.transact(needs, (rows) => (writes = decide(rows)))
      if (writes !== null) committed(writes)
    },
  }
}

/** Tells of every answer that is older than its question, as the `truth` knows it. */
export function upToDate(store: Store, truth: Store, fail: (sentence: string) => void): Store {
  return {
    ...store,
    async readBalances(account) {
      const before = await truth.readBalances(account)
      const balances = await store.readBalances(account)
      for (const { unit, version } of before)
        if ((balances.find((row) => row.unit === unit)?.version ?? -1n) < version)
          fail(`the balance of ${account} was answered as it was before the question`)
      return balances
    },
    async readAccounts(account) {
      const before = await truth.readAccounts(account)
      const accounts = await store.readAccounts(account)
      for (const { unit, version } of before)
        if ((accounts.find((row) => row.unit === unit)?.version ?? -1n) < version)
          fail(`the accounts of ${account} were answered as they were before the question`)
      return accounts
    },
    async readPayment(id) {
      const before = await truth.readPayment(id)
      const payment = await store.readPayment(id)
      if (before !== undefined && (payment?.version ?? -1) < before.version)
        fail(`${id} was answered as it was before the question`)
      return payment
    },
  }
}

/** The life of one hub process: what it waits for never comes once it is dead. */
export type Life = { isAlive: boolean }

/** `store` over a faulty connection, for one life of a hub. `crash` ends that life. */
export function faultyStore(
  world: Pick<World, 'store' | 'clock' | 'history' | 'faults'>,
  life: Life,
  chance: Chance,
  crash: () => void,
): Store {
  const { store, clock, history } = world

  const pass = async (): Promise<void> => {
    if (chance.happens(world.faults.storeSlow))
      await clock.sleep(chance.happens(0.05) ? chance.between(500, 4_000) : chance.between(1, 60))
    if (life.isAlive && chance.happens(world.faults.crashAtAwait)) {
      history.count('deaths in an await')
      crash()
    }
    if (!life.isAlive) await never()
  }
  const away = (): boolean => {
    if (!chance.happens(world.faults.storeAway)) return false
    history.count('store away')
    return true
  }
  const read = async <Found>(look: () => Promise<Found>): Promise<Found> => {
    await pass()
    if (away()) throw new StoreUnavailable('the store is away')
    const found = await look()
    await pass()
    return found
  }

  return {
    async transact(needs, decide) {
      await pass()
      if (away()) throw new StoreUnavailable('the store is away')
      const isUnknown = chance.happens(world.faults.commitUnknown)
      const isLost = isUnknown && chance.happens(0.4)
      if (!isLost) await store.transact(needs, decide)
      if (chance.happens(world.faults.crashAtCommit)) crash()
      await pass()
      if (!isUnknown) return
      history.count('commits unknown')
      throw new OutcomeUnknown('the answer to the commit was lost')
    },
    deposit: async (bucket) => {
      const deposited = await read(() => store.deposit(bucket))
      if (deposited > 0) history.count('deposits')
      return deposited
    },
    readCommand: (bucket, key) => read(() => store.readCommand(bucket, key)),
    readNumber: (bucket, key) => read(() => store.readNumber(bucket, key)),
    readToken: (bucket, token) => read(() => store.readToken(bucket, token)),
    readOffer: (bucket, key) => read(() => store.readOffer(bucket, key)),
    readPayment: (payment) => read(() => store.readPayment(payment)),
    readPayments: (payments) => read(() => store.readPayments(payments)),
    readDevice: (bucket, device) => read(() => store.readDevice(bucket, device)),
    readOrders: (via, limit) => read(() => store.readOrders(via, limit)),
    concludeOrder: (payment, number, end) => read(() => store.concludeOrder(payment, number, end)),
    postponeOrder: (payment, number, nextInMs, trouble) =>
      read(() => store.postponeOrder(payment, number, nextInMs, trouble)),
    readBalances: (account) => read(() => store.readBalances(account)),
    readMissing: (accounts) => read(() => store.readMissing(accounts)),
    readContact: (party, account) => read(() => store.readContact(party, account)),
    readPersona: (party, biller) => read(() => store.readPersona(party, biller)),
    readHolder: (account) => read(() => store.readHolder(account)),
    readAccounts: (keys) => read(() => store.readAccounts(keys)),
    readEntries: (page) => read(() => store.readEntries(page)),
    readOffers: (page) => read(() => store.readOffers(page)),
    readOpenPayments: (party, limit) => read(() => store.readOpenPayments(party, limit)),
    readDue: (limit) => read(() => store.readDue(limit)),
    now: () => read(() => store.now()),
  }
}

/** Budgets live in the database too: what waits for them is lost with its hub. */
export function faultyBudgets(world: World, life: Life, chance: Chance, crash: () => void): Budgets {
  const { clock, history } = world
  const waited = async <Found>(ask: () => Promise<Found>): Promise<Found> => {
    if (chance.happens(world.faults.storeSlow)) await clock.sleep(chance.between(1, 40))
    if (life.isAlive && chance.happens(world.faults.crashAtAwait)) {
      history.count('deaths in an await')
      crash()
    }
    if (!life.isAlive) await never()
    return ask()
  }
  return {
    charge: (keys) => waited(() => world.budgets.charge(keys)),
    giveBack: (keys) => waited(() => world.budgets.giveBack(keys)),
  }
}
