// Where the hub sends what its users have asked it to send (push services, sites, shops): to the open internet alone, never to a machine of
// the operator's network, by whatever name.
import { lookup as resolve, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Addresses that are nobody's on the open internet: IANA's special-purpose registries (RFC 6890) as of 2026. */
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
export function toTheInternet(endpoint: string): string | null {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0) return isPublicAddress(host) ? endpoint : null
  // A name without a dot is a machine next door.
  return host.includes('.') ? endpoint : null
}

/** A name that leads nowhere but into a private network. */
export class PrivateAddress extends Error {
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
      else if (first === undefined)
        callback(new PrivateAddress('no public address: the name leads inside a network'), '')
      else if (options.all === true) callback(null, open)
      else callback(null, first.address, first.family)
    })
  }

/** The machine's own resolver, without private addresses. */
export const publicLookup = publicOnly(resolve)

/** A host that is this very machine, by its fixed names. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
