// CIBA, checked as the conformance suites do, one by one: a site asks somebody on their phone, by poll and by ping.
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { bucketOfId, parseId, type PartyId } from '#core/ids.ts'
import type { PaymentView } from '#protocol/views.ts'
import { answerQuestion } from '#sdk/approval.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { userCodeHash } from '#server/people/user-code.ts'
import { uuidOf } from '#server/postgres/rows.ts'
import { PIN } from './support/bank.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { CIBA_GRANT, DEMO, newSite, openidOf, postForm, type Heard, type Request, type Site } from './support/oidc.ts'

const SITE_NAME = 'Marubeni Bakery online'
const EMAIL = 'hanako@example.jp'

let hub: TestHub
let openid: ReturnType<typeof openidOf>
let hanako: Client
let kenji: Client
let account: string
let kenjis: string
let other: Site

before(async () => {
  hub = await startTestHub()
  openid = openidOf(hub)
  ;[hanako, kenji] = [await enrolled(hub, 'hanako'), await enrolled(hub, 'kenji')]
  ;[account, kenjis] = [(await selfOf(hanako)).account, (await selfOf(kenji)).account]
  const demo = await hub.openid.store.client(DEMO.id)
  assert.ok(demo)
  other = await newSite(hub, demo.party)
  const { party } = await selfOf(hanako)
  const key = [bucketOfId(party), uuidOf(party)]
  await hub.database.transactions.query(
    `insert into email_address (address, bucket, party, verified_at) values ($3, $1, $2, 0)
     on conflict (address) do update set bucket = excluded.bucket, party = excluded.party`,
    [...key, EMAIL],
  )
  await hub.database.transactions.query(
    `insert into profile (bucket, party, language, updated_at) values ($1, $2, 'ja', 0)
     on conflict (bucket, party) do update set language = excluded.language`,
    key,
  )
})
after(async () => {
  hanako.close()
  kenji.close()
  await hub.stop()
})
/** Each test begins with as many questions as a person may be asked. */
const fresh = async (): Promise<unknown> =>
  hub.database.transactions.query(`delete from budget where key like 'questions:%' or key like 'user-code:%'`)

async function selfOf(client: Client): Promise<{ account: string; party: PartyId }> {
  const self = (await client.identity())?.self
  assert.ok(self?.kind === 'device')
  const party = parseId('pty', self.party)
  assert.ok(party)
  return { account: self.account, party }
}

const errorOf = ({ status, body }: Heard): string => `${status} ${String(body.error)}`

async function asked(site: Site, form: Request): Promise<string> {
  await fresh()
  const answer = await openid.ask(site, form)
  assert.equal(answer.status, 200, answer.text)
  return String(answer.body.auth_req_id)
}

/** Polls until there is something else than waiting. */
const outcome = (site: Site, request: string): Promise<Heard> =>
  until(async () => {
    const answer = await openid.poll(site, request)
    return ['authorization_pending', 'slow_down'].includes(String(answer.body.error)) ? undefined : answer
  })

const declined = async (phone: Client, question: PaymentView): Promise<void> =>
  assert.ok((await phone.send('decline', { payment: question.payment })).ok)

describe('poll', () => {
  test('the site asks by account number, both show the same code, the person answers, the site polls the tokens', async () => {
    await fresh()
    const form = { login_hint: `${account.slice(0, 3)}-${account.slice(3, 10)}-${account.slice(10)}` }
    const answer = await openid.ask(DEMO, { ...form, scope: 'openid profile region', binding_message: '482-913' })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.body.interval, 5)
    assert.equal(answer.body.expires_in, 120)
    const request = String(answer.body.auth_req_id)
    assert.ok(request.length >= 40, '160 random bits at least, in base64url')

    assert.equal(errorOf(await openid.poll(DEMO, request)), '400 authorization_pending')
    assert.equal(errorOf(await openid.poll(DEMO, request)), '400 slow_down')

    const question = await openid.questionTo(hanako, SITE_NAME)
    assert.equal(question.unasked, true)
    assert.equal(question.freshProof, true)
    assert.deepEqual(question.question, {
      attributes: ['region'],
      reason: '確認コード 482-913 · Marubeni Bakery onlineへのサインイン',
    })
    assert.ok((await answerQuestion(hanako, question, ['region'], PIN)).ok)

    const tokens = await outcome(DEMO, request)
    assert.equal(tokens.status, 200, tokens.text)
    const { payload } = await openid.verified(tokens.body.id_token, DEMO)
    assert.equal(payload.acr, 'urn:warifu:acr:password')
    assert.ok(Number(payload.auth_time) <= (payload.iat ?? 0))
    const { body } = await openid.userinfo(String(tokens.body.access_token))
    assert.deepEqual(body, { sub: payload.sub, name: 'Hanako', region: 'JP-14' })
    assert.equal(tokens.body.refresh_token, undefined)

    assert.equal(errorOf(await openid.poll(DEMO, request)), '400 invalid_grant', 'good once')
  })

  test('the subject is the one that the site knows from signing in by number', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [], { scope: 'openid' })
    const signedIn = await openid.verified((await openid.redeem(DEMO, code, verifier)).body.id_token, DEMO)
    const request = await asked(DEMO, { login_hint: account, scope: 'openid' })
    const question = await openid.questionTo(hanako, SITE_NAME)
    assert.ok((await answerQuestion(hanako, question, [], PIN)).ok)
    const { body } = await outcome(DEMO, request)
    assert.equal((await openid.verified(body.id_token, DEMO)).payload.sub, signedIn.payload.sub)
  })

  test('by e-mail, however it is written', async () => {
    const request = await asked(DEMO, { login_hint: 'Hanako@Example.JP' })
    await declined(hanako, await openid.questionTo(hanako, SITE_NAME))
    assert.equal(errorOf(await outcome(DEMO, request)), '400 access_denied')
  })

  test('what was not released is not told', async () => {
    const request = await asked(DEMO, { login_hint: account, scope: 'openid profile region age' })
    const question = await openid.questionTo(hanako, SITE_NAME)
    assert.deepEqual(question.question?.attributes, ['age-band', 'region'])
    assert.ok((await answerQuestion(hanako, question, [], PIN)).ok)
    const { body } = await outcome(DEMO, request)
    assert.equal(body.scope, 'openid profile')
    assert.deepEqual(Object.keys((await openid.userinfo(String(body.access_token))).body).toSorted(), ['name', 'sub'])
  })

  test('a no is access_denied', async () => {
    const request = await asked(DEMO, { login_hint: account })
    await declined(hanako, await openid.questionTo(hanako, SITE_NAME))
    assert.equal(errorOf(await outcome(DEMO, request)), '400 access_denied')
  })

  test('a question that nobody answers runs out, and is taken off the phone', async () => {
    const request = await asked(DEMO, { login_hint: kenjis, requested_expiry: '2' })
    const question = await openid.questionTo(kenji, SITE_NAME)
    assert.equal(errorOf(await outcome(DEMO, request)), '400 expired_token')
    const ended = await until(async () => {
      const read = await kenji.payment(question.payment)
      return read.ok && read.view.state === 'ended' ? read.view : undefined
    })
    assert.equal(ended.ended, 'cancelled-by-biller')
    assert.ok(!(await answerQuestion(kenji, question, [], PIN)).ok, 'too late')
  })

  test('a request is worth nothing to another site, nor is one that was made up', async () => {
    const request = await asked(DEMO, { login_hint: account })
    assert.equal(errorOf(await openid.poll(other, request)), '400 invalid_grant')
    assert.equal(errorOf(await openid.poll(DEMO, 'made-up')), '400 invalid_grant')
    assert.equal(errorOf(await openid.poll({ ...DEMO, secret: 'wrong' }, request)), '401 invalid_client')
    assert.equal(errorOf(await postForm(openid.at('/token'), { grant_type: CIBA_GRANT }, DEMO)), '400 invalid_request')
    await declined(hanako, await openid.questionTo(hanako, SITE_NAME))
  })

  test('of many polls at once, one gets tokens', async () => {
    const request = await asked(DEMO, { login_hint: account })
    const question = await openid.questionTo(hanako, SITE_NAME)
    assert.ok((await answerQuestion(hanako, question, [], PIN)).ok)
    await until(async () => (await hub.openid.store.openAsks()).every((ask) => ask.request !== request))
    const all = await Promise.all(Array.from({ length: 24 }, () => openid.poll(DEMO, request)))
    assert.equal(all.filter(({ status }) => status === 200).length, 1)
  })

  test('the longest wait is five minutes, whatever is asked for', async () => {
    await fresh()
    const { body } = await openid.ask(DEMO, { login_hint: account, requested_expiry: '86400' })
    assert.equal(body.expires_in, 300)
    await declined(hanako, await openid.questionTo(hanako, SITE_NAME))
  })
})

describe('who may be asked', () => {
  test('nobody, somebody who has blocked the shop, and a merchant sound like somebody who does not answer', async () => {
    const demo = await hub.openid.store.client(DEMO.id)
    assert.ok(demo)
    assert.ok((await kenji.putContact({ account: demo.account, status: 'blocked' })).ok)
    await fresh()
    const answers = await Promise.all(
      ['00000000000', 'nobody@example.jp', kenjis, demo.account].map((login_hint) =>
        openid.ask(DEMO, { login_hint, requested_expiry: '1' }),
      ),
    )
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(Object.keys(answer.body).toSorted(), ['auth_req_id', 'expires_in', 'interval'])
      assert.equal(errorOf(await outcome(DEMO, String(answer.body.auth_req_id))), '400 expired_token')
    }
    const inbox = await kenji.inbox()
    assert.ok(inbox.ok && inbox.view.payments.every(({ biller }) => biller.terminalLabel !== SITE_NAME))
    assert.ok((await kenji.putContact({ account: demo.account, status: 'removed' })).ok)
  })

  test('a person is asked so often at most; more is silence', async () => {
    await fresh()
    const sent = await Promise.all(Array.from({ length: 8 }, () => openid.ask(DEMO, { login_hint: account })))
    assert.ok(sent.every(({ status }) => status === 200))
    await until(async () =>
      (await hub.openid.store.openAsks()).every((ask) => ask.payment !== null || ask.account === null),
    )
    const inbox = await hanako.inbox()
    assert.ok(inbox.ok)
    const questions = inbox.view.payments.filter(({ question }) => question !== null)
    assert.equal(questions.length, 5)
    for (const question of questions) await declined(hanako, question)
  })

  test('a site that has not registered for it cannot ask', async () => {
    const demo = await hub.openid.store.client(DEMO.id)
    assert.ok(demo)
    const site = await newSite(hub, demo.party, { ciba: 'none' })
    assert.equal(errorOf(await openid.ask(site, { login_hint: account })), '400 invalid_request')
    assert.equal(errorOf(await openid.ask({ ...DEMO, secret: 'wrong' }, { login_hint: account })), '401 invalid_client')
  })

  test('who has set a code is asked by those alone who know it', async () => {
    const { party } = await selfOf(hanako)
    await hub.database.transactions.query(
      `insert into profile (bucket, party, user_code, updated_at) values ($1, $2, $3, 0)
       on conflict (bucket, party) do update set user_code = excluded.user_code`,
      [bucketOfId(party), uuidOf(party), Buffer.from(userCodeHash(party, 'sakura7'))],
    )
    await fresh()
    assert.equal(errorOf(await openid.ask(DEMO, { login_hint: account })), '400 missing_user_code')
    assert.equal(
      errorOf(await openid.ask(DEMO, { login_hint: account, user_code: 'sakura8' })),
      '400 invalid_user_code',
    )
    const right = await openid.ask(DEMO, { login_hint: account, user_code: 'sakura7' })
    assert.equal(right.status, 200, right.text)
    await declined(hanako, await openid.questionTo(hanako, SITE_NAME))
    const { rows } = await hub.database.transactions.query('select payload::text as text from oidc_entry')
    assert.ok(!rows.some(({ text }) => String(text).includes('sakura7')), 'the code is kept nowhere')
    for (let wrong = 0; wrong < 5; wrong++) await openid.ask(DEMO, { login_hint: account, user_code: `guess${wrong}` })
    assert.equal(
      errorOf(await openid.ask(DEMO, { login_hint: account, user_code: 'sakura7' })),
      '400 invalid_user_code',
      'after five wrong ones even the right one is not looked at',
    )
    await hub.database.transactions.query('update profile set user_code = null')
  })
})

describe('bad requests', () => {
  const refused: readonly (readonly [what: string, form: Request, error: string])[] = [
    ['no hint', {}, 'invalid_request'],
    ['two hints', { login_hint: '00000000000', login_hint_token: 'x' }, 'invalid_request'],
    ['a hint token', { login_hint_token: 'x' }, 'invalid_request'],
    ['an id token that is none', { id_token_hint: 'x' }, 'invalid_request'],
    ['a hint that is no account and no address', { login_hint: 'hanako' }, 'unknown_user_id'],
    ['an account number with a wrong check digit', { login_hint: '00000000001' }, 'unknown_user_id'],
    [
      'a binding message with blanks',
      { login_hint: '00000000000', binding_message: '482 913' },
      'invalid_binding_message',
    ],
    [
      'a long binding message',
      { login_hint: '00000000000', binding_message: 'x'.repeat(21) },
      'invalid_binding_message',
    ],
    ['a script as message', { login_hint: '00000000000', binding_message: '<b>' }, 'invalid_binding_message'],
    ['an expiry that is no number', { login_hint: '00000000000', requested_expiry: 'soon' }, 'invalid_request'],
    ['an expiry in the past', { login_hint: '00000000000', requested_expiry: '-1' }, 'invalid_request'],
    ['no openid', { login_hint: '00000000000', scope: 'profile' }, 'invalid_request'],
    [
      'a scope that this site may not ask for',
      { login_hint: '00000000000', scope: 'openid portrait' },
      'invalid_scope',
    ],
    ['a request object', { login_hint: '00000000000', request: 'x' }, 'request_not_supported'],
  ]
  for (const [what, form, error] of refused)
    test(`${what}: ${error}`, async () => {
      assert.equal(errorOf(await openid.ask(other, form)), `400 ${error}`)
    })

  test('a right id_token_hint is refused too: only login_hint is taken', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const hint = String((await openid.redeem(DEMO, code, verifier)).body.id_token)
    assert.equal(errorOf(await openid.ask(DEMO, { id_token_hint: hint })), '400 invalid_request')
  })
})

describe('ping', () => {
  type Ping = Readonly<{ headers: IncomingHttpHeaders; body: string }>

  /** A site's notification endpoint, which answers what `status` says. */
  async function listening(status: () => number) {
    const pings: Ping[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        pings.push({ headers: request.headers, body })
        response.writeHead(status(), { location: 'http://localhost:1/' }).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    const { port } = server.address() as AddressInfo
    return { pings, url: `http://localhost:${port}/ping`, close: () => server.close() }
  }

  test('the site is pinged with its own token when the answer is there, and then gets the tokens', async () => {
    const endpoint = await listening(() => 204)
    const demo = await hub.openid.store.client(DEMO.id)
    assert.ok(demo)
    const over = { ciba: 'ping', notificationEndpoint: endpoint.url, name: 'Pinged shop' } as const
    const site = await newSite(hub, demo.party, over)
    assert.equal(errorOf(await openid.ask(site, { login_hint: account })), '400 invalid_request', 'ping needs a token')
    const token = 'a-token.of~the+site'
    const request = await asked(site, { login_hint: account, client_notification_token: token })
    assert.equal(endpoint.pings.length, 0)
    assert.ok((await answerQuestion(hanako, await openid.questionTo(hanako, 'Pinged shop'), [], PIN)).ok)
    const ping = await until(() => endpoint.pings[0])
    assert.equal(ping.headers.authorization, `Bearer ${token}`)
    assert.equal(ping.headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(ping.body), { auth_req_id: request })
    assert.equal((await outcome(site, request)).status, 200)
    endpoint.close()
  })

  test('a site that is away is tried again; what it redirects to is not followed; it can poll', async () => {
    const endpoint = await listening(() => 302)
    const demo = await hub.openid.store.client(DEMO.id)
    assert.ok(demo)
    const over = { ciba: 'ping', notificationEndpoint: endpoint.url, name: 'Deaf shop' } as const
    const site = await newSite(hub, demo.party, over)
    const request = await asked(site, { login_hint: account, client_notification_token: 'token' })
    await declined(hanako, await openid.questionTo(hanako, 'Deaf shop'))
    await until(() => endpoint.pings.length === 3)
    await until(async () => (await hub.openid.store.openAsks()).every((ask) => ask.request !== request))
    assert.equal(errorOf(await outcome(site, request)), '400 access_denied')
    endpoint.close()
  })
})

describe('a hub that stops', () => {
  test('a question asked at one hub is answered at the next', async () => {
    const first = await startTestHub()
    const storage = memoryStorage()
    const phone = await enrolled(first, 'hanako', storage)
    const { account: hint } = await selfOf(phone)
    const sent = await openidOf(first).ask(DEMO, { login_hint: hint })
    const question = await openidOf(first).questionTo(phone, SITE_NAME)
    phone.close()
    await first.stop()

    const second = await startTestHub({ settings: first.settings })
    const again = openClient({ hub: second.url, storage })
    assert.ok((await answerQuestion(again, question, [], PIN)).ok)
    const answer = await until(async () => {
      const heard = await openidOf(second).poll(DEMO, sent.body.auth_req_id)
      return heard.status === 200 ? heard : undefined
    })
    assert.equal((await openidOf(second).verified(answer.body.id_token, DEMO)).payload.aud, DEMO.id)
    again.close()
    await second.stop()
  })
})
