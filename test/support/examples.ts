// The programs in examples/, each as a process of its own beside a hub.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { until, type TestHub } from './hub.ts'
import { DEMO, newSite, type Site } from './oidc.ts'
import { ASKABLE } from '#core/persona.ts'
import assert from 'node:assert/strict'

/** What a program has said so far, and how it ended; `code` is null while it runs. */
export type Program = Readonly<{ said: () => string; code: () => number | null; kill: () => void }>

/** Starts an example against the hub. */
export function started(
  hub: Pick<TestHub, 'url'>,
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const program = spawn(process.execPath, [path, ...args], { env: { ...process.env, HUB: hub.url, ...env } })
  let said = ''
  let code: number | null = null
  const hear = (chunk: Buffer): void => void (said += chunk.toString())
  program.stdout.on('data', hear)
  program.stderr.on('data', hear)
  program.on('close', (ended) => (code = ended))
  return { said: () => said, code: () => code, kill: () => void program.kill() }
}

/** The relying site on a free port, registered for the demo's bakery: it may ask for everything. */
export async function startedSite(hub: TestHub): Promise<Program & Readonly<{ url: string; site: Site }>> {
  const port = await freePort()
  const demo = (await hub.openid.store.client(DEMO.id)) ?? assert.fail('the demo town has a site')
  const url = `http://localhost:${port}/`
  const site = await newSite(hub, demo.party, {
    name: 'Marubeni Bakery online',
    redirectUris: [`${url}callback`],
    attributes: ASKABLE,
    pushedOnly: true,
  })
  const env = { PORT: String(port), CLIENT_ID: site.id, CLIENT_SECRET: site.secret }
  const program = started(hub, 'examples/relying-site/main.ts', [], env)
  await until(() => program.said().includes(url) || program.code() !== null)
  assert.equal(program.code(), null, program.said())
  return { ...program, url, site }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  await new Promise((resolve) => server.close(resolve))
  return address.port
}
