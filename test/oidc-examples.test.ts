// The programs in examples/, run as the README says, against a hub: a site that signs people in, and a help desk that asks on the phone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answerQuestion } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { PIN } from './support/bank.ts'
import { started, startedSite, type Program } from './support/examples.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { browser, openidOf, to } from './support/oidc.ts'

let hub: TestHub
let hanako: Client
let site: Awaited<ReturnType<typeof startedSite>>
let desk: Program | undefined

before(async () => {
  hub = await startTestHub()
  hanako = await enrolled(hub, 'hanako')
  site = await startedSite(hub)
})
after(async () => {
  site?.kill()
  desk?.kill()
  hanako?.close()
  await hub?.stop()
})

test('the relying site signs Hanako in by number, shows what she released, and keeps another browser out', async () => {
  const openid = openidOf(hub)
  const of = browser()
  const begin = await of.get(`${site.url}sign-in`)
  assert.equal(begin.status, 303, begin.text + site.said())
  assert.match(to(begin).search, /request_uri=/)
  const page = await of.get(to(begin).href)
  const back = await openid.answered(of, new URL(to(page).pathname, hub.url).href, hanako, ['region'])

  const other = await browser().get(back.href)
  assert.match(other.text, /This browser has begun no sign-in/)
  const welcome = await of.get(back.href)
  assert.match(welcome.text, /Welcome, Hanako/, site.said())
  assert.match(welcome.text, /<dt>region<\/dt><dd>JP-14<\/dd>/)
  assert.doesNotMatch(welcome.text, /age_band/)
})

test('a no that belongs to no request of this browser is no answer', async () => {
  const of = browser()
  assert.equal((await of.get(`${site.url}sign-in`)).status, 303)
  const forged = await of.get(`${site.url}callback?error=access_denied&state=another`)
  assert.equal(forged.status, 400)
  assert.match(forged.text, /Signing in did not work/)
})

test('the help desk asks Hanako on her phone, both see the code, and it hears who she is', async () => {
  const self = (await hanako.identity())?.self
  assert.ok(self?.kind === 'device')
  const program = (desk = started(hub, 'examples/ciba-client.ts', [self.account]))
  const question = await openidOf(hub).questionTo(hanako, 'Marubeni Bakery online')
  const code = /The code there must be (\d{3}-\d{3})\./.exec(program.said())?.[1]
  assert.ok(code !== undefined && question.question?.reason.includes(code) === true, program.said())
  assert.ok((await answerQuestion(hanako, question, ['age-band'], PIN)).ok)
  await until(() => program.code() !== null)
  assert.equal(program.code(), 0, program.said())
  assert.match(program.said(), /It is Hanako/)
  assert.match(program.said(), /"age_band": "20-64"/)
})
