/** The hub's own small authority, against real HTTPS: a server on loopback, a client that trusts the authority and nothing else. */

// @peculiar/x509 asks for this before its own import, for its effect only.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:https'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import * as x509 from '@peculiar/x509'
import { TlsError, ensureTls, lanAddresses } from '#server/tls.ts'
import type { Tls } from '#server/tls.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const now = new Date()
const hosts = ['192.168.7.20', 'fd12:3456::7', 'shop.local', 'kassa']

let root = ''
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'warifu-tls-'))
})
after(() => rm(root, { recursive: true, force: true }))

describe('a client that trusts the authority', () => {
  test('reaches the hub by name and by address', async () => {
    const tls = await ensureTls(await newFolder(), hosts, now)
    assert.deepEqual(tls.leftOut, [])
    await withServer(tls, async (port) => {
      assert.equal(await fetchFrom(`https://localhost:${port}/`, tls.caPem), 'hello')
      assert.equal(await fetchFrom(`https://127.0.0.1:${port}/`, tls.caPem), 'hello')
      for (const host of hosts) assert.equal(await handshake(port, host, tls.caPem), 'trusted', host)
    })
  })

  test('is warned of a host that is not in the certificate, and without the authority of every one', async () => {
    const tls = await ensureTls(await newFolder(), hosts, now)
    const other = await ensureTls(await newFolder(), hosts, now)
    await withServer(tls, async (port) => {
      assert.equal(await handshake(port, '192.168.7.21', tls.caPem), 'ERR_TLS_CERT_ALTNAME_INVALID')
      assert.equal(await handshake(port, 'bank.example', tls.caPem), 'ERR_TLS_CERT_ALTNAME_INVALID')
      assert.notEqual(await handshake(port, 'shop.local', other.caPem), 'trusted')
    })
  })
})

describe('the certificates', () => {
  test('are as browsers want them', async () => {
    const tls = await ensureTls(await newFolder(), hosts, now)
    const server = new X509Certificate(tls.cert)
    const authority = new X509Certificate(tls.caPem)
    assert.equal(server.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    assert.ok(server.validToDate.getTime() - server.validFromDate.getTime() <= 397 * DAY_MS)
    assert.deepEqual([server.ca, authority.ca], [false, true])
    assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for TLS servers only')
    assert.ok(authority.validToDate.getTime() > now.getTime() + 3600 * DAY_MS)
    assert.equal(tls.caFingerprintSha256, authority.fingerprint256)
    assert.match(tls.caFingerprintSha256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })

  test('keep their keys to their owner', async () => {
    const folder = await newFolder()
    await ensureTls(folder, hosts, now)
    assert.deepEqual((await readdir(join(folder, 'tls'))).toSorted(), ['ca.key', 'ca.pem', 'server.key', 'server.pem'])
    assert.deepEqual(await readdir(folder), ['tls'])
    for (const name of ['ca.key', 'server.key']) {
      assert.equal((await stat(join(folder, 'tls', name))).mode & 0o777, 0o600, name)
    }
  })

  const later: readonly [story: string, hosts: readonly string[], days: number, isRenewed: boolean][] = [
    ['stay at the next start', hosts, 0, false],
    ['stay when an address went', hosts.slice(1), 100, false],
    ['stay while there is time', hosts, 360, false],
    ['are renewed for a new address', [...hosts, '10.1.2.3'], 0, true],
    ['are renewed for a new local name', [...hosts, 'till.home.arpa'], 0, true],
    ['are renewed in the last 30 days', hosts, 367, true],
    ['are renewed when they have ended', hosts, 500, true],
    ['are renewed when the clock was wrong', hosts, -400, true],
  ]
  for (const [story, hostsThen, days, isRenewed] of later) {
    test(story, async () => {
      const folder = await newFolder()
      const first = await ensureTls(folder, hosts, now)
      const second = await ensureTls(folder, hostsThen, new Date(now.getTime() + days * DAY_MS))
      assert.equal(second.cert !== first.cert, isRenewed)
      assert.equal(second.caPem, first.caPem, 'phones need not trust anew')
      const certificate = new X509Certificate(second.cert)
      for (const host of hostsThen)
        assert.ok(isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host), host)
    })
  }

  test('are signed for private hosts only, and for those the hub had at first', async () => {
    const folder = await newFolder()
    const first = await ensureTls(folder, ['203.0.113.9', '2001:db8::5', 'hub.example.org'], now)
    assert.deepEqual(first.leftOut, [])
    await withServer(first, async (port) => {
      for (const host of ['203.0.113.9', '2001:db8::5', 'hub.example.org'])
        assert.equal(await handshake(port, host, first.caPem), 'trusted', host)
    })
    const strangers = ['203.0.113.10', '2001:db8::6', 'bank.example', 'notlocal']
    const second = await ensureTls(folder, ['hub.example.org', '172.31.0.1', ...strangers], now)
    assert.deepEqual(second.leftOut, strangers)
    assert.equal(new X509Certificate(second.cert).checkHost('bank.example'), undefined)
    await withServer(second, async (port) => {
      assert.equal(await handshake(port, '172.31.0.1', second.caPem), 'trusted')
    })
  })
})

test('a thief of the authority’s key cannot sign for a bank: clients hold the authority to its constraints', async () => {
  const folder = await newFolder()
  const tls = await ensureTls(folder, hosts, now)
  const caKey = createPrivateKey(await readFile(join(folder, 'tls', 'ca.key')))
  const der = new Uint8Array(caKey.export({ type: 'pkcs8', format: 'der' }))
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const signingKey = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
  const cases = [
    ['dns', 'evil.local', 'trusted'],
    ['dns', 'bank.example', 'permitted subtree violation'],
    ['ip', '10.0.0.1', 'trusted'],
    ['ip', '8.8.8.8', 'permitted subtree violation'],
    ['ip', '2606:4700::1', 'permitted subtree violation'],
  ] as const
  for (const [type, host, outcome] of cases) {
    const forged = await x509.X509CertificateGenerator.create({
      subject: 'CN=Thief',
      issuer: new x509.X509Certificate(tls.caPem).subject,
      publicKey: new x509.X509Certificate(tls.cert).publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type, value: host }])],
    })
    await withServer({ ...tls, cert: forged.toString('pem') }, async (port) => {
      assert.equal(await handshake(port, host, tls.caPem), outcome, host)
    })
  }
})

describe('damaged files', () => {
  const damages: readonly [story: string, damage: (place: string) => Promise<void>, sentence: RegExp | 'mended'][] = [
    ['a server certificate that is lost is made again', (place) => rm(join(place, 'server.pem')), 'mended'],
    [
      'a server key that is garbage is made again',
      (place) => writeFile(join(place, 'server.key'), 'garbage'),
      'mended',
    ],
    ['an authority without its key is refused', (place) => rm(join(place, 'ca.key')), /ca\.key is missing.*delete/],
    ['an authority without its certificate is refused', (place) => rm(join(place, 'ca.pem')), /ca\.pem is missing/],
    ['an authority that is garbage is refused', (place) => writeFile(join(place, 'ca.pem'), 'x'), /cannot be read/],
    [
      'an authority with another’s key is refused',
      async (place) => writeFile(join(place, 'ca.key'), await readFile(join(place, 'server.key'))),
      /does not fit/,
    ],
  ]
  for (const [story, damage, sentence] of damages) {
    test(story, async () => {
      const folder = await newFolder()
      const first = await ensureTls(folder, hosts, now)
      await damage(join(folder, 'tls'))
      if (sentence !== 'mended') {
        await assert.rejects(ensureTls(folder, hosts, now), (error) => {
          assert.ok(error instanceof TlsError)
          assert.match(error.message, sentence)
          return true
        })
        return
      }
      const second = await ensureTls(folder, hosts, now)
      assert.equal(second.caPem, first.caPem)
      await withServer(second, async (port) => {
        assert.equal(await fetchFrom(`https://localhost:${port}/`, second.caPem), 'hello')
      })
    })
  }

  test('an authority near its end is refused', async () => {
    const folder = await newFolder()
    await ensureTls(folder, hosts, now)
    const then = new Date(now.getTime() + 3640 * DAY_MS)
    await assert.rejects(ensureTls(folder, hosts, then), /ends on .* make a new authority/)
  })

  test('a folder that cannot be written is named', async () => {
    const file = join(await newFolder(), 'file')
    await writeFile(file, '')
    await assert.rejects(ensureTls(file, hosts, now), TlsError)
  })
})

test('the addresses of the network are addresses, without loopback', () => {
  for (const address of lanAddresses()) {
    assert.notEqual(isIP(address), 0)
    assert.doesNotMatch(address, /^(127\.|::1$|fe80)/)
  }
})

// Helpers

function newFolder(): Promise<string> {
  return mkdtemp(join(root, 'data-'))
}

async function withServer(tls: Tls, use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer({ cert: tls.cert, key: tls.key }, (_request, response) => response.end('hello'))
  server.on('tlsClientError', () => undefined) // Clients that do not trust us hang up.
  server.listen(0)
  await once(server, 'listening')
  try {
    const address = server.address()
    assert.ok(address && typeof address === 'object')
    await use(address.port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function fetchFrom(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => resolve(text(response))).on('error', reject)
  })
}

/** Connects over loopback as if the hub had this host; says 'trusted' or what was wrong. */
function handshake(port: number, host: string, ca: string): Promise<string> {
  return new Promise((resolve) => {
    const name = isIP(host) ? {} : { servername: host }
    const socket = connect({
      port,
      host: '127.0.0.1',
      ca,
      ...name,
      checkServerIdentity: (_name, peer) => identityOf(host, peer.raw),
    })
    socket.on('secureConnect', () => {
      socket.destroy()
      resolve('trusted')
    })
    socket.on('error', (error) =>
      resolve('code' in error && error.code !== 'UNSPECIFIED' ? String(error.code) : error.message),
    )
  })
}

function identityOf(host: string, raw: Buffer): Error | undefined {
  const certificate = new X509Certificate(raw)
  const isNamed = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)
  return isNamed ? undefined : Object.assign(new Error(`not for ${host}`), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}
