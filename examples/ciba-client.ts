// "Confirm on your phone": a help desk asks somebody by account number or e-mail address and waits for the answer (CIBA, poll).
//   npm run example:ask -- hanako@example.jp
import { randomInt } from 'node:crypto'
import * as openid from 'openid-client'

const HUB = process.env.HUB ?? 'http://localhost:8080'
const [hint] = process.argv.slice(2)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (hint === undefined) {
  say('Whom? npm run example:ask -- ACCOUNT-NUMBER-OR-EMAIL')
  process.exit(1)
}

const config = await openid.discovery(
  new URL(`${HUB}/oidc`),
  process.env.CLIENT_ID ?? 'demo-site',
  undefined,
  openid.ClientSecretBasic(process.env.CLIENT_SECRET ?? 'demo-site-secret'),
  // Plain http is for the demo on this machine alone.
  HUB.startsWith('http://localhost:') ? { execute: [openid.allowInsecureRequests] } : undefined,
)

// Both sides see it: whoever is asked compares it with what the help desk reads out.
const code = `${randomInt(100, 1000)}-${randomInt(100, 1000)}`
const request = await openid.initiateBackchannelAuthentication(config, {
  scope: 'openid profile age',
  login_hint: hint,
  binding_message: code,
})
say(`Confirm on your phone. The code there must be ${code}.`)
try {
  const tokens = await openid.pollBackchannelAuthenticationGrant(config, request)
  const claims = tokens.claims()
  if (claims === undefined) throw new Error('an ID token was expected')
  const person = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  say(`It is ${String(person.name)} (${JSON.stringify(claims.acr)}).`)
  say(JSON.stringify(person, null, 2))
} catch (error) {
  const why = error instanceof openid.ResponseBodyError ? error.error : undefined
  if (why === 'access_denied') say('The answer was no.')
  else if (why === 'expired_token') say('Nobody answered.')
  else throw error
}
