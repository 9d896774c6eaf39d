// Approval bytes, signatures and proofs that are not quite right, at every route that takes them: made from the routes' own schemas, so
// that a new one without its attacks is noticed.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { ALL_ROUTES } from '#protocol/routes.ts'
import { openBank, type Bank } from '../support/bank.ts'
import { settingsOf, testBank, type TestBank } from '../support/bank-program.ts'
import { fakeVault, type FakeVault } from '../support/fake-vault.ts'
import { until } from '../support/hub.ts'
import { assertProblem, fingerprint, speaker, type Reply, type Speaker } from '../support/raw-client.ts'
import {
  flipped,
  flippedText,
  signedRoutes,
  signerOf,
  type Evidence,
  type SignedRoute,
  type Signer,
  type Use,
} from '../support/signed-routes.ts'

/** Where each part of the approval bytes begins, and how long it is. */
const FIELDS = {
  tag: [0, 3],
  purpose: [3, 1],
  scheme: [4, 16],
  deal: [20, 16],
  payment: [36, 16],
  billVersion: [52, 4],
  billHash: [56, 32],
  payerAccount: [88, 16],
  means: [104, 16],
  method: [120, 2],
  key: [122, 16],
  nonce: [138, 16],
  expiresAt: [154, 8],
} as const
type Field = keyof typeof FIELDS

/** What a right signature over wrong bytes is told. The codes say what is stale; what is forged is one answer. */
const RESIGNED: Partial<Record<Field, RegExp>> = {
  billVersion: /^(bill-changed|signature-invalid)$/,
  billHash: /^(bill-changed|signature-invalid)$/,
  nonce: /^(signature-invalid|approval-expired|proof-wrong)$/,
}

/**
 * Rows that a refusal may add or change (what came, and what is counted), and those that the hub's own timers change when nobody goes on
 * with a payment. That the one under attack is as it was is shown by the right approval, which is good afterwards.
 */
const COUNTED = [
  'hub_key',
  'payment',
  'offer',
  'event',
  'number',
  'budget',
  'command',
  'session',
  'presence_nonce',
  'passkey_challenge',
  'passkey',
  'mail_code',
  'outbox',
]

/** A wrong PIN is counted in the phone's row, and a cashier's question hears of it. */
const ROWS_OF_WRONG_PINS = ['evidence']

const HANDED_IN = '/v1/commands/submit-signed'
/** Signed before the hub knew of it: by whoever is handed it, or by the phone itself. */
const OF_PURCHASES: ReadonlySet<string> = new Set([HANDED_IN, '/v1/commands/submit-purchase'])

let there: TestBank
let vault: FakeVault
let bank: Bank
let till: Speaker
let hanako: Signer
let tablet: Signer
let kenji: Signer
let routes: readonly SignedRoute[]

before(async () => {
  there = await testBank()
  vault = await fakeVault()
  bank = await openBank({ bank: settingsOf(there), vault: vault.settings })
  till = await speaker(bank.hub, 'register', bank.register)
  hanako = await signerOf(bank.hub, bank.hanako, '2468')
  tablet = await signerOf(bank.hub, bank.tablet, '2468')
  kenji = await signerOf(bank.hub, bank.kenji, '2468')
  routes = signedRoutes(bank.hub, hanako, till)
})
after(async () => {
  await bank.close()
  await there.close()
  await vault.die()
})

const unchanged = (without: readonly string[] = []) => fingerprint(bank.hub.settings, [...COUNTED, ...without])

/** When what was paid has arrived. */
const quiet = () =>
  until(async () => {
    const read = await till.client.balances()
    if (!read.ok || read.view.balances.some(({ arriving }) => arriving !== '0')) return false
    const [one, two] = [await unchanged(), await unchanged()]
    return isDeepStrictEqual(one, two) && one
  })

type Attack = readonly [about: string, send: () => Promise<Reply>]

/** As many at once as a hub takes from one address whose tries are counted. */
const AT_ONCE = 8

async function refused(attacks: readonly Attack[], code: RegExp | string): Promise<void> {
  for (let at = 0; at < attacks.length; at += AT_ONCE)
    await Promise.all(
      attacks.slice(at, at + AT_ONCE).map(async ([about, send]) => {
        const told = assertProblem(await send(), about)
        if (typeof code === 'string') assert.equal(told, code, about)
        else assert.match(told, code, about)
      }),
    )
}

test('every route whose body holds approval bytes is attacked here', () => {
  const takes = ALL_ROUTES.filter(({ body }) => JSON.stringify(body ?? {}).includes('"approval"'))
  assert.deepEqual(routes.map(({ path }) => path).toSorted(), takes.map(({ path }) => path).toSorted())
  assert.equal(
    Object.values(FIELDS).reduce((sum, [, length]) => sum + length, 0),
    162,
  )
})

/** Bytes of which one field is another's: its first and its last byte. */
const altered = (bytes: Uint8Array, field: Field): readonly Uint8Array[] => {
  const [start, length] = FIELDS[field]
  return [...new Set([start, start + length - 1])].map((at) => flipped(bytes, at))
}

/** As Hanako would sign and prove it there. */
const signed = (route: SignedRoute, bytes: Uint8Array): Promise<Evidence> => hanako.sign(bytes, route.key?.proof(bytes))

async function attackBytes(route: SignedRoute, use: Use, good: Evidence): Promise<void> {
  const forged: Attack[] = []
  for (const field of Object.keys(FIELDS) as Field[])
    for (const bytes of altered(use.bytes, field)) {
      const approval = Buffer.from(bytes).toString('base64url')
      forged.push([`${field} altered`, () => use.send({ ...good, approval })])
    }
  for (let at = 0; at < 64; at++)
    forged.push([
      `byte ${at} of the signature`,
      () => use.send({ ...good, signature: flippedText(good.signature, at) }),
    ])
  const [r, s] = [
    Buffer.from(good.signature, 'base64url').subarray(0, 32),
    Buffer.from(good.signature, 'base64url').subarray(32),
  ]
  for (const [about, signature] of [
    ['no signature', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(64)],
    ['r alone', r],
    ['s before r', Buffer.concat([s, r])],
  ] as const)
    forged.push([about, () => use.send({ ...good, signature: signature.toString('base64url') })])
  for (const [about, length] of [
    ['shorter', 161],
    ['nothing', 0],
  ] as const)
    forged.push([
      about,
      () => use.send({ ...good, approval: Buffer.from(use.bytes.subarray(0, length)).toString('base64url') }),
    ])
  await refused(forged, 'signature-invalid')

  // The end is the signer's own to choose, see below; so is the nonce of a bill that is signed without the hub.
  const chosen: readonly Field[] = OF_PURCHASES.has(route.path) ? ['expiresAt', 'nonce'] : ['expiresAt']
  for (const field of (Object.keys(FIELDS) as Field[]).filter((each) => !chosen.includes(each)))
    for (const [index] of altered(use.bytes, field).entries()) {
      const own = route.isNonceUsed ? await route.fresh() : use
      const bytes = altered(own.bytes, field)[index] ?? assert.fail()
      const expected = RESIGNED[field] ?? /^(signature-invalid|approval-expired)$/
      await refused([[`${field} altered and signed again`, async () => own.send(await signed(route, bytes))]], expected)
    }
  for (const [about, over] of [
    ['run out', -3_600_000],
    ['good for too long', 3_600_000],
  ] as const) {
    const own = route.isNonceUsed ? await route.fresh() : use
    const bytes = Buffer.from(own.bytes)
    bytes.writeBigUInt64BE(bytes.readBigUInt64BE(154) + BigInt(over), 154)
    await refused(
      [[about, async () => own.send(await signed(route, bytes))]],
      over < 0 ? 'approval-expired' : 'signature-invalid',
    )
  }
  for (const purpose of [1, 2, 3, 4, 5, 6].filter((each) => each !== use.bytes[3])) {
    const own = route.isNonceUsed ? await route.fresh() : use
    const bytes = Uint8Array.from(own.bytes)
    bytes[3] = purpose
    await refused([[`purpose ${purpose}`, async () => own.send(await signed(route, bytes))]], 'signature-invalid')
  }
}

/** Right signatures over right bytes, with a proof by PIN that is not quite right. Each counts as a wrong PIN; five would lock. */
const wrongProofs: readonly (readonly [string, (bytes: Uint8Array) => ReturnType<Signer['proof']>])[] = [
  ['over other bytes', (bytes) => hanako.proof(flipped(bytes, 20))],
  ['over another nonce', (bytes) => hanako.proof(bytes, { hubNonce: '0'.repeat(32) })],
  ['over fewer iterations', (bytes) => hanako.proof(bytes, { iterations: 1 })],
  ["another person's", (bytes) => kenji.proof(bytes)],
]

describe('at each of them', () => {
  for (const index of Array.from({ length: 12 }).keys())
    test(`route ${index + 1}: altered, swapped and expired approvals change nothing; the right one is done once`, async (t) => {
      const route = routes[index] ?? assert.fail()
      t.diagnostic(route.path)
      const use = await route.fresh()
      const other = await route.fresh()
      const before = await quiet()
      const good = await signed(route, use.bytes)
      await attackBytes(route, use, good)
      const swapped = (about: string, send: () => Promise<Reply>): Promise<void> =>
        refused([[about, send]], 'signature-invalid')
      await swapped("another person's signature", async () => use.send(await kenji.sign(use.bytes)))
      await swapped("another phone's signature", async () => use.send(await tablet.sign(use.bytes)))
      // A proof of presence is for what is done, whichever of one's own nonces it is over; a signed bill is handed in by its payee.
      if (!route.isNonceUsed) await swapped('of another use', async () => use.send(await hanako.sign(other.bytes)))
      if (route.path !== HANDED_IN) {
        // Where the body names something of one's own besides, that is missed first.
        const missed = /^(signature-invalid|code-not-found|not-found)$/
        await refused([['sent by another person', () => use.send(good, kenji.speaker)]], missed)
        await swapped('sent by another phone', () => use.send(good, tablet.speaker))
      }
      assert.deepEqual(await unchanged(), before)

      const withoutDevice = await unchanged(['device', ...ROWS_OF_WRONG_PINS])
      // The third wrong answer ends a cashier's question.
      for (const [about, prove] of wrongProofs.slice(0, route.path.endsWith('respond') ? 2 : 4)) {
        // A purchase that was refused when it was handed in stays refused.
        const own = route.isNonceUsed || OF_PURCHASES.has(route.path) ? await route.fresh() : use
        const expected = route.path === HANDED_IN ? 'payer-refused' : 'proof-wrong'
        const evidence = await hanako.sign(own.bytes, await prove(own.bytes))
        await refused([[about, () => own.send(evidence)]], expected)
      }
      assert.deepEqual(await unchanged(['device', ...ROWS_OF_WRONG_PINS]), withoutDevice)

      // The newest nonce is the one that counts.
      const last = route.isNonceUsed ? await route.fresh() : use
      const right = route.isNonceUsed ? await signed(route, last.bytes) : good
      const done = await last.send(right)
      assert.equal(done.status, 200, done.text)
      const after = await quiet()
      const again = await last.send(right)
      // Handed in once more it is the same purchase. The same proof for the same is a command sent again, and gets its answer again.
      if (OF_PURCHASES.has(route.path) || route.isNonceUsed) assert.equal(again.status, 200, again.text)
      else assert.match(assertProblem(again, 'once more'), /^(state-conflict|approval-expired|no-challenge|not-found)$/)
      assert.deepEqual(await unchanged(), after)
    })
})
