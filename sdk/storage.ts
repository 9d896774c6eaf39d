// Where a device keeps its key, its identity and the commands that have no answer yet.

/** Keeps structured-cloneable values (a CryptoKey too) by text keys. A value is kept when the promise resolves. */
export type Storage = Readonly<{
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
  delete(key: string): Promise<void>
  /** all entries whose key starts with the prefix, by key */
  list(prefix: string): Promise<readonly Readonly<{ key: string; value: unknown }>[]>
}>

const STORE = 'values'

/** Forgets with the process; for Node programs that enrol anew, and for tests. */
export function memoryStorage(): Storage {
  const values = new Map<string, unknown>()
  return {
    get: async (key) => structuredClone(values.get(key)),
    set: async (key, value) => void values.set(key, structuredClone(value)),
    delete: async (key) => void values.delete(key),
    list: async (prefix) =>
      [...values]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([key, value]) => ({ key, value: structuredClone(value) })),
  }
}

/**
 * One IndexedDB database per name, so that two phones in one browser are two devices. Asks the browser to keep it when
 * space gets short. Rejects when the browser gives no database (some private windows): the device cannot be enrolled there.
 */
export function indexedDbStorage(name: string): Storage {
  let opening: Promise<IDBDatabase> | undefined
  const open = (): Promise<IDBDatabase> => {
    opening ??= openDatabase(name, () => (opening = undefined)).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const write = async (change: (store: IDBObjectStore) => void): Promise<void> => {
    const transaction = (await open()).transaction(STORE, 'readwrite', { durability: 'strict' })
    const committed = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve())
      transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('the browser kept nothing')))
    })
    change(transaction.objectStore(STORE))
    await committed
  }
  const read = async (): Promise<IDBObjectStore> => (await open()).transaction(STORE, 'readonly').objectStore(STORE)

  return {
    get: async (key) => resultOf<unknown>((await read()).get(key)),
    set: (key, value) => write((store) => store.put(value, key)),
    delete: (key) => write((store) => store.delete(key)),
    list: async (prefix) => {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
      const store = await read()
      const [keys, values] = await Promise.all([
        resultOf(store.getAllKeys(range)),
        resultOf<unknown[]>(store.getAll(range)),
      ])
      return keys.flatMap((key, index) => (typeof key === 'string' ? [{ key, value: values[index] }] : []))
    },
  }
}

async function openDatabase(name: string, closed: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(`warifu ${name}`, 1)
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
  const database = await resultOf(request)
  database.addEventListener('close', closed)
  // Best effort: a browser that says no keeps the data as long as it likes, and the device can be enrolled again.
  navigator.storage?.persist?.().catch(() => false)
  return database
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the browser did not answer')))
  })
}
