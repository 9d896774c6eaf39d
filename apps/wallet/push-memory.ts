// What page and service worker both know of pushes: which phones of this browser are reached, their hub's key, and the last proof of
// the owner. Beside the phones' own storages, because the worker does not know whose message comes.
import { isRecord } from '#sdk/outcome.ts'
import type { Pinned } from '#sdk/pushed.ts'
import { indexedDbStorage, type Storage } from '#sdk/storage.ts'

export type Reached = Pinned &
  Readonly<{
    /** 'own', or the name of one of several phones in this browser */
    name: string
    locale: 'en' | 'ja'
    /** names and amounts may stand on the lock screen */
    detail: boolean
  }>

/** When the owner last proved to be there, and until when that is good; by the hub's clock. */
export type StoredPresence = Readonly<{ provedAt: number; until: number }>

/** The storage of one phone in this browser. */
export const storageOf = (name: string): Storage =>
  indexedDbStorage(name === 'own' ? 'warifu-wallet' : `warifu-wallet-${name}`)

let opened: Storage | undefined
/** What all phones of this browser share. */
export const pushStorage = (): Storage => (opened ??= indexedDbStorage('warifu-push'))

const REACHED = 'reached '
const PRESENCE = 'presence'

export async function allReached(): Promise<Reached[]> {
  const rows = await pushStorage().list(REACHED)
  return rows.flatMap(({ value }) => (isReached(value) ? [value] : []))
}

export async function reachedAs(device: string): Promise<Reached | undefined> {
  const value = await pushStorage().get(REACHED + device)
  return isReached(value) ? value : undefined
}

export const keepReached = (reached: Reached): Promise<void> => pushStorage().set(REACHED + reached.device, reached)
export const forgetReached = (device: string): Promise<void> => pushStorage().delete(REACHED + device)

export const keepPresence = (storage: Storage, presence: StoredPresence): Promise<void> =>
  storage.set(PRESENCE, presence)

export async function presenceIn(storage: Storage): Promise<StoredPresence | undefined> {
  const value = await storage.get(PRESENCE)
  return isPresence(value) ? value : undefined
}

// We alone write under these keys: what is there and has its parts is ours.
const isReached = (value: unknown): value is Reached =>
  isRecord(value) && typeof value.device === 'string' && typeof value.signer === 'string'
const isPresence = (value: unknown): value is StoredPresence =>
  isRecord(value) && typeof value.provedAt === 'number' && typeof value.until === 'number'
