// A real hub on a real database for stories through HTTP: started in this process, listening on a free port.
import pg from 'pg'
import type { DemoWho } from '#protocol/routes.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage, type Storage } from '#sdk/storage.ts'
import type { Files } from '#server/apps.ts'
import { startHub, type Hub, type HubOptions } from '#server/hub.ts'
import { readScheme, createScheme } from '#server/postgres/scheme.ts'
import { BUCKETS, JPY } from './world.ts'
import { migratedDatabase } from './postgres.ts'

export type TestHub = Hub & Readonly<{ url: string; settings: pg.ClientConfig }>

/** The same for all hubs of a test, as they share a database. */
export const SEAL_KEY = new Uint8Array(32).fill(7)

/** A demo hub on a fresh database, or a further hub on `settings`. */
export async function startTestHub(
  over: Partial<HubOptions> & {
    settings?: pg.ClientConfig
    files?: Files | null
    rules?: Parameters<typeof createScheme>[1]['rules']
  } = {},
): Promise<TestHub> {
  const settings = over.settings ?? (await migratedDatabase())
  await createScheme(settings, {
    name: 'Demo town',
    demo: true,
    buckets: BUCKETS,
    unit: JPY,
    ...(over.rules && { rules: over.rules }),
  })
  const scheme = await readScheme(settings)
  if (scheme === undefined) throw new Error('the scheme was made')
  const hub = await startHub({
    database: settings,
    scheme,
    role: true,
    host: 'localhost',
    port: 0,
    tls: null,
    trustProxy: false,
    publicUrl: null,
    sealKey: SEAL_KEY,
    files: null,
    log: { write: () => {} },
    version: 'test',
    ...over,
  })
  return { ...hub, settings, url: `http://localhost:${hub.port}` }
}

/** A client of the demo's register or of one of its people, enrolled with a fresh key. */
export async function enrolled(
  hub: { url: string },
  who: DemoWho,
  storage: Storage = memoryStorage(),
): Promise<Client> {
  const response = await fetch(`${hub.url}/v1/demo/codes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ who }),
  })
  const { code } = (await response.json()) as { code: string }
  const outcome = await enrol({ hub: hub.url, storage, code, label: who })
  if (!outcome.ok) throw new Error(`enrolment: ${outcome.problem.code}`)
  return openClient({ hub: hub.url, storage })
}

const PATIENCE_MS = 20_000

/** Waits until `look` gives something; a state that never comes is an error with the asker's stack. */
export async function until<Found>(
  look: () => Found | undefined | null | false | Promise<Found | undefined | null | false>,
): Promise<Found> {
  const late = new Error('the state that was waited for has not come')
  const end = performance.now() + PATIENCE_MS
  while (performance.now() < end) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw late
}
