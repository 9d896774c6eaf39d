// A relying site and a browser for stories of OpenID: plain HTTP with a jar of cookies, every parameter in the test's own hand.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { Askable } from '#core/persona.ts'
import type { PartyId } from '#core/ids.ts'
import { answerQuestion } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import type { NewSite } from '#server/oidc/clients.ts'
import { registerClient } from '#server/oidc/clients.ts'
import { isProblem } from '#server/http-problems.ts'
import type { SignInView } from '#protocol/sign-in.ts'
import type { PaymentView } from '#protocol/views.ts'
import { PIN } from './bank.ts'
import { until, type TestHub } from './hub.ts'

export type Site = Readonly<{ id: string; secret: string; redirectUri: string }>
export type Json = Record<string, unknown>
export type Heard = Readonly<{ status: number; body: Json; headers: Headers; text: string }>

export const DEMO: Site = {
  id: 'demo-site',
  secret: 'demo-site-secret',
  redirectUri: 'http://localhost:4001/callback',
}
export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba'

/** A further site of the demo's bakery. */
export async function newSite(hub: TestHub, party: PartyId, over: Partial<NewSite> = {}): Promise<Site> {
  const redirectUri = 'https://shop.example/callback'
  const made = await registerClient(hub.openid.store, {
    party,
    name: 'Another shop',
    redirectUris: [redirectUri],
    ciba: 'poll',
    notificationEndpoint: null,
    attributes: ['age-band', 'region', 'email'],
    ...over,
  })
  assert.ok(!isProblem(made))
  return { ...made, redirectUri }
}

export async function heard(response: Response): Promise<Heard> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, body: isJson ? (JSON.parse(text) as Json) : {}, headers: response.headers, text }
}

export const basic = ({ id, secret }: Pick<Site, 'id' | 'secret'>): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`

/** POSTs a form as a site. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string | undefined>>,
  site: Site | null,
): Promise<Heard> {
  const given = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined)
  const headers = site === null ? undefined : { authorization: basic(site) }
  return heard(await fetch(url, { method: 'POST', body: new URLSearchParams(given), ...(headers && { headers }) }))
}

/** A browser: keeps cookies by path as RFC 6265 wants, follows nothing by itself. */
export function browser() {
  const jar = new Map<string, { value: string; path: string }>()
  return {
    jar,
    async get(url: string): Promise<Heard> {
      const { pathname } = new URL(url)
      const sent = [...jar].filter(
        ([, { path }]) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')),
      )
      const cookie = sent.map(([name, { value }]) => `${name.slice(0, name.indexOf('@'))}=${value}`).join('; ')
      const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html,*/*', cookie } })
      for (const line of response.headers.getSetCookie()) {
        const [pair = '', ...rest] = line.split('; ')
        const cut = pair.indexOf('=')
        const path = rest.find((part) => part.toLowerCase().startsWith('path='))?.slice(5) ?? '/'
        const key = `${pair.slice(0, cut)}@${path}`
        if (/expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(key)
        else jar.set(key, { value: pair.slice(cut + 1), path })
      }
      return heard(response)
    },
  }
}
export type Browser = ReturnType<typeof browser>

export const to = ({ headers }: Heard): URL => new URL(headers.get('location') ?? '', 'http://nowhere.invalid')

export function pkce() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type Request = Record<string, string | undefined>

/** A whole and right authorization request; what `over` says as undefined is left out. */
export function request(site: Site, over: Request = {}) {
  const { verifier, challenge } = pkce()
  const [state, nonce] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')]
  const params: Request = {
    client_id: site.id,
    redirect_uri: site.redirectUri,
    response_type: 'code',
    scope: 'openid profile age email',
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...over,
  }
  return { params, verifier, state, nonce }
}

/** How a hub is spoken to: everything at its own OpenID routes. */
export function openidOf(hub: TestHub) {
  const at = (path: string): string => `${hub.url}/oidc${path}`
  const issuer = at('')
  const keys = createRemoteJWKSet(new URL(at('/jwks')))

  const query = (params: Request): string =>
    new URLSearchParams(
      Object.entries(params).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ).toString()

  const api = {
    at,
    issuer,
    /** Begins: what the authorization endpoint answers to this browser. */
    authorize: (of: Browser, params: Request): Promise<Heard> => of.get(at(`/auth?${query(params)}`)),
    /** The sign-in's address after a good request. */
    async begin(of: Browser, params: Request): Promise<string> {
      const answer = await api.authorize(of, params)
      assert.equal(answer.status, 303, answer.text)
      const page = new URL(answer.headers.get('location') ?? '', hub.url)
      assert.match(page.pathname, /^\/oidc\/interaction\//, String(page))
      return page.href
    },
    async view(of: Browser, page: string): Promise<SignInView> {
      const answer = await of.get(`${page}/state`)
      assert.equal(answer.status, 200, answer.text)
      // Border: what the route gives is what it declares.
      return answer.body as unknown as SignInView
    },
    /** The phone joins by number and sees the question. */
    async joined(phone: Client, number: string): Promise<PaymentView> {
      const sent = await phone.send('join', { credential: { kind: 'number', number } })
      assert.ok(sent.ok && sent.view.payment, JSON.stringify(sent))
      return sent.view.payment
    },
    /** From the begun sign-in to the address that the site gets. */
    async answered(of: Browser, page: string, phone: Client, released: readonly Askable[]): Promise<URL> {
      const { number } = await api.view(of, page)
      assert.ok(number)
      const sent = await answerQuestion(phone, await api.joined(phone, number), released, PIN)
      assert.ok(sent.ok, JSON.stringify(sent))
      assert.equal((await api.view(of, page)).state, 'answered')
      return api.back(of, page)
    },
    /** The browser goes on to the site. */
    async back(of: Browser, page: string, how: 'finish' | 'cancel' = 'finish'): Promise<URL> {
      const resume = await of.get(`${page}/${how}`)
      assert.equal(resume.status, 303, resume.text)
      const end = await of.get(to(resume).href)
      assert.equal(end.status, 303, end.text)
      return to(end)
    },
    /** A whole sign-in: the site's code. */
    async code(site: Site, phone: Client, released: readonly Askable[], over: Request = {}) {
      const of = browser()
      const asked = request(site, over)
      const url = await api.answered(of, await api.begin(of, asked.params), phone, released)
      return { ...asked, url, code: url.searchParams.get('code') ?? '' }
    },
    redeem: (site: Site, code: string, verifier: string | undefined, over: Request = {}): Promise<Heard> =>
      postForm(
        at('/token'),
        { grant_type: 'authorization_code', code, redirect_uri: site.redirectUri, code_verifier: verifier, ...over },
        site,
      ),
    async userinfo(token: string): Promise<Heard> {
      return heard(await fetch(at('/me'), { headers: { authorization: `Bearer ${token}` } }))
    },
    /** The claims of an ID token after its signature, issuer and audience were checked. */
    async verified(idToken: unknown, site: Site) {
      return jwtVerify(String(idToken), keys, { issuer, audience: site.id })
    },
    ask: (site: Site, form: Request): Promise<Heard> =>
      postForm(at('/backchannel'), { scope: 'openid profile', ...form }, site),
    poll: (site: Site, authReqId: unknown): Promise<Heard> =>
      postForm(at('/token'), { grant_type: CIBA_GRANT, auth_req_id: String(authReqId) }, site),
    /** The question as it comes to a person's phone. */
    questionTo: (phone: Client, site: string): Promise<PaymentView> =>
      until(async () => {
        const inbox = await phone.inbox()
        if (!inbox.ok) return undefined
        return inbox.view.payments.find(({ biller, state }) => biller.terminalLabel === site && state === 'joined')
      }),
  }
  return api
}
