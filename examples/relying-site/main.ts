// A site that signs people in with the hub: OpenID Connect's code flow with PKCE, by a pushed request (PAR). All state is in memory; a real
// site keeps it in its own session. Run it beside the demo town: npm run example:site
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { randomBytes } from 'node:crypto'
import * as openid from 'openid-client'
import { languageOf, pageIn, WORDS, type Language } from './page.ts'

const HUB = process.env.HUB ?? 'http://localhost:8080'
const PORT = Number(process.env.PORT ?? 4001)
const SITE = {
  id: process.env.CLIENT_ID ?? 'demo-site',
  secret: process.env.CLIENT_SECRET ?? 'demo-site-secret',
  redirectUri: `http://localhost:${PORT}/callback`,
}

/** A sign-in that was begun, by the cookie of the browser that began it: nobody else's answer is taken. */
type Begun = Readonly<{ verifier: string; state: string; nonce: string; at: number }>
const begun = new Map<string, Begun>()
const BEGUN_FOR_MS = 10 * 60_000

const config = await openid.discovery(
  new URL(`${HUB}/oidc`),
  SITE.id,
  undefined,
  openid.ClientSecretBasic(SITE.secret),
  // Plain http is for the demo on this machine alone.
  HUB.startsWith('http://localhost:') ? { execute: [openid.allowInsecureRequests] } : undefined,
)

const server = createServer((request, response) => {
  const language = languageOf(request.headers['accept-language'])
  answer(request, response, language).catch((error: unknown) => {
    // What went wrong is the log's; the visitor learns that it did.
    console.error(error)
    const { failed, again } = WORDS[language]
    send(response, 400, pageIn(language, failed, { links: [['/sign-in', again]] }))
  })
})
server.listen(PORT, 'localhost', () => process.stdout.write(`A relying site of ${HUB}: http://localhost:${PORT}/\n`))

async function answer(request: IncomingMessage, response: ServerResponse, language: Language): Promise<void> {
  const words = WORDS[language]
  const url = new URL(request.url ?? '/', SITE.redirectUri)
  switch (url.pathname) {
    case '/':
      return send(response, 200, pageIn(language, words.shop, { links: [['/sign-in', words.signIn]] }))
    case '/sign-in':
      return signIn(response, language)
    case '/callback':
      return callback(request, response, url, language)
    default:
      return send(response, 404, pageIn(language, words.nothing, { links: [['/', words.back]] }))
  }
}

/** Pushes the request to the hub and sends the browser there with nothing but its name. */
async function signIn(response: ServerResponse, language: Language): Promise<void> {
  const now = Date.now()
  for (const [key, { at }] of begun) if (now - at > BEGUN_FOR_MS) begun.delete(key)
  const browser = randomBytes(16).toString('base64url')
  const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()]
  begun.set(browser, { verifier, state, nonce, at: now })
  const to = await openid.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: SITE.redirectUri,
    scope: 'openid profile age member region email portrait',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    // The phone says in this language what is asked.
    ui_locales: language,
    state,
    nonce,
  })
  response.writeHead(303, {
    location: to.href,
    'set-cookie': `signing-in=${browser}; HttpOnly; SameSite=Lax; Path=/callback; Max-Age=${BEGUN_FOR_MS / 1000}`,
  })
  response.end()
}

/** Checks that the answer belongs to this browser's request, and to this hub (`iss`), and asks for what was released. */
async function callback(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  language: Language,
): Promise<void> {
  const words = WORDS[language]
  const browser = /(?:^|; )signing-in=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  const known = begun.get(browser)
  begun.delete(browser)
  if (known === undefined)
    return send(response, 400, pageIn(language, words.notBegun, { links: [['/sign-in', words.signIn]] }))
  const { verifier, state, nonce } = known
  try {
    const tokens = await openid.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    if (claims === undefined) throw new Error('an ID token was expected')
    const { picture, ...person } = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
    const told = { ...person, acr: claims.acr, amr: claims.amr, auth_time: claims.auth_time }
    const body = { told, links: [['/', words.back]], ...(picture !== undefined && { picture }) } as const
    return send(response, 200, pageIn(language, words.welcome(String(person.name)), body))
  } catch (error) {
    // A no also has the state and the issuer of the request, or it is somebody else's.
    if (!(error instanceof openid.AuthorizationResponseError) || error.error !== 'access_denied') throw error
    return send(response, 200, pageIn(language, words.no, { text: words.learnedNothing, links: [['/', words.back]] }))
  }
}

function send(response: ServerResponse, status: number, { html, policy }: ReturnType<typeof pageIn>): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy,
  })
  response.end(html)
}
