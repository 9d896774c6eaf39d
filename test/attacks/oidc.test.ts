// What a site, a browser and a thief of either can carry from one place of OpenID to another: a table of every secret at every door.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseId } from '#core/ids.ts'
import { answerQuestion } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { PIN } from '../support/bank.ts'
import { enrolled, startTestHub, until, type TestHub } from '../support/hub.ts'
import {
  browser,
  CIBA_GRANT,
  DEMO,
  heard,
  newSite,
  openidOf,
  postForm,
  request,
  to,
  type Heard,
  type Site,
} from '../support/oidc.ts'
import { ask, assertProblem, speaker, type Speaker } from '../support/raw-client.ts'

let hub: TestHub
let openid: ReturnType<typeof openidOf>
let hanako: Client
let kenji: Client
let phone: Speaker
let other: Site

before(async () => {
  hub = await startTestHub()
  openid = openidOf(hub)
  hanako = await enrolled(hub, 'hanako')
  kenji = await enrolled(hub, 'kenji')
  phone = await speaker(hub, 'hanako', hanako)
  const demo = await hub.openid.store.client(DEMO.id)
  assert.ok(demo)
  other = await newSite(hub, parseId('pty', demo.party) ?? assert.fail())
})
after(async () => {
  hanako.close()
  kenji.close()
  await hub.stop()
})

const accountOf = async (client: Client): Promise<string> => {
  const self = (await client.identity())?.self
  assert.ok(self?.kind === 'device')
  return self.account
}

/** Everything that somebody may hold, each alive. */
async function secrets() {
  const signedIn = await openid.code(DEMO, hanako, ['age-band'])
  const tokens = await openid.redeem(DEMO, signedIn.code, signedIn.verifier)
  const unused = await openid.code(DEMO, hanako, ['age-band'])
  const asked = await openid.ask(DEMO, { login_hint: await accountOf(hanako) })
  const question = await openid.questionTo(hanako, 'Marubeni Bakery online')
  const answered = await answerQuestion(hanako, question, [], PIN)
  assert.ok(answered.ok && tokens.status === 200 && asked.status === 200, tokens.text)
  // The hub has heard the answer: from now on the site may fetch its tokens.
  await until(async () => (await hub.openid.store.openAsks()).length === 0)
  const pushed = await postForm(openid.at('/request'), request(DEMO).params, DEMO)
  return {
    unused,
    held: {
      'access token': String(tokens.body.access_token),
      'ID token': String(tokens.body.id_token),
      code: unused.code,
      auth_req_id: String(asked.body.auth_req_id),
      request_uri: String(pushed.body.request_uri),
      state: unused.state,
      secret: DEMO.secret,
      'session token': phone.session.token,
      'session id': phone.session.id,
    },
  }
}

test('every secret opens its own door and no other', async () => {
  const { held, unused } = await secrets()
  const doors: Readonly<Record<string, { own: readonly string[]; knock: (what: string) => Promise<number> }>> = {
    'the token endpoint, as a code': {
      own: ['code'],
      knock: async (what) => (await openid.redeem(DEMO, what, unused.verifier)).status,
    },
    'the token endpoint, as a request of the back channel': {
      own: ['auth_req_id'],
      knock: async (what) => (await openid.poll(DEMO, what)).status,
    },
    userinfo: { own: ['access token'], knock: async (what) => (await openid.userinfo(what)).status },
    'the hub’s own routes': {
      own: ['session token'],
      knock: async (what) =>
        (await ask(hub, { method: 'GET', path: '/v1/self', headers: { authorization: `Bearer ${what}` } })).status,
    },
    'the authorization endpoint, as a pushed request': {
      own: ['request_uri'],
      knock: async (what) => {
        const answer = await openid.authorize(browser(), { client_id: DEMO.id, request_uri: what })
        return answer.status === 303 && to(answer).pathname.startsWith('/oidc/interaction/') ? 200 : 400
      },
    },
    'a site’s secret': {
      own: ['secret'],
      // A form that is right but for what it asks for: with the secret it is judged, without it is not.
      knock: async (what) => ((await openid.poll({ ...DEMO, secret: what }, 'nothing')).status === 401 ? 401 : 200),
    },
  }
  for (const [door, { own, knock }] of Object.entries(doors))
    for (const [name, what] of Object.entries(held)) {
      if (own.includes(name)) continue
      const status = await knock(what)
      assert.ok(status >= 400 && status < 500, `${name} at ${door}: ${status}`)
    }
  // None of it has used a right one up. The code is the last: redeemed twice it would take its tokens back.
  for (const [door, { own, knock }] of Object.entries(doors))
    for (const name of own) assert.equal(await knock(held[name as keyof typeof held]), 200, `${name} at ${door}`)
})

test('what belongs to one site is nothing at another, however the other shows itself', async () => {
  const { held, unused } = await secrets()
  const code = (site: Site | null, form: object): Promise<Heard> =>
    postForm(
      openid.at('/token'),
      {
        grant_type: 'authorization_code',
        code: held.code,
        code_verifier: unused.verifier,
        redirect_uri: DEMO.redirectUri,
        ...form,
      },
      site,
    )
  const polled = (site: Site | null, form: object): Promise<Heard> =>
    postForm(openid.at('/token'), { grant_type: CIBA_GRANT, auth_req_id: held.auth_req_id, ...form }, site)
  for (const [about, send] of [
    ['by another site', (form: object, as: typeof code) => as(other, form)],
    [
      'by another that says it is this one',
      (form: object, as: typeof code) => as(other, { ...form, client_id: DEMO.id }),
    ],
    [
      'with the id of this one and the secret of the other',
      (form: object, as: typeof code) => as({ ...other, id: DEMO.id }, form),
    ],
    ['by nobody', (form: object, as: typeof code) => as(null, { ...form, client_id: DEMO.id })],
    [
      'with the secret in the form',
      (form: object, as: typeof code) => as(null, { ...form, client_id: other.id, client_secret: other.secret }),
    ],
  ] as const)
    for (const as of [code, polled]) {
      const told = await send({}, as)
      assert.ok(told.status >= 400 && told.status < 500, `${about}: ${told.status} ${told.text}`)
      assert.equal(told.body.access_token, undefined, about)
    }
  // The back channel's answer is still there for whom it was meant; a code that a stranger has tried may be taken back.
  assert.equal((await openid.poll(DEMO, held.auth_req_id)).status, 200)
})

test('the answer names who gave it, so that a site of two hubs cannot be confused', async () => {
  const discovery = await heard(await fetch(openid.at('/.well-known/openid-configuration')))
  assert.equal(discovery.body.authorization_response_iss_parameter_supported, true)
  const { url } = await openid.code(DEMO, hanako, [])
  assert.equal(url.searchParams.get('iss'), openid.issuer)
  const of = browser()
  const cancelled = await openid.back(of, await openid.begin(of, request(DEMO).params), 'cancel')
  assert.deepEqual(
    [cancelled.searchParams.get('error'), cancelled.searchParams.get('iss')],
    ['access_denied', openid.issuer],
  )
})

test('a browser’s cookies for one sign-in do nothing for another, in parts or all', async () => {
  const [victim, thief] = [browser(), browser()]
  const [hers, his] = [
    await openid.begin(victim, request(DEMO).params),
    await openid.begin(thief, request(DEMO).params),
  ]
  const { number } = await openid.view(victim, hers)
  const sent = await answerQuestion(hanako, await openid.joined(hanako, number ?? ''), [], PIN)
  assert.ok(sent.ok)
  const [uid, own] = [hers, his].map((page) => new URL(page).pathname.split('/').at(-1) ?? '')
  const names = [...thief.jar.keys()]
  assert.ok(names.length >= 2)
  const tampered: Readonly<Record<string, (name: string, value: string) => readonly [string, string]>> = {
    'his own, as they are': (name, value) => [name, value],
    'his own, sent to her path': (name, value) => [name.replace(own ?? '', uid ?? ''), value],
    'his own, with her sign-in written into them': (name, value) => [
      name.replace(own ?? '', uid ?? ''),
      value.replace(own ?? '', uid ?? ''),
    ],
    'his own, for the whole site': (name, value) => [name.replace(/@.*/, '@/'), value],
  }
  for (const [about, change] of Object.entries(tampered)) {
    const of = browser()
    for (const [key, { value, path }] of thief.jar) {
      const [name, changed] = change(key, value)
      of.jar.set(name, { value: changed, path: about.includes('whole') ? '/' : path.replace(own ?? '', uid ?? '') })
    }
    for (const step of ['state', 'finish', 'cancel'])
      assert.equal((await of.get(`${hers}/${step}`)).status, 404, `${about}: ${step}`)
    // The way back to the site, without the page.
    const resumed = await of.get(openid.at(`/auth/${uid}`))
    assert.equal(resumed.headers.get('location')?.includes('code=') ?? false, false, about)
  }
  assert.ok((await openid.back(victim, hers)).searchParams.get('code'), 'and she is signed in all the same')
})

test('a code for one person is not taken into another person’s sign-in', async () => {
  const [mine, injected] = [request(DEMO), await openid.code(DEMO, kenji, [])]
  const tokens = await openid.redeem(DEMO, injected.code, mine.verifier)
  assert.equal(`${tokens.status} ${String(tokens.body.error)}`, '400 invalid_grant')
  const again = await openid.redeem(DEMO, injected.code, injected.verifier)
  const { body } = again
  // Where the wrong verifier has not ended the code already, the ID token still carries the nonce of the sign-in that it is of.
  if (again.status === 200) {
    const { payload } = await openid.verified(body.id_token, DEMO)
    assert.equal(payload.nonce, injected.nonce)
    assert.notEqual(payload.nonce, mine.nonce)
  }
})

test('an OpenID token is nobody at any route of the hub', async () => {
  const { held } = await secrets()
  for (const name of ['access token', 'ID token', 'code', 'auth_req_id'] as const) {
    const headers = { authorization: `Bearer ${held[name]}` }
    const read = await ask(hub, { method: 'GET', path: '/v1/profile', headers })
    assert.equal(assertProblem(read, name), 'session-ended')
    const sent = await ask(hub, { path: '/v1/unlock', body: {}, headers })
    assert.equal(assertProblem(sent, name), 'signature-needed')
  }
})
