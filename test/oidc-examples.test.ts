// The programs in examples/, run as the README says, against a hub: a site that signs people in, and a help desk that asks on the phone.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { answerQuestion } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { PIN } from './support/bank.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { browser, DEMO, newSite, openidOf, to } from './support/oidc.ts'

let hub: TestHub
let hanako: Client
const programs: { kill: () => void }[] = []

before(async () => {
  hub = await startTestHub()
  hanako = await enrolled(hub, 'hanako')
})
after(async () => {
  for (const program of programs) program.kill()
  hanako.close()
  await hub.stop()
})

/** Starts an example; what it has said so far, and how it ended. */
function started(path: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const program = spawn(process.execPath, [path, ...args], { env: { ...process.env, HUB: hub.url, ...env } })
  programs.push({ kill: () => void program.kill() })
  const said = { text: '', code: null as number | null }
  program.stdout.on('data', (chunk: Buffer) => (said.text += chunk.toString()))
  program.stderr.on('data', (chunk: Buffer) => (said.text += chunk.toString()))
  program.on('exit', (code) => (said.code = code))
  return said
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('the relying site signs Hanako in by number, shows what she released, and keeps another browser out', async () => {
  const openid = openidOf(hub)
  const port = await freePort()
  const demo = await hub.openid.store.client(DEMO.id)
  assert.ok(demo)
  const site = await newSite(hub, demo.party, {
    redirectUris: [`http://localhost:${port}/callback`],
    attributes: ['age-band', 'region', 'email', 'portrait'],
    pushedOnly: true,
  })
  const env = { PORT: String(port), CLIENT_ID: site.id, CLIENT_SECRET: site.secret }
  const said = started('examples/relying-site/main.ts', [], env)
  await until(() => said.text.includes(`http://localhost:${port}/`))

  const of = browser()
  const begin = await of.get(`http://localhost:${port}/sign-in`)
  assert.equal(begin.status, 303, begin.text + said.text)
  assert.match(to(begin).search, /request_uri=/)
  const page = await of.get(to(begin).href)
  const back = await openid.answered(of, new URL(to(page).pathname, hub.url).href, hanako, ['region'])

  const other = await browser().get(back.href)
  assert.match(other.text, /This browser has begun no sign-in/)
  const welcome = await of.get(back.href)
  assert.match(welcome.text, /Welcome, Hanako/, said.text)
  assert.match(welcome.text, /<dt>region<\/dt><dd>JP-14<\/dd>/)
  assert.doesNotMatch(welcome.text, /age_band/)
})

test('the help desk asks Hanako on her phone, both see the code, and it hears who she is', async () => {
  const self = (await hanako.identity())?.self
  assert.ok(self?.kind === 'device')
  const said = started('examples/ciba-client.ts', [self.account], {})
  const question = await openidOf(hub).questionTo(hanako, 'Marubeni Bakery online')
  const code = /The code there must be (\d{3}-\d{3})\./.exec(said.text)?.[1]
  assert.ok(code !== undefined && question.question?.reason.includes(code) === true, said.text)
  assert.ok((await answerQuestion(hanako, question, ['age-band'], PIN)).ok)
  await until(() => said.code !== null)
  assert.equal(said.code, 0, said.text)
  assert.match(said.text, /It is Hanako/)
  assert.match(said.text, /"age_band": "20-64"/)
})
