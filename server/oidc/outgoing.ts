// The one request that OpenID makes to others: a ping that an answer is there. Never to an address inside, wherever its name leads.
import { lookup, type LookupAddress } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net'

const ANSWER_WITHIN_MS = 2_500

/** Addresses that are nobody's on the open net (RFC 6890 and its registries): what an outsider must not make the hub talk to. */
const INSIDE = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  INSIDE.addSubnet(net, bits, 'ipv4')
/** Of IPv6 only what is given out as global unicast, without the parts of it that lead elsewhere. */
const GLOBAL6 = new BlockList()
GLOBAL6.addSubnet('2000::', 3, 'ipv6')
const ELSEWHERE6 = new BlockList()
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  ELSEWHERE6.addSubnet(net, bits, 'ipv6')

/** Is this address inside a network, or special in another way? */
export function isInside(address: string): boolean {
  if (isIPv4(address)) return INSIDE.check(address, 'ipv4')
  return !GLOBAL6.check(address, 'ipv6') || ELSEWHERE6.check(address, 'ipv6')
}

/** A host that is this very machine, by its fixed names. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'

/** Looks a name up and gives only addresses outside: what was looked at is what is connected to. */
const outside: LookupFunction = (hostname, options, callback) =>
  lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    const [first] = found ?? []
    if (error !== null) return callback(error, '')
    if (first === undefined || found.some(({ address }) => isInside(address)))
      return callback(new Error('the address is inside a network'), '')
    return options.all === true ? callback(null, found) : callback(null, first.address, first.family)
  })

/**
 * POSTs to a registered address: https, or http on this machine where `loopback` allows it. Follows nothing. Throws when there is no
 * answer in time, or the address is not one of those.
 */
export function post(
  to: string,
  sent: Readonly<{ headers: Readonly<Record<string, string>>; body: string }>,
  { loopback }: Readonly<{ loopback: boolean }>,
): Promise<number> {
  const url = new URL(to)
  const onMachine = loopback && isLoopback(url.hostname)
  if (!onMachine && url.protocol !== 'https:') throw new TypeError('only https leaves this machine')
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (!onMachine && isIP(literal) !== 0 && isInside(literal)) throw new TypeError('the address is inside a network')
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers: { ...sent.headers, 'content-length': Buffer.byteLength(sent.body) },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        agent: false,
        ...(!onMachine && { lookup: outside }),
      },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    request.on('error', reject)
    request.end(sent.body)
  })
}
