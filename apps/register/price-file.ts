// The shop's price file at the register: kept in this browser by its version, read again when the hub has a newer one. Without a
// network the kept one serves.
import { unitOf } from '#core/money.ts'
import type { Rounding } from '#core/shop.ts'
import { readPriceCsv } from '#apps/shared/price-csv.ts'
import { shelfOf } from '#apps/shared/shelf.ts'
import { priceFile, priceFileCsv } from '#sdk/goods-calls.ts'
import { indexedDbStorage } from '#sdk/storage.ts'
import type { Till } from './context.tsx'

type KeptFile = Readonly<{ terminal: string; version: number; csv: string; rounding: Rounding }>

const STORAGE = 'warifu-register'
const KEY = 'price-file'
/** A changed price is at every register within this; who needs it at once reloads the page. */
const LOOK_EVERY_MS = 60_000

/** Keeps the till's goods in step with the hub until the returned function is called. */
export function keepPriceFile({ store, hub }: Till): () => void {
  const storage = indexedDbStorage(STORAGE)
  let version = -1
  let looking: Promise<void> | undefined

  const show = async ({ csv, rounding }: Pick<KeptFile, 'csv' | 'rounding'>): Promise<void> => {
    const unit = unitOf(store.get().scheme?.unit ?? '')
    if (unit === undefined) return
    const goods = shelfOf(await readPriceCsv(csv, unit))
    store.update((state) => ({ ...state, goods, rounding }))
  }

  const showKept = async (terminal: string): Promise<void> => {
    const kept = await storage.get(KEY)
    if (!isKept(kept) || kept.terminal !== terminal) return
    version = kept.version
    await show(kept)
  }

  const look = async (): Promise<void> => {
    const { self, stage } = store.get()
    if (stage !== 'till' || self === null) return
    // Once for each life of the page: what is kept is there before the hub has answered.
    if (version < 0) {
      version = 0
      await showKept(self.id).catch(() => undefined)
    }
    const file = await priceFile(hub.client)
    if (!file.ok) return
    const { rounding } = file.view
    store.update((state) => (isSame(state.rounding, rounding) ? state : { ...state, rounding }))
    if (file.view.version === version) return
    const csv = await priceFileCsv(hub.client)
    if (!csv.ok) return
    await show({ csv: csv.view, rounding })
    version = file.view.version
    // A browser that keeps nothing asks again after a reload.
    await storage.set(KEY, { terminal: self.id, version, csv: csv.view, rounding }).catch(() => undefined)
  }
  const lookOnce = (): void => {
    looking ??= look().finally(() => (looking = undefined))
  }

  let before = store.get()
  const unsubscribe = store.subscribe((state) => {
    const isNew = state.stage === 'till' && (before.stage !== 'till' || before.connection !== state.connection)
    before = state
    if (isNew) lookOnce()
  })
  const timer = setInterval(lookOnce, LOOK_EVERY_MS)
  lookOnce()
  return () => {
    unsubscribe()
    clearInterval(timer)
  }
}

const isSame = (one: Rounding, other: Rounding): boolean => one.per === other.per && one.to === other.to

/** What is stored is our own; an older form of it counts as nothing. */
const isKept = (stored: unknown): stored is KeptFile =>
  typeof stored === 'object' && stored !== null && 'csv' in stored && 'terminal' in stored && 'rounding' in stored
