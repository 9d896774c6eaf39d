// OpenID Connect, checked as the conformance suites do, one by one: discovery, keys, PAR, the code flow and what must not work in it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { PartyId } from '#core/ids.ts'
import { answerQuestion } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { rotateKeys } from '#server/oidc/keys.ts'
import { PIN } from './support/bank.ts'
import { enrolled, startTestHub, type TestHub } from './support/hub.ts'
import {
  basic,
  browser,
  DEMO,
  heard,
  newSite,
  openidOf,
  postForm,
  request,
  to,
  type Heard,
  type Request,
  type Site,
} from './support/oidc.ts'

let hub: TestHub
let openid: ReturnType<typeof openidOf>
let hanako: Client
let kenji: Client
let bakery: PartyId
/** a second site, at another address, that may ask for less */
let other: Site

before(async () => {
  hub = await startTestHub()
  openid = openidOf(hub)
  ;[hanako, kenji] = [await enrolled(hub, 'hanako'), await enrolled(hub, 'kenji')]
  const demo = await hub.openid.store.client(DEMO.id)
  assert.ok(demo)
  bakery = demo.party
  other = await newSite(hub, bakery)
})
after(async () => {
  hanako.close()
  kenji.close()
  await hub.stop()
})

const errorOf = ({ status, body }: Heard): string => `${status} ${String(body.error)}`

/** How the authorization endpoint says no: to the site (its error), or to the person alone (a page, and no redirect). */
async function refusedAs(params: Request): Promise<string> {
  const answer = await openid.authorize(browser(), params)
  if (answer.status !== 303) return `page ${answer.status}`
  return String(to(answer).searchParams.get('error'))
}

describe('discovery and keys', () => {
  test('discovery says what the hub does, and nothing that it does not', async () => {
    const found = await heard(await fetch(openid.at('/.well-known/openid-configuration')))
    assert.equal(found.status, 200)
    const expected = {
      issuer: openid.issuer,
      authorization_endpoint: openid.at('/auth'),
      token_endpoint: openid.at('/token'),
      userinfo_endpoint: openid.at('/me'),
      jwks_uri: openid.at('/jwks'),
      pushed_authorization_request_endpoint: openid.at('/request'),
      backchannel_authentication_endpoint: openid.at('/backchannel'),
      revocation_endpoint: openid.at('/token/revocation'),
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'urn:openid:params:grant-type:ciba'],
      code_challenge_methods_supported: ['S256'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
      backchannel_token_delivery_modes_supported: ['poll', 'ping'],
      backchannel_user_code_parameter_supported: true,
      authorization_response_iss_parameter_supported: true,
      scopes_supported: ['openid', 'profile', 'age', 'member', 'region', 'email', 'portrait'],
    }
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(found.body[name], value, name)
    for (const absent of [
      'registration_endpoint',
      'introspection_endpoint',
      'end_session_endpoint',
      'check_session_iframe',
    ])
      assert.equal(found.body[absent], undefined, absent)
  })

  test('a forged host or proxy header moves no address in discovery', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' }
    const { body, text } = await heard(await fetch(openid.at('/.well-known/openid-configuration'), { headers }))
    assert.equal(body.token_endpoint, openid.at('/token'))
    assert.doesNotMatch(text, /evil/)
  })

  test('the key set has an RS256 and an ES256 key, and no private part', async () => {
    const { body } = await heard(await fetch(openid.at('/jwks')))
    const keys = body.keys as Record<string, unknown>[]
    assert.deepEqual(new Set(keys.map(({ alg }) => alg)), new Set(['ES256', 'RS256']))
    for (const key of keys)
      for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[part], undefined)
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, 2)
  })

  test('an endpoint that is switched off is not there', async () => {
    for (const path of ['/reg', '/token/introspection', '/session/end', '/device/auth', '/nothing'])
      assert.equal((await postForm(openid.at(path), {}, DEMO)).status, 404, path)
  })
})

describe('the code flow', () => {
  test('a person signs in by number, and the site learns the name and exactly what was released', async () => {
    const { url, code, verifier, state, nonce } = await openid.code(DEMO, hanako, ['age-band'], {
      scope: 'openid profile age region email',
    })
    assert.equal(url.origin + url.pathname, DEMO.redirectUri)
    assert.equal(url.searchParams.get('state'), state)
    assert.equal(url.searchParams.get('iss'), openid.issuer, 'RFC 9207: the site knows whose answer it is')
    const tokens = await openid.redeem(DEMO, code, verifier)
    assert.equal(tokens.status, 200, tokens.text)
    assert.equal(tokens.headers.get('cache-control'), 'no-store')
    assert.equal(tokens.body.token_type, 'Bearer')
    assert.equal(tokens.body.scope, 'openid profile age')
    assert.equal(tokens.body.refresh_token, undefined)

    const { payload, protectedHeader } = await openid.verified(tokens.body.id_token, DEMO)
    assert.equal(protectedHeader.alg, 'RS256')
    assert.equal(payload.nonce, nonce)
    assert.equal(payload.acr, 'urn:warifu:acr:password')
    assert.deepEqual(payload.amr, ['swk', 'pin', 'mfa'])
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600)
    assert.ok(Math.abs(Number(payload.auth_time) - (payload.iat ?? 0)) < 60)
    assert.equal(payload.name, undefined, 'the rest is the userinfo’s')

    const { body } = await openid.userinfo(String(tokens.body.access_token))
    assert.deepEqual(body, { sub: payload.sub, name: 'Hanako', age_band: '20-64' })
  })

  test('a site that signs by ES256 gets such tokens', async () => {
    const site = await newSite(hub, bakery, { signing: 'ES256' })
    const { code, verifier } = await openid.code(site, hanako, [])
    const tokens = await openid.redeem(site, code, verifier)
    assert.equal(decodeProtectedHeader(String(tokens.body.id_token)).alg, 'ES256')
    await openid.verified(tokens.body.id_token, site)
  })

  test('a changed token, another audience and another issuer do not verify', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const token = String((await openid.redeem(DEMO, code, verifier)).body.id_token)
    const [head, body = '', signature] = token.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody' })).toString('base64url')
    await assert.rejects(openid.verified(`${head}.${forged}.${signature}`, DEMO), /signature/)
    await assert.rejects(openid.verified(token, other), /aud/)
    const keys = createRemoteJWKSet(new URL(openid.at('/jwks')))
    await assert.rejects(jwtVerify(token, keys, { issuer: 'https://evil.example' }), /iss/)
    const later = new Date(Date.now() + 11 * 60_000)
    await assert.rejects(jwtVerify(token, keys, { currentDate: later }), /exp/)
  })

  test('the same person is another subject at another site, and the same at the same', async () => {
    const subjectAt = async (site: Site, phone: Client): Promise<unknown> => {
      const { code, verifier } = await openid.code(site, phone, [], { scope: 'openid' })
      const { body } = await openid.redeem(site, code, verifier)
      return (await openid.verified(body.id_token, site)).payload.sub
    }
    const [here, again, there, kenjis] = [
      await subjectAt(DEMO, hanako),
      await subjectAt(DEMO, hanako),
      await subjectAt(other, hanako),
      await subjectAt(DEMO, kenji),
    ]
    assert.equal(here, again)
    assert.equal(new Set([here, there, kenjis]).size, 3)
    const self = (await hanako.identity())?.self
    assert.ok(self?.kind === 'device')
    assert.doesNotMatch(String(here), new RegExp(self.party.slice(4)))
  })

  test('what was not released is not told, also when an earlier sign-in released it', async () => {
    const first = await openid.code(DEMO, hanako, ['age-band', 'region'], { scope: 'openid profile age region' })
    const second = await openid.code(DEMO, hanako, [], { scope: 'openid profile age region' })
    const infoOf = async ({ code, verifier }: typeof first) =>
      (await openid.userinfo(String((await openid.redeem(DEMO, code, verifier)).body.access_token))).body
    const [much, little] = [await infoOf(first), await infoOf(second)]
    assert.equal(much.region, 'JP-14')
    assert.deepEqual(Object.keys(little).toSorted(), ['name', 'sub'])
  })

  test('whoever says no on the phone sends the site away with access_denied', async () => {
    const of = browser()
    const { params, state } = request(DEMO)
    const page = await openid.begin(of, params)
    const { number } = await openid.view(of, page)
    const { payment } = await openid.joined(hanako, number ?? '')
    assert.equal((await openid.view(of, page)).payer, 'Hanako')
    assert.ok((await hanako.send('decline', { payment })).ok)
    assert.equal((await openid.view(of, page)).state, 'declined')
    const url = await openid.back(of, page)
    assert.equal(url.searchParams.get('error'), 'access_denied')
    assert.equal(url.searchParams.get('state'), state)
    assert.equal(url.searchParams.get('iss'), openid.issuer)
    assert.equal(url.searchParams.get('code'), null)
  })

  test('whoever cancels on the page goes back with access_denied, and the number is dead', async () => {
    const of = browser()
    const page = await openid.begin(of, request(DEMO).params)
    const { number } = await openid.view(of, page)
    assert.equal((await openid.back(of, page, 'cancel')).searchParams.get('error'), 'access_denied')
    const sent = await hanako.send('join', { credential: { kind: 'number', number: number ?? '' } })
    assert.ok(!sent.ok && sent.problem.code === 'number-not-found')
  })

  test('the phone sees the site, the merchant and what is asked, under the same number in every look', async () => {
    const of = browser()
    const page = await openid.begin(of, request(other, { scope: 'openid profile region', ui_locales: 'ja' }).params)
    const [view, again] = [await openid.view(of, page), await openid.view(of, page)]
    assert.equal(view.number, again.number)
    assert.equal(view.site, 'Another shop')
    assert.equal(view.merchant, 'Marubeni Bakery')
    const seen = await openid.joined(hanako, view.number ?? '')
    assert.equal(seen.biller.terminalLabel, 'Another shop')
    assert.deepEqual(seen.question?.attributes, ['region'])
    assert.equal(seen.question?.reason, 'Another shopへのサインイン')
    assert.equal(seen.freshProof, true)
    assert.equal((await openid.view(of, page)).tally, seen.tally)
  })
})

describe('PKCE', () => {
  test('a request without a challenge, or with a plain one, is refused', async () => {
    const without = request(DEMO, { code_challenge: undefined, code_challenge_method: undefined })
    assert.equal(await refusedAs(without.params), 'invalid_request')
    assert.equal(await refusedAs(request(DEMO, { code_challenge_method: 'plain' }).params), 'invalid_request')
    assert.equal(await refusedAs(request(DEMO, { code_challenge_method: undefined }).params), 'invalid_request')
    assert.equal(await refusedAs(request(DEMO, { code_challenge: 'short' }).params), 'invalid_request')
  })

  test('a code is worth nothing without its verifier, or with another', async () => {
    const { code } = await openid.code(DEMO, hanako, [])
    assert.equal(errorOf(await openid.redeem(DEMO, code, undefined)), '400 invalid_grant')
    const another = await openid.code(DEMO, hanako, [])
    const wrong = await openid.redeem(DEMO, another.code, request(DEMO).verifier)
    assert.equal(errorOf(wrong), '400 invalid_grant')
  })
})

describe('codes', () => {
  test('a code is good once; used twice, what it gave is taken back', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const first = await openid.redeem(DEMO, code, verifier)
    assert.equal(first.status, 200)
    assert.equal(errorOf(await openid.redeem(DEMO, code, verifier)), '400 invalid_grant')
    assert.equal((await openid.userinfo(String(first.body.access_token))).status, 401)
  })

  test('of many that come with one code at once, one gets tokens', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const all = await Promise.all(Array.from({ length: 8 }, () => openid.redeem(DEMO, code, verifier)))
    assert.equal(all.filter(({ status }) => status === 200).length, 1)
    assert.ok(all.every(({ status }) => status === 200 || status === 400))
  })

  test('a code injected into another site, or redeemed for another address, gives nothing', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    assert.equal(
      errorOf(await openid.redeem(other, code, verifier, { redirect_uri: DEMO.redirectUri })),
      '400 invalid_grant',
    )
    const moved = await openid.redeem(DEMO, code, verifier, { redirect_uri: 'http://localhost:4001/other' })
    assert.equal(errorOf(moved), '400 invalid_grant')
  })

  test('a site must show its own secret', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const stored = await hub.openid.store.client(DEMO.id)
    for (const secret of ['wrong', '', String(stored?.metadata.client_secret)]) {
      const answer = await openid.redeem({ ...DEMO, secret }, code, verifier)
      assert.ok(answer.status === 401 || answer.status === 400, `${secret}: ${answer.text}`)
      assert.match(String(answer.body.error), /invalid_client|invalid_request/)
    }
    assert.equal((await openid.redeem(DEMO, code, verifier)).status, 200, 'and the code was not used up by that')
    assert.doesNotMatch(JSON.stringify(stored), new RegExp(DEMO.secret))
  })

  test('what is kept of codes and tokens is of no use to who reads it', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const token = String((await openid.redeem(DEMO, code, verifier)).body.access_token)
    const { rows } = await hub.database.transactions.query<{ text: string }>('select e::text as text from oidc_entry e')
    const all = rows.map(({ text }) => text).join('\n')
    assert.ok(rows.length > 0)
    for (const secret of [code, token]) assert.ok(!all.includes(secret))
  })

  test('a revoked token opens nothing, and a site revokes only its own', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const token = String((await openid.redeem(DEMO, code, verifier)).body.access_token)
    await postForm(openid.at('/token/revocation'), { token }, other)
    assert.equal((await openid.userinfo(token)).status, 200)
    assert.equal((await postForm(openid.at('/token/revocation'), { token }, DEMO)).status, 200)
    assert.equal((await openid.userinfo(token)).status, 401)
    assert.equal((await openid.userinfo('nothing')).status, 401)
  })
})

describe('redirect tricks and foreign requests', () => {
  const tricks = [
    'http://localhost:4001/callback/',
    'http://localhost:4001/callback?x=1',
    'http://localhost:4001/callback#x',
    'http://localhost:4001/callback/../callback',
    'http://localhost:4001/CALLBACK',
    'http://localhost:4001/%63allback',
    'http://localhost:4001@evil.example/callback',
    'http://localhost:4002/callback',
    'https://localhost:4001/callback',
    'http://127.0.0.1:4001/callback',
    'http://localhost:4001.evil.example/callback',
    'http://evil.example/?http://localhost:4001/callback',
    '//evil.example/callback',
    'javascript:alert(1)',
    'http://localhost:4001/callback\r\nlocation: http://evil.example',
    '',
  ]
  for (const uri of tricks)
    test(`an address that is not the registered one is never gone to: ${JSON.stringify(uri)}`, async () => {
      const answer = await openid.authorize(browser(), request(DEMO, { redirect_uri: uri }).params)
      assert.equal(answer.status, 400)
      assert.equal(answer.headers.get('location'), null)
    })

  test('without an address there is no guess at it', async () => {
    assert.equal(await refusedAs(request(DEMO, { redirect_uri: undefined }).params), 'page 400')
  })

  test('an unknown or ended site gets nobody', async () => {
    assert.equal(await refusedAs(request(DEMO, { client_id: 'nobody' }).params), 'page 400')
    const site = await newSite(hub, bakery)
    const { code, verifier } = await openid.code(site, hanako, [])
    assert.ok(await hub.openid.store.endClient(site.id))
    assert.equal(await refusedAs(request(site).params), 'page 400')
    assert.equal(errorOf(await openid.redeem(site, code, verifier)), '401 invalid_client')
  })

  const refused: readonly (readonly [what: string, over: Request, error: string])[] = [
    ['the implicit flow', { response_type: 'id_token' }, 'invalid_request'],
    ['the hybrid flow', { response_type: 'code id_token' }, 'invalid_request'],
    ['a token in the address', { response_type: 'token' }, 'invalid_request'],
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['a foreign request_uri', { request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
    ['a scope that this site may not ask for', { scope: 'openid portrait' }, 'invalid_scope'],
    ['a request that is no OpenID', { scope: 'profile' }, 'invalid_request'],
    ['signing in without asking', { prompt: 'none' }, 'login_required'],
    ['a fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['a form', { response_mode: 'form_post' }, 'invalid_request'],
  ]
  for (const [what, over, error] of refused)
    test(`${what} is refused`, async () => {
      const answer = await openid.authorize(browser(), request(other, over).params)
      if (error.startsWith('page')) return assert.equal(`page ${answer.status}`, error)
      const where = answer.headers.get('location') ?? answer.text
      assert.match(where, new RegExp(`error=${error}|value="${error}"`), where)
      assert.doesNotMatch(where, /code=/)
    })

  test('parameters sent twice are refused', async () => {
    const { params } = request(DEMO)
    const query = new URLSearchParams(params as Record<string, string>)
    query.append('redirect_uri', 'http://evil.example/')
    const answer = await browser().get(openid.at(`/auth?${query.toString()}`))
    assert.equal(answer.status, 400)
    assert.equal(answer.headers.get('location'), null)
  })

  test('bad input gets a 4xx and an error, never a 5xx', async () => {
    const bodies = ['', '%', 'a=%ff', 'grant_type[]=x', '\0', 'grant_type=authorization_code&code=%00', '{}']
    for (const path of ['/token', '/request', '/backchannel', '/token/revocation'])
      for (const body of bodies)
        for (const type of ['application/x-www-form-urlencoded', 'application/json', 'text/plain']) {
          const headers = { 'content-type': type, authorization: basic(DEMO) }
          const { status } = await fetch(openid.at(path), { method: 'POST', body, headers })
          assert.ok(status >= 400 && status < 500, `${path} ${type} ${JSON.stringify(body)}: ${status}`)
        }
    const large = await fetch(openid.at('/token'), {
      method: 'POST',
      body: `x=${'y'.repeat(70_000)}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    assert.ok(large.status >= 400 && large.status < 500, String(large.status))
    for (const header of ['Basic', 'Basic %%%', 'Bearer x', `Basic ${'x'.repeat(5_000)}`]) {
      const answer = await fetch(openid.at('/token'), { method: 'POST', headers: { authorization: header } })
      assert.ok(answer.status >= 400 && answer.status < 500, header)
    }
  })

  test('grants that the hub does not know are refused', async () => {
    for (const grant of ['password', 'client_credentials', 'refresh_token', 'implicit'])
      assert.match(
        errorOf(await postForm(openid.at('/token'), { grant_type: grant, username: 'a', password: 'b' }, DEMO)),
        /^400 (unsupported_grant_type|unauthorized_client|invalid_request)$/,
      )
  })
})

describe('pushed requests', () => {
  const push = (site: Site, over: Request = {}): Promise<Heard> =>
    postForm(openid.at('/request'), request(site, over).params, site)

  test('a pushed request signs in as a plain one does, once', async () => {
    const asked = request(DEMO)
    const pushed = await postForm(openid.at('/request'), asked.params, DEMO)
    assert.equal(pushed.status, 201, pushed.text)
    const params = { client_id: DEMO.id, request_uri: String(pushed.body.request_uri) }
    const of = browser()
    const url = await openid.answered(of, await openid.begin(of, params), hanako, [])
    const tokens = await openid.redeem(DEMO, url.searchParams.get('code') ?? '', asked.verifier)
    assert.equal(tokens.status, 200, tokens.text)
    assert.equal(await refusedAs(params), 'page 400', 'it is used up')
  })

  test('it is the pushed parameters that count, and only for the site that pushed them', async () => {
    const pushed = await push(DEMO)
    const uri = String(pushed.body.request_uri)
    assert.equal(await refusedAs({ client_id: other.id, request_uri: uri }), 'page 400')
    const of = browser()
    const page = await openid.begin(of, { client_id: DEMO.id, request_uri: uri, scope: 'openid portrait region' })
    assert.deepEqual((await openid.view(of, page)).attributes, ['age-band', 'email'])
  })

  test('a site that pushes always is not answered otherwise', async () => {
    const site = await newSite(hub, bakery, { pushedOnly: true })
    assert.equal(await refusedAs(request(site).params), 'invalid_request')
    const pushed = await push(site)
    assert.equal(pushed.status, 201)
    await openid.begin(browser(), { client_id: site.id, request_uri: String(pushed.body.request_uri) })
  })

  test('pushing wants the secret, PKCE and a registered address', async () => {
    assert.equal(errorOf(await push({ ...DEMO, secret: 'wrong' })), '401 invalid_client')
    assert.equal(errorOf(await push(DEMO, { code_challenge: undefined })), '400 invalid_request')
    assert.equal(errorOf(await push(DEMO, { redirect_uri: 'https://evil.example/' })), '400 invalid_request')
  })
})

describe('the browser that began', () => {
  test('another browser sees nothing of a sign-in and cannot finish it', async () => {
    const [mine, thief] = [browser(), browser()]
    const page = await openid.begin(mine, request(DEMO).params)
    const { number } = await openid.view(mine, page)
    // The thief has a sign-in of his own, and knows the address of mine.
    await openid.begin(thief, request(DEMO).params)
    for (const path of ['state', 'finish', 'cancel']) assert.equal((await thief.get(`${page}/${path}`)).status, 404)
    const sent = await answerQuestion(hanako, await openid.joined(hanako, number ?? ''), [], PIN)
    assert.ok(sent.ok)
    for (const path of ['state', 'finish', 'cancel']) assert.equal((await thief.get(`${page}/${path}`)).status, 404)
    assert.ok((await openid.back(mine, page)).searchParams.get('code'))
  })

  test('a cookie that was planted or changed is no cookie', async () => {
    const mine = browser()
    const page = await openid.begin(mine, request(DEMO).params)
    const uid = new URL(page).pathname.split('/').at(-1) ?? ''
    const planted = browser()
    planted.jar.set('warifu-interaction@/', { value: uid, path: '/' })
    assert.equal((await planted.get(`${page}/state`)).status, 404, 'unsigned')
    planted.jar.set('warifu-interaction.sig@/', { value: 'A'.repeat(27), path: '/' })
    assert.equal((await planted.get(`${page}/state`)).status, 404, 'wrongly signed')
  })

  test('the cookies are out of reach of scripts and other sites', async () => {
    const answer = await openid.authorize(browser(), request(DEMO).params)
    const cookies = answer.headers.getSetCookie()
    assert.ok(cookies.length >= 2)
    for (const cookie of cookies) {
      assert.match(cookie, /httponly/i)
      assert.match(cookie, /samesite=lax/i)
    }
  })

  test('nobody stays signed in: the next sign-in in the same browser asks again, whoever answers', async () => {
    const of = browser()
    for (const phone of [hanako, kenji]) {
      const asked = request(DEMO)
      const url = await openid.answered(of, await openid.begin(of, asked.params), phone, [])
      const tokens = await openid.redeem(DEMO, url.searchParams.get('code') ?? '', asked.verifier)
      const { body } = await openid.userinfo(String(tokens.body.access_token))
      assert.equal(body.name, phone === hanako ? 'Hanako' : 'Kenji')
    }
    assert.equal(
      to(await openid.authorize(of, request(DEMO, { prompt: 'none' }).params)).searchParams.get('error'),
      'login_required',
    )
  })

  test('finishing before the person has answered leads back to the page, and finishing twice to one code', async () => {
    const of = browser()
    const page = await openid.begin(of, request(DEMO).params)
    const early = await of.get(`${page}/finish`)
    assert.equal(early.status, 303)
    assert.equal(to(early).pathname, new URL(page).pathname)
    const { number } = await openid.view(of, page)
    assert.ok((await answerQuestion(hanako, await openid.joined(hanako, number ?? ''), [], PIN)).ok)
    const [first, second] = [await of.get(`${page}/finish`), await of.get(`${page}/finish`)]
    assert.equal(to(first).href, to(second).href)
    assert.ok(to(await of.get(to(first).href)).searchParams.get('code'))
    assert.equal((await of.get(to(first).href)).status, 400, 'the sign-in is over')
  })

  test('an id_token_hint for somebody else ends in login_required', async () => {
    const { code, verifier } = await openid.code(DEMO, kenji, [])
    const hint = String((await openid.redeem(DEMO, code, verifier)).body.id_token)
    const of = browser()
    const page = await openid.begin(of, request(DEMO, { id_token_hint: hint }).params)
    const url = await openid.answered(of, page, hanako, [])
    assert.equal(url.searchParams.get('error'), 'login_required')
  })
})

describe('key rotation', () => {
  test('new keys come beside the old ones, which still verify what they signed', async () => {
    const { code, verifier } = await openid.code(DEMO, hanako, [])
    const before = String((await openid.redeem(DEMO, code, verifier)).body.id_token)
    await rotateKeys(hub.openid.store)
    const second = await startTestHub({ settings: hub.settings })
    try {
      const { body } = await heard(await fetch(`${second.url}/oidc/jwks`))
      assert.equal((body.keys as unknown[]).length, 4)
      const keys = createRemoteJWKSet(new URL(`${second.url}/oidc/jwks`))
      await jwtVerify(before, keys, { audience: DEMO.id })
    } finally {
      await second.stop()
    }
  })
})
