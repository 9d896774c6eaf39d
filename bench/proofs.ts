// proofs: what it costs the hub to check who somebody is. First each check by itself, per second of one processor; then whole payments
// along the path of the payments bench, let through by the unlock, proved by PIN, and proved by passkey, taking turns in one run.
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { accountNumber } from '#core/accounts.ts'
import { APPROVAL_LENGTH, approvalBytes, claimsOf, METHOD_WHOLE } from '#core/approval.ts'
import { sha256, toBase64url } from '#core/bytes.ts'
import { idFrom, idInBucket } from '#core/ids.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { contentDigest, signatureBase, signatureParameters } from '#protocol/signature-base.ts'
import { scramMessage } from '#protocol/signed-bytes.ts'
import { clientProof } from '#sdk/scram.ts'
import type { Directory, Secret } from '#server/auth/directory.ts'
import { isSignedBy } from '#server/auth/keys.ts'
import { memoryDirectory } from '#server/auth/memory-directory.ts'
import { addPasskey, passkeyMethod, passkeyOptions } from '#server/auth/passkeys.ts'
import { scramMethod } from '#server/auth/scram.ts'
import { isRightMac, readSignature } from '#server/auth/signatures.ts'
import { postgresDirectory } from '#server/postgres/directory.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { softwareAuthenticator } from '../test/support/authenticator.ts'
import { BUCKETS, type Ground } from './ground.ts'
import { signed } from './machines.ts'
import { median, percentile, rateOf, type Round } from './measure.ts'
import { openPayments, type Payments, type Prove } from './payments.ts'

type Check = () => boolean | Promise<boolean>
const CHECKS = ['request-mac', 'device-key', 'scram', 'passkey'] as const
const WAYS = ['unlocked', 'scram', 'passkey'] as const
type Way = (typeof WAYS)[number]

/** One phone's keys: what its owner proves with. */
type Owner = Readonly<{ scram: (approval: Uint8Array) => ProofBody; passkey: (approval: Uint8Array) => ProofBody }>

const ITERATIONS = 310_000
/** Checked between two looks at the clock. */
const AT_ONCE = 20

/** `seconds` is for each check and each way to pay, in each round. */
export async function proofs(
  ground: Ground,
  asked: Readonly<{ rounds: number; seconds: number; pairs: number; note: (text: string) => void }>,
): Promise<object> {
  const { rounds, seconds, pairs, note } = asked
  const checks = await openChecks()
  const payments = await openPayments(ground, pairs)
  const provers = await openProvers(ground, payments)
  note('Warming up …')
  for (const name of CHECKS) await perProcessorSecond(checks[name], 0.2)
  for (const way of WAYS) await payments.run(Math.min(seconds, 1), provers[way])

  const checked: Record<(typeof CHECKS)[number], number>[] = []
  const paid: Record<Way, Paid>[] = []
  for (let round = 0; round < rounds; round++) {
    const rates = { 'request-mac': 0, 'device-key': 0, scram: 0, passkey: 0 }
    for (const name of CHECKS) rates[name] = await perProcessorSecond(checks[name], seconds)
    checked.push(rates)
    // Each round begins with another way, so that a rate that sinks with the size of the books sinks for all.
    const ways = WAYS.map((_, index) => WAYS[(round + index) % WAYS.length] ?? 'unlocked')
    const each = new Map<Way, Paid>()
    for (const way of ways) each.set(way, await measured(payments, seconds, provers[way]))
    paid.push({ unlocked: paidBy(each, 'unlocked'), scram: paidBy(each, 'scram'), passkey: paidBy(each, 'passkey') })
    note(
      `round ${round + 1}: ${[...each].map(([way, { round }]) => `${way} ${Math.round(rateOf(round))}/s`).join(', ')}`,
    )
  }
  await payments.close()
  const whole = (value: number): number => Math.round(value)
  const two = (value: number): number => Math.round(value * 100) / 100
  const spread = (values: readonly number[], round: (value: number) => number) => ({
    median: round(median(values)),
    spread: [round(Math.min(...values)), round(Math.max(...values))],
  })
  return {
    bench: 'proofs',
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores, ${process.arch}, Node ${process.version}`,
    rounds,
    pairs,
    checks_per_processor_s: Object.fromEntries(
      CHECKS.map((name) => [
        name,
        spread(
          checked.map((rates) => rates[name]),
          whole,
        ),
      ]),
    ),
    payments: Object.fromEntries(
      WAYS.map((way) => {
        const own = paid.map((round) => round[way])
        const latencies = own.flatMap(({ round }) => round.latenciesMs)
        return [
          way,
          {
            rate_per_s: spread(
              own.map(({ round }) => rateOf(round)),
              whole,
            ),
            ratio_unlocked: spread(
              paid.map((round) => rateOf(round[way].round) / rateOf(round.unlocked.round)),
              two,
            ),
            p50_ms: two(percentile(latencies, 0.5)),
            p99_ms: two(percentile(latencies, 0.99)),
            hub_processor_ms: spread(
              own.map(({ processorMs }) => processorMs),
              two,
            ),
          },
        ]
      }),
    ),
  }
}

/** `processorMs`: of the hub's process, for one payment. */
type Paid = Readonly<{ round: Round; processorMs: number }>

function paidBy(each: ReadonlyMap<Way, Paid>, way: Way): Paid {
  const paid = each.get(way)
  if (paid === undefined) throw new Error('each way has its turn in each round')
  return paid
}

async function measured(payments: Payments, seconds: number, prove: Prove): Promise<Paid> {
  const before = (await payments.used()).cpuMs
  const round = await payments.run(seconds, prove)
  return { round, processorMs: ((await payments.used()).cpuMs - before) / round.count }
}

/** Counts by processor time, not by the clock: WebCrypto works beside the main thread, and the machine may be busy. */
async function perProcessorSecond(check: Check, seconds: number): Promise<number> {
  const before = process.cpuUsage()
  const end = performance.now() + seconds * 1000
  let count = 0
  while (performance.now() < end) {
    for (let index = 0; index < AT_ONCE; index++) {
      if (!(await check())) throw new Error('what is checked here is right')
      count++
    }
  }
  const { user, system } = process.cpuUsage(before)
  return (count * 1_000_000) / (user + system)
}

/** The checks as the hub makes them, over rows in memory. */
async function openChecks(): Promise<Readonly<Record<(typeof CHECKS)[number], Check>>> {
  const directory = memoryDirectory({ buckets: BUCKETS, now: Date.now })
  const party = idInBucket('pty', 0, randomBytes(14))
  const account = accountNumber(1, 1)
  const actor: DeviceActor = {
    kind: 'device',
    id: idInBucket('dev', 0, randomBytes(14)),
    key: idFrom('key', randomBytes(16)),
    party,
    account,
    name: 'Ann',
    legalName: 'Ann',
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
  const approval = approvalBytes({
    purpose: 'approve',
    scheme: idFrom('sch', randomBytes(16)),
    deal: idFrom('deal', randomBytes(16)),
    payment: idFrom('pay', randomBytes(16)),
    billVersion: 1,
    billHash: randomBytes(32),
    payerAccount: account,
    means: account,
    method: METHOD_WHOLE,
    key: actor.key,
    nonce: randomBytes(16),
    expiresAt: Date.now() + 60_000,
  })
  const signature = Buffer.from(signed(privateKey, approval), 'base64url')
  const home = { hostName: 'localhost', origins: ['http://localhost'] }
  const owner = await ownerOf(directory, home, actor)
  const context = { party, account, device: actor.id, approval, asked: null }
  const scram = scramMethod(directory)
  const passkey = passkeyMethod(directory, home, async () => undefined)
  const proof = { scram: owner.scram(approval), passkey: owner.passkey(approval) }
  if (proof.scram?.kind !== 'scram' || proof.passkey?.kind !== 'passkey') throw new Error('each proof is of its kind')
  const { scram: pin, passkey: assertion } = proof
  return {
    'request-mac': requestCheck(),
    'device-key': () => isSignedBy(point, approval, signature),
    scram: async () => (await scram.verify(pin, context)).right,
    // The very same assertion is a repeat of the same command, so that it counts again.
    passkey: async () => (await passkey.verify(assertion, context)).right,
  }
}

/** The MAC of a request with a body as long as an approval's. */
function requestCheck(): Check {
  const macKey = randomBytes(32)
  const rawBody = Buffer.from(
    JSON.stringify({ approval: 'A'.repeat(Math.ceil((APPROVAL_LENGTH * 4) / 3)), more: 'A'.repeat(300) }),
  )
  const digest = contentDigest(rawBody)
  const request = {
    method: 'POST',
    path: '/v1/commands/approve',
    query: '',
    contentDigest: digest,
    created: Math.floor(Date.now() / 1000),
    session: idFrom('ses', randomBytes(16)),
  }
  const mac = createHmac('sha256', macKey).update(signatureBase(request)).digest('base64')
  const headers = {
    'content-digest': digest,
    'signature-input': `sig1=${signatureParameters(request)}`,
    signature: `sig1=:${mac}:`,
  }
  const { method, path, query } = request
  return () => {
    const claimed = readSignature({ method, path, query, headers, rawBody, address: '' }, request.created * 1000)
    return claimed !== undefined && isRightMac(claimed, macKey)
  }
}

/** Gives every phone's owner a PIN and a passkey. */
async function openProvers(ground: Ground, { port, phones }: Payments): Promise<Readonly<Record<Way, Prove>>> {
  const directory = postgresDirectory(ground.database.transactions)
  const home = { hostName: 'localhost', origins: [`http://localhost:${port}`] }
  const owners: Owner[] = []
  for (const phone of phones) owners.push(await ownerOf(directory, home, phone))
  const by = (index: number): Owner => {
    const owner = owners[index]
    if (owner === undefined) throw new Error('each phone has its owner')
    return owner
  }
  return {
    unlocked: () => null,
    scram: (phone, approval) => by(phone).scram(approval),
    passkey: (phone, approval) => by(phone).passkey(approval),
  }
}

async function ownerOf(
  directory: Directory,
  home: Readonly<{ hostName: string; origins: readonly string[] }>,
  actor: DeviceActor,
): Promise<Owner> {
  // What PBKDF2 makes of a PIN: the phone's work, not the hub's.
  const salted = randomBytes(32)
  const clientKey = hmac(salted, 'Client Key')
  const salt = randomBytes(16)
  const secret: Secret = {
    salt,
    iterations: ITERATIONS,
    storedKey: sha256(clientKey),
    serverKey: hmac(salted, 'Server Key'),
  }
  await directory.replaceSecret(actor.party, secret, Date.now())
  const authenticator = softwareAuthenticator({ origin: home.origins[0] ?? '', rpId: home.hostName })
  const options = await passkeyOptions(directory, home, actor)
  if (!('challenge' in options)) throw new Error(options.code)
  const added = await addPasskey(directory, home, actor, authenticator.register(options.challenge))
  if (!('done' in added)) throw new Error(added.code)
  return {
    passkey: (approval) => authenticator.proof(approval),
    scram(approval) {
      const clientNonce = randomBytes(16)
      const hubNonce = claimsOf(approval)?.nonce ?? new Uint8Array()
      const { account } = actor
      const approvalHash = sha256(approval)
      const message = scramMessage({ account, clientNonce, hubNonce, salt, iterations: ITERATIONS, approvalHash })
      return {
        kind: 'scram',
        clientNonce: toBase64url(clientNonce),
        clientProof: toBase64url(clientProof(salted, message)),
      }
    },
  }
}

const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
