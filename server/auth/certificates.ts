// Client certificates: the hub's own small authority certifies the keys that were enrolled, and a connection that shows such a
// certificate speaks for its actor without a session, at the same routes (mutual TLS). The certificate only repeats what the directory
// says: with each request the actor must be active and its enrolled key the certified one, so that revoking needs no lists.
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { equal, fromBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Actor } from '#switch/actors.ts'
import type { AuthorityRow } from '../postgres/device-authority.ts'
import type { ActorId, Directory, Identity } from './directory.ts'
import { inactiveCode } from './enrolment.ts'

export type Certificates = ReturnType<typeof clientCertificates>
export type Issued = Readonly<{ certificate: string; authority: string; notAfter: number }>

const DAY_MS = 24 * 3_600_000
const AUTHORITY_DAYS = 3650
const CLIENT_DAYS = 90
/** A machine whose clock is behind must not refuse a new certificate. */
const BACKDATED_MS = DAY_MS
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const NAME = 'urn:warifu:actor:'

/** Loaded when the first certificate is made: with its ASN.1 libraries it is 15 MB that a hub at rest need not hold. */
async function x509() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

/** A new authority, good for ten years from `now`. */
export async function makeAuthority(now: number): Promise<AuthorityRow> {
  const lib = await x509()
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`Warifu devices ${randomBytes(4).toString('hex')}`] }],
    keys,
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new lib.BasicConstraintsExtension(true, 0, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign, true),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { certificatePem: certificate.toString('pem'), keyPem: lib.PemConverter.encode(key, 'PRIVATE KEY') }
}

/** A certificate of the enrolled key for 90 days from `now`. */
export async function issueCertificate(
  authority: AuthorityRow,
  { actor, publicKey }: Pick<Identity, 'actor' | 'publicKey'>,
  now: number,
): Promise<Issued> {
  const lib = await x509()
  const issuer = new lib.X509Certificate(authority.certificatePem)
  const der = createPrivateKey(authority.keyPem).export({ type: 'pkcs8', format: 'der' })
  const signingKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign'])
  const certified = await crypto.subtle.importKey('raw', Uint8Array.from(publicKey), ALGORITHM, true, ['verify'])
  // To the second, as certificates tell it.
  const notAfter = Math.floor(Math.min(now + CLIENT_DAYS * DAY_MS, issuer.notAfter.getTime()) / 1000) * 1000
  const certificate = await lib.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [actor.id] }],
    issuer: issuer.subjectName.toJSON(),
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(notAfter),
    publicKey: certified,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new lib.BasicConstraintsExtension(false, undefined, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
      new lib.ExtendedKeyUsageExtension([CLIENT_AUTH]),
      new lib.SubjectAlternativeNameExtension([{ type: 'url', value: `${NAME}${actor.id}` }]),
      await lib.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), authority: authority.certificatePem, notAfter }
}

/** Positive, as RFC 5280 wants it. */
const serial = (): string => `01${randomBytes(16).toString('hex')}`

/** What a certificate of the authority says. */
type Claim = Readonly<{ actor: ActorId; publicKey: Uint8Array; from: number; until: number }>

/** `authority` is asked for when it is needed; `now` is the hub's clock. */
export function clientCertificates(parts: {
  directory: Pick<Directory, 'identityOf'>
  authority: () => Promise<AuthorityRow>
  now: () => number
}) {
  const { directory, authority, now } = parts
  const claims = new WeakMap<TLSSocket, Claim | null>()

  async function claimOf(socket: TLSSocket): Promise<Claim | null> {
    const known = claims.get(socket)
    if (known !== undefined) return known
    const shown = socket.getPeerX509Certificate()
    const claim =
      shown === undefined || !socket.authorized ? null : readClaim(shown, (await authority()).certificatePem)
    claims.set(socket, claim)
    return claim
  }

  return {
    /** A certificate for whoever asks. Problem: what a revoked actor is told. */
    async issue({ id }: Actor): Promise<Issued | Problem> {
      const identity = await directory.identityOf(id)
      if (identity === undefined) return problemOf('not-found')
      if (identity.status !== 'active') return problemOf(inactiveCode(identity.actor))
      return issueCertificate(await authority(), identity, now())
    },

    /** Who shows a certificate on this connection; undefined where nobody does. Problem: what a revoked actor is told. */
    async actorBehind(socket: Socket, headers: IncomingHttpHeaders): Promise<Actor | Problem | undefined> {
      if (!(socket instanceof TLSSocket) || isFromElsewhere(headers)) return undefined
      const claim = await claimOf(socket)
      if (claim === null || now() < claim.from || now() >= claim.until) return undefined
      const identity = await directory.identityOf(claim.actor)
      if (identity === undefined || !equal(identity.publicKey, claim.publicKey)) return undefined
      return identity.status === 'active' ? identity.actor : problemOf(inactiveCode(identity.actor))
    },
  }
}

/** What is certified, if this is our authority's and made for clients; null for anything else. */
export function readClaim(shown: X509Certificate, authorityPem: string): Claim | null {
  const issuer = new X509Certificate(authorityPem)
  if (!shown.checkIssued(issuer) || !shown.verify(issuer.publicKey)) return null
  // Node's `keyUsage` is the extended one; without any it is undefined.
  const uses: readonly string[] | undefined = shown.keyUsage
  if (shown.ca || uses?.length !== 1 || uses[0] !== CLIENT_AUTH) return null
  const name = shown.subjectAltName ?? ''
  const text = name.startsWith(`URI:${NAME}`) ? name.slice(`URI:${NAME}`.length) : undefined
  const actor = parseId('dev', text) ?? parseId('trm', text) ?? parseId('opr', text)
  const { x, y, crv } = shown.publicKey.export({ format: 'jwk' })
  const [left, right] = [fromBase64url(x ?? ''), fromBase64url(y ?? '')]
  if (actor === undefined || crv !== 'P-256' || left === undefined || right === undefined) return null
  const publicKey = Uint8Array.from([4, ...left, ...right])
  return { actor, publicKey, from: shown.validFromDate.getTime(), until: shown.validToDate.getTime() }
}

/**
 * A browser shows a certificate to whatever page asks it to send something here. Only what our own pages or the person at the address bar
 * cause counts; a browser that does not say who caused it, and names an origin, is not believed.
 */
function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined ? headers.origin !== undefined : site !== 'same-origin' && site !== 'none'
}
