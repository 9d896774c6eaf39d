// Where a request comes from, as budgets count it.
import { isIPv4, isIPv6 } from 'node:net'
import proxyAddress from '@fastify/proxy-addr'

/**
 * Which addresses' word about whom they speak for is believed: nobody's, that of so many hops (the nearest is 0), or of those listed.
 * Fastify is given this function too: a number alone has been no trust at all to it since 5.12, and every phone behind the proxy
 * would share the proxy's budget.
 */
export function trustOf(trustProxy: false | number | string): (address: string, hop: number) => boolean {
  if (trustProxy === false) return () => false
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy
  return proxyAddress.compile(trustProxy.split(',').map((each) => each.trim()))
}

/**
 * Budgets count a block of addresses, not one: an attacker has a whole IPv4 /24 or IPv6 /56 for the asking. An IPv4 address
 * is the same block however the socket writes it.
 */
export function addressBlock(address: string | undefined): string {
  // A client that has gone already has no address any more.
  const plain = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(plain)) return plain.slice(0, plain.lastIndexOf('.'))
  if (!isIPv6(plain)) return 'unknown'
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::')
  const left = head.split(':').filter((group) => group !== '')
  const right = (tail ?? '').split(':').filter((group) => group !== '')
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  const [first, second, third, fourth] = groups.map((group) => Number.parseInt(group, 16))
  return [first, second, third, (fourth ?? 0) & 0xff00].map((group) => (group ?? 0).toString(16)).join(':')
}
