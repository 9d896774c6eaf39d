/**
 * TLS for a hub on a home or shop network (`npm start -- --lan`): a small certificate authority of our own, made once,
 * which people trust on their phones, and a server certificate for the machine's addresses, renewed as needed.
 *
 *   <folder>/tls/ca.pem, ca.key           the authority, ten years
 *   <folder>/tls/server.pem, server.key   the server, 397 days (browsers take no longer ones)
 *
 * A person who trusts the authority should not have to fear what a thief of its key could sign: it is constrained to
 * private addresses, names of local networks, and the hosts the hub had when it was made.
 */

// @peculiar/x509 asks for this before its own import, for its effect only.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

export type Tls = Readonly<{
  /** the server's certificate, PEM, for `https.createServer` */
  cert: string
  /** its private key, PEM */
  key: string
  /** the authority's certificate, PEM, which phones trust */
  caPem: string
  /** its SHA-256 fingerprint as 'AB:CD:…', for a person to compare */
  caFingerprintSha256: string
  /** the hosts that the authority may not sign for, and that the certificate therefore lacks */
  leftOut: readonly string[]
}>

/** The message is for a person: what is wrong with the files and what to do next. */
export class TlsError extends Error {
  override readonly name = 'TlsError'
}

type Authority = Readonly<{ certificate: X509Certificate; pem: string; keyPem: string }>

const DAY_MS = 24 * 60 * 60 * 1000
const AUTHORITY_DAYS = 3650
const SERVER_DAYS = 397
const RENEW_DAYS = 30
/** A phone whose clock is behind must not refuse a new certificate. */
const BACKDATED_DAYS = 1

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const NAME_CONSTRAINTS = '2.5.29.30'

const OWN_HOSTS = ['localhost', '127.0.0.1', '::1']
/** Names that never belong to anybody on the internet: RFC 6761, 6762, 8375, ICANN's `internal`, and what routers use. */
const LOCAL_NAMES = ['localhost', 'local', 'home.arpa', 'internal', 'lan', 'home', 'localdomain']
const PRIVATE_RANGES = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const

/**
 * The certificate for these hosts (names and IP addresses; localhost is always among them), made or renewed if needed.
 * @throws TlsError when the authority's files are damaged or the folder cannot be written
 */
export async function ensureTls(folder: string, hosts: readonly string[], now: Date): Promise<Tls> {
  const wanted = [...new Set([...OWN_HOSTS, ...hosts.map(normalHost)])]
  const place = join(folder, 'tls')
  const authority = (await readAuthority(place, now)) ?? (await makeAuthority(folder, wanted, now))
  const permitted = permittedBy(authority.certificate)
  const signed = wanted.filter(permitted)
  const server = (await readServer(place, authority, signed, now)) ?? (await makeServer(place, authority, signed, now))
  return {
    ...server,
    caPem: authority.pem,
    caFingerprintSha256: authority.certificate.fingerprint256,
    leftOut: wanted.filter((host) => !permitted(host)),
  }
}

/** The addresses at which other machines of the network can reach this one. Link-local ones need a zone, which no URL takes. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .toSorted((one, other) => one.family.localeCompare(other.family))
    .map(({ address }) => address)
}

async function readAuthority(place: string, now: Date): Promise<Authority | undefined> {
  const pem = await readIfThere(join(place, 'ca.pem'))
  const keyPem = await readIfThere(join(place, 'ca.key'))
  if (pem === undefined && keyPem === undefined) return undefined
  const again = `Restore it from a backup, or delete ${place} to make a new authority, which every phone must then trust.`
  if (pem === undefined || keyPem === undefined) {
    throw new TlsError(
      `The hub's certificate authority is not whole: ${pem ? 'ca.key' : 'ca.pem'} is missing. ${again}`,
    )
  }
  const certificate = parsed(pem, keyPem)
  if (!certificate?.ca)
    throw new TlsError(`The hub's certificate authority cannot be read or does not fit its key. ${again}`)
  if (certificate.validToDate.getTime() < now.getTime() + RENEW_DAYS * DAY_MS) {
    throw new TlsError(`The hub's certificate authority ends on ${certificate.validTo}. ${again}`)
  }
  return { certificate, pem, keyPem }
}

async function makeAuthority(folder: string, hosts: readonly string[], now: Date): Promise<Authority> {
  const keys = await makeKeys()
  const notBefore = daysAfter(now, -BACKDATED_DAYS)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // A name of its own for each: a phone that knows two with one name may take the wrong one.
    name: [{ CN: [`Warifu hub ${randomBytes(4).toString('hex')}`] }],
    keys,
    notBefore,
    notAfter: daysAfter(notBefore, AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.Extension(NAME_CONSTRAINTS, true, writeConstraints(hosts)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pem = certificate.toString('pem')
  const keyPem = await pemOfKey(keys.privateKey)
  // Both files appear at once, under their name: half an authority would be an error at the next start.
  const place = join(folder, 'tls')
  const unfinished = join(folder, 'tls.new')
  await writeOrSay(place, async () => {
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true, mode: 0o700 })
    await writeFile(join(unfinished, 'ca.key'), keyPem, { mode: 0o600 })
    await writeFile(join(unfinished, 'ca.pem'), pem)
    await rm(join(place, 'server.pem'), { force: true })
    await rm(join(place, 'server.key'), { force: true })
    await rename(unfinished, place)
  })
  return { certificate: new X509Certificate(pem), pem, keyPem }
}

/** The server's pair if it is whole and good for all hosts; there is nothing to lose in making a new one. */
async function readServer(place: string, authority: Authority, hosts: readonly string[], now: Date) {
  const cert = await readIfThere(join(place, 'server.pem'))
  const key = await readIfThere(join(place, 'server.key'))
  const certificate = cert !== undefined && key !== undefined ? parsed(cert, key) : undefined
  if (cert === undefined || key === undefined || !certificate) return undefined
  const isGood =
    certificate.verify(authority.certificate.publicKey) &&
    certificate.validFromDate <= now &&
    certificate.validToDate > daysAfter(now, RENEW_DAYS) &&
    hosts.every((host) => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)))
  return isGood ? { cert, key } : undefined
}

async function makeServer(place: string, authority: Authority, hosts: readonly string[], now: Date) {
  const keys = await makeKeys()
  const issuer = new x509.X509Certificate(authority.pem)
  const notBefore = daysAfter(now, -BACKDATED_DAYS)
  const notAfter = new Date(Math.min(daysAfter(notBefore, SERVER_DAYS).getTime(), issuer.notAfter.getTime()))
  const names = hosts.map((host) => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }))
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: ['Warifu hub'] }],
    issuer: issuer.subjectName.toJSON(),
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: await signingKeyOf(authority),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  const server = { cert: certificate.toString('pem'), key: await pemOfKey(keys.privateKey) }
  await writeOrSay(place, async () => {
    await replaceFile(join(place, 'server.key'), server.key, 0o600)
    await replaceFile(join(place, 'server.pem'), server.cert, 0o644)
  })
  return server
}

function normalHost(host: string): string {
  const bare = host.toLowerCase().replace(/^\[|\]$|\.$/g, '')
  return isIPv6(bare) ? new URL(`https://[${bare.split('%')[0]}]`).hostname.slice(1, -1) : bare
}

function daysAfter(date: Date, days: number): Date {
  return new Date(date.getTime() + days * DAY_MS)
}

function makeKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function pemOfKey(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}

function signingKeyOf(authority: Authority): Promise<CryptoKey> {
  const der = createPrivateKey(authority.keyPem).export({ type: 'pkcs8', format: 'der' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign'])
}

/** The certificate, or undefined when a file is damaged or the key is another's. */
function parsed(pem: string, keyPem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem)
    return certificate.checkPrivateKey(createPrivateKey(keyPem)) ? certificate : undefined
  } catch {
    return undefined
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new TlsError(`The hub cannot read ${path}. Run it as the user who owns the file.`, { cause: error })
  }
}

async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const unfinished = `${path}.new`
  await rm(unfinished, { force: true })
  await writeFile(unfinished, content, { mode, flag: 'wx' })
  await rename(unfinished, path)
}

async function writeOrSay(place: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    const advice = 'Give this user the folder, or start the hub with another data folder.'
    throw new TlsError(`The hub cannot write its certificates in ${place}. ${advice}`, { cause: error })
  }
}

// Name constraints (RFC 5280, 4.2.1.10). The library has no class for them: here is the little DER that they take.
//   SEQUENCE { [0] { SEQUENCE { [2] name | [7] address and mask } … } }

const SEQUENCE = 0x30
const PERMITTED = 0xa0
const DNS_NAME = 0x82
const IP_RANGE = 0x87

function writeConstraints(hosts: readonly string[]): Uint8Array<ArrayBuffer> {
  const names = new Set([...LOCAL_NAMES, ...hosts.filter((host) => !isIP(host))])
  const ranges: (readonly [string, number])[] = [
    ...PRIVATE_RANGES,
    ...hosts.filter((host) => isIP(host) && !isPrivate(host)).map((host) => [host, isIPv4(host) ? 32 : 128] as const),
  ]
  const subtrees = [
    ...[...names].map((name) => der(DNS_NAME, Buffer.from(name, 'ascii'))),
    ...ranges.map(([address, bits]) => {
      const bytes = bytesOfAddress(address)
      return der(IP_RANGE, Buffer.concat([bytes, maskOf(bits, bytes.length)]))
    }),
  ].map((base) => der(SEQUENCE, base))
  return new Uint8Array(der(SEQUENCE, der(PERMITTED, Buffer.concat(subtrees))))
}

/** Whether an authority may sign for a host. */
function permittedBy(authority: X509Certificate): (host: string) => boolean {
  const value = new x509.X509Certificate(authority.raw).getExtension(NAME_CONSTRAINTS)?.value
  if (!value) return () => true
  const names: string[] = []
  const ranges: Buffer[] = []
  const permitted = readDer(readDer(Buffer.from(value))[0]?.content ?? Buffer.alloc(0))
  for (const subtree of readDer(permitted[0]?.content ?? Buffer.alloc(0))) {
    for (const { tag, content } of readDer(subtree.content)) {
      if (tag === DNS_NAME) names.push(content.toString('ascii'))
      if (tag === IP_RANGE) ranges.push(content)
    }
  }
  return (host) =>
    isIP(host)
      ? ranges.some((range) => isInRange(bytesOfAddress(host), range))
      : names.some((name) => host === name || host.endsWith(`.${name}`))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function readDer(bytes: Buffer): { tag: number; content: Buffer }[] {
  const found: { tag: number; content: Buffer }[] = []
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at + 1)
    const sizeBytes = first < 128 ? 0 : first & 0x7f
    const length = sizeBytes === 0 ? first : bytes.readUIntBE(at + 2, sizeBytes)
    const start = at + 2 + sizeBytes
    found.push({ tag: bytes.readUInt8(at), content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return found
}

function isPrivate(address: string): boolean {
  const ranges = new BlockList()
  for (const [net, bits] of PRIVATE_RANGES) ranges.addSubnet(net, bits, isIPv4(net) ? 'ipv4' : 'ipv6')
  return ranges.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

function isInRange(address: Buffer, range: Buffer): boolean {
  if (range.length !== address.length * 2) return false
  return address.every((byte, at) => {
    const mask = range.readUInt8(address.length + at)
    return (byte & mask) === (range.readUInt8(at) & mask)
  })
}

function maskOf(bits: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (0xff00 >> Math.max(0, Math.min(8, bits - at * 8))) & 0xff))
}

/** The 4 or 16 bytes of an address; one of version 6 must be in its normal form (no dotted part). */
function bytesOfAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const [before, after] = [groupsOf(head), groupsOf(tail)]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
}
