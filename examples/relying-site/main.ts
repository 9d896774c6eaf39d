// A site that signs people in with the hub: OpenID Connect's code flow with PKCE, by a pushed request (PAR). All state is in memory; a real
// site keeps it in its own session. Run it beside the demo town: node examples/relying-site/main.ts
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { randomBytes } from 'node:crypto'
import * as openid from 'openid-client'

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
  answer(request, response).catch((error: unknown) => {
    // What went wrong is the log's; the visitor learns that it did.
    console.error(error)
    page(response, 400, 'Signing in did not work', '<p><a href="/">Try again</a></p>')
  })
})
server.listen(PORT, 'localhost', () => process.stdout.write(`A relying site of ${HUB}: http://localhost:${PORT}/\n`))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', SITE.redirectUri)
  switch (url.pathname) {
    case '/':
      return page(response, 200, 'A shop', '<p><a href="/sign-in">Sign in with the wallet</a></p>')
    case '/sign-in':
      return signIn(response)
    case '/callback':
      return callback(request, response, url)
    default:
      return page(response, 404, 'Nothing here', '')
  }
}

/** Pushes the request to the hub and sends the browser there with nothing but its name. */
async function signIn(response: ServerResponse): Promise<void> {
  const now = Date.now()
  for (const [key, { at }] of begun) if (now - at > BEGUN_FOR_MS) begun.delete(key)
  const browser = randomBytes(16).toString('base64url')
  const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()]
  begun.set(browser, { verifier, state, nonce, at: now })
  const to = await openid.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: SITE.redirectUri,
    scope: 'openid profile age region email portrait',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
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
async function callback(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const browser = /(?:^|; )signing-in=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  const known = begun.get(browser)
  begun.delete(browser)
  if (known === undefined)
    return page(response, 400, 'This browser has begun no sign-in', '<p><a href="/">Begin</a></p>')
  if (url.searchParams.get('error') === 'access_denied')
    return page(response, 200, 'You said no', '<p>The site learned nothing. <a href="/">Back</a></p>')
  const { verifier, state, nonce } = known
  const tokens = await openid.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (claims === undefined) throw new Error('an ID token was expected')
  const person = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  const { picture, ...told } = person
  const shown = { ...told, acr: claims.acr, amr: claims.amr, auth_time: claims.auth_time }
  const image = typeof picture === 'string' ? `<p><img alt="" src="${escaped(picture)}" width="128"></p>` : ''
  const rows = Object.entries(shown).map(
    ([name, value]) =>
      `<dt>${escaped(name)}</dt><dd>${escaped(typeof value === 'string' ? value : JSON.stringify(value))}</dd>`,
  )
  page(
    response,
    200,
    `Welcome, ${String(person.name)}`,
    `${image}<dl id="claims">${rows.join('')}</dl><p><a href="/">Back</a></p>`,
  )
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

function page(response: ServerResponse, status: number, title: string, body: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; img-src data:",
  })
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><main><h1>${escaped(title)}</h1>${body}</main></html>`,
  )
}
