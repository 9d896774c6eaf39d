// The hub's own requests to addresses that its users have named (push services): https to the open internet alone, never to a machine
// of the operator's network, never where a redirect points, and nothing of the answer is kept but its status.
import { lookup as resolve, type LookupAddress } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** What became of a pushed message. `gone`: the subscription is over · `refused`: this message, and no repeat would help · `later`: try again. */
export type PushResult =
  | Readonly<{ kind: 'done' }>
  | Readonly<{ kind: 'gone' }>
  | Readonly<{ kind: 'refused'; status: number | null }>
  | Readonly<{ kind: 'later'; status: number | null; retryAfterMs: number | null }>

/** Where a subscription's messages go: null for an address that nothing is sent to. Tests lead made-up https addresses to their own receiver. */
export type PushTo = (endpoint: string) => string | null

export type PushRequest = Readonly<{
  endpoint: string
  body: Uint8Array
  headers: Readonly<Record<string, string>>
}>

const ANSWER_WITHIN_MS = 10_000

/** Addresses that are no push service's: IANA's special-purpose registries (RFC 6890) as of 2026. */
const SPECIAL: readonly (readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
]

const special = new BlockList()
for (const [network, prefix, family] of SPECIAL) special.addSubnet(network, prefix, family)
/** What is routed at all in IPv6; loopback, link-local, unique local, mapped and multicast addresses are outside. */
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

/** Is this an address of the open internet? */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4')
    case 6:
      return global6.check(address, 'ipv6') && !special.check(address, 'ipv6')
    default:
      return false
  }
}

/** An https address on a host by name, or by a public address; its name is looked up when something is sent. */
export const toTheInternet: PushTo = (endpoint) => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0) return isPublicAddress(host) ? endpoint : null
  // A name without a dot is a machine next door.
  return host.includes('.') ? endpoint : null
}

class PrivateAddress extends Error {
  override name = 'PrivateAddress'
}

/**
 * Looks a name up and gives public addresses alone: what is checked is what is connected to, so a name that changes in between gains
 * nothing.
 */
export const publicOnly =
  (look: typeof resolve): LookupFunction =>
  (hostname, options, callback) => {
    look(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const open = error === null ? found.filter(({ address }) => isPublicAddress(address)) : []
      const [first] = open
      if (error !== null) callback(error, '')
      else if (first === undefined) callback(new PrivateAddress('no public address'), '')
      else if (options.all === true) callback(null, open)
      else callback(null, first.address, first.family)
    })
  }

const publicLookup = publicOnly(resolve)

/** Sends one message; never throws for what the other side does. */
export function postPush({ endpoint, body, headers }: PushRequest, pushTo: PushTo | null): Promise<PushResult> {
  const target = (pushTo ?? toTheInternet)(endpoint)
  if (target === null) return Promise.resolve({ kind: 'gone' })
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(body.length) },
    timeout: ANSWER_WITHIN_MS,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(pushTo === null && { lookup: publicLookup }),
    // Messages are rare and their services many: no connection is kept.
    agent: false,
  }
  const request = target.startsWith('http:') ? requestHttp : requestHttps
  return new Promise((settle) => {
    const sent = request(target, options, (response) => {
      settle(resultOf(response.statusCode ?? 0, response.headers['retry-after']))
      response.on('error', () => {})
      response.destroy()
    })
    sent.on('error', (error) => {
      // A name that leads into a private network will not lead elsewhere a minute later.
      settle(error instanceof PrivateAddress ? { kind: 'gone' } : { kind: 'later', status: null, retryAfterMs: null })
    })
    sent.end(body)
  })
}

/** A redirect is not followed: 3xx is a refusal like any other. */
function resultOf(status: number, retryAfter: string | undefined): PushResult {
  if (status >= 200 && status < 300) return { kind: 'done' }
  if (status === 404 || status === 410) return { kind: 'gone' }
  if (status !== 429 && status < 500) return { kind: 'refused', status }
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : null
  return { kind: 'later', status, retryAfterMs: seconds === null ? null : seconds * 1000 }
}
