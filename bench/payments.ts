// payments: number, join, approve, settle over HTTP with MACs, device signatures and both watchers told. The hub is the
// product's own, started in this process; the load generator runs on the same event loop, so its work counts against the rate.
import { createHmac, generateKeyPairSync, hkdfSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { createECDH } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import WebSocket from 'ws'
import { approvalBytes, METHOD_WHOLE } from '#core/approval.ts'
import { billHash, type Bill } from '#core/bill.ts'
import { concat, fromHex, fromBase64url, toBase64url } from '#core/bytes.ts'
import { idFrom, type SchemeId, type SessionId } from '#core/ids.ts'
import { billFromWire, type BillWire } from '#protocol/bill.ts'
import { contentDigest, signatureBase, signatureParameters } from '#protocol/signature-base.ts'
import { SESSION_MAC_INFO, SESSION_TOKEN_INFO, sessionBytes, tokenText } from '#protocol/signed-bytes.ts'
import type { AnswerView, DealView, PaymentView } from '#protocol/views.ts'
import type { Directory } from '#server/auth/directory.ts'
import { startHub } from '#server/hub.ts'
import { systemAccount } from '#core/accounts.ts'
import type { Actor } from '#switch/actors.ts'
import { LANES, UNIT, type Ground } from './ground.ts'
import { during, type Round } from './measure.ts'

const BILL: BillWire = {
  unit: UNIT,
  total: '1280',
  lines: [
    {
      text: 'Bread',
      quantity: 2,
      amount: '700',
      taxRate: 800,
      tax: '51',
      code: null,
      conditions: { delivery: false, coolingOffSeconds: 0 },
    },
    {
      text: 'Coffee',
      quantity: 1,
      amount: '580',
      taxRate: 800,
      tax: '42',
      code: null,
      conditions: { delivery: false, coolingOffSeconds: 0 },
    },
  ],
}

type Machine = Readonly<{
  self: Actor
  privateKey: KeyObject
  session: SessionId
  macKey: Buffer
  socket: WebSocket
  /** resolves at the next watched view that fits */
  seen: (fits: (view: { state?: string; deal?: string; payment?: string }) => boolean) => Promise<void>
}>

/** Starts a hub in this process's ground and `pairs` of a till and a phone, each with its session and watcher. */
export async function openPayments(
  ground: Ground,
  pairs: number,
): Promise<{ run: (seconds: number) => Promise<Round>; close: () => Promise<void> }> {
  const hub = await startHub({
    database: ground.settings,
    scheme: ground.scheme,
    role: true,
    host: '127.0.0.1',
    port: 0,
    tls: null,
    // Each machine has an address of its own, as in a town: the budget against guessing counts by address.
    trustProxy: 1,
    publicUrl: null,
    files: null,
    log: { write: () => {} },
    version: 'bench',
    lanes: LANES,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 4 * pairs })
  const api = client(hub.port, agent)
  const scheme = (await api<{ scheme: SchemeId }>('GET', '/v1/scheme', null, null)).body.scheme
  const machines: { till: Machine; phone: Machine }[] = []
  for (let index = 0; index < pairs; index++) {
    const bucket = index % ground.scheme.buckets
    const shop = await hub.directory.createParty({
      kind: 'merchant',
      name: `Shop ${index}`,
      legalName: `Shop ${index} Ltd.`,
      bucket,
      units: [UNIT],
    })
    const person = await hub.directory.createParty({
      kind: 'person',
      name: `Person ${index}`,
      legalName: `Person ${index}`,
      bucket: (bucket + 5) % ground.scheme.buckets,
      units: [UNIT],
    })
    const opening = {
      debit: systemAccount('issue', (bucket + 5) % ground.scheme.buckets),
      credit: person.account,
      unit: UNIT,
      amount: 1_000_000_000n,
      kind: 'post',
      payment: null,
      debitName: '',
      creditName: '',
    } as const
    await hub.hub.post({ id: idFrom('cmd', randomBytes(16)), hash: '00', transfers: [opening] }, person.id)
    const tillCode = await hub.directory.createCode({
      kind: 'terminal',
      party: shop.id,
      lifeMs: 60_000,
      label: 'Till',
      terminalKind: 'counter',
    })
    const phoneCode = await hub.directory.createCode({ kind: 'device', party: person.id, lifeMs: 60_000 })
    const till = await enrolled(api, hub.port, scheme, tillCode.code, 'terminal', hub.directory)
    const phone = await enrolled(api, hub.port, scheme, phoneCode.code, 'inbox', hub.directory)
    // The phone's owner has proved to be there; each approval is signed by the device key all the same.
    await hub.database.transactions.query('update device set proved_at = $1', [Date.now()])
    machines.push({ till, phone })
  }
  for (let bucket = 0; bucket < ground.scheme.buckets; bucket++) await hub.store.deposit(bucket)

  async function payment(index: number): Promise<void> {
    const pair = machines[index]
    if (pair === undefined) throw new Error('one line of work, one pair')
    const { till, phone } = pair
    const deal = idFrom('deal', randomBytes(16))
    const opened = await api<AnswerView>('POST', '/v1/commands/open-offer', till, {
      command: commandId(),
      deal,
      bill: BILL,
    })
    const number = opened.body.deal?.ticket?.number
    const joined = await api<AnswerView>('POST', '/v1/commands/join', phone, {
      command: commandId(),
      credential: { kind: 'number', number },
    })
    const view = joined.body.payment
    if (view == null) throw new Error(`join: ${JSON.stringify(joined.body)}`)
    const tillSees = till.seen((each) => each.deal === deal && each.state === 'settled')
    const phoneSees = phone.seen((each) => each.payment === view.payment && each.state === 'settled')
    const approval = approvalOf(view, phone, scheme)
    const approved = await api<AnswerView>('POST', '/v1/commands/approve', phone, {
      command: commandId(),
      payment: view.payment,
      approval: toBase64url(approval),
      signature: sign('sha256', approval, { key: phone.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
      proof: null,
    })
    if (approved.body.payment?.state !== 'settled') throw new Error(`approve: ${JSON.stringify(approved.body)}`)
    await Promise.all([tillSees, phoneSees])
  }

  return {
    run: (seconds) => during(seconds, pairs, payment),
    async close() {
      for (const { till, phone } of machines) {
        till.socket.terminate()
        phone.socket.terminate()
      }
      agent.destroy()
      await hub.stop()
    },
  }
}

const commandId = (): string => idFrom('cmd', randomBytes(16))

type Api = <Body>(
  method: 'GET' | 'POST',
  path: string,
  by: Pick<Machine, 'session' | 'macKey'> | null,
  body: object | null,
) => Promise<{ status: number; body: Body }>

const addressOf = (session: SessionId): string =>
  `10.${[6, 8, 10].map((place) => Number.parseInt(session.slice(place, place + 2), 16)).join('.')}`

/** A bare HTTP client: what the SDK sends, without its storing and repeating. */
function client(port: number, agent: Agent): Api {
  return <Body>(
    method: 'GET' | 'POST',
    path: string,
    by: Pick<Machine, 'session' | 'macKey'> | null,
    body: object | null,
  ) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Body }>()
    const payload = body === null ? null : Buffer.from(JSON.stringify(body))
    const headers: Record<string, string | number> = {
      'x-forwarded-for': by === null ? '127.0.0.1' : addressOf(by.session),
    }
    if (payload !== null)
      Object.assign(headers, { 'content-type': 'application/json', 'content-length': payload.length })
    if (by !== null) {
      const digest = payload === null ? null : contentDigest(payload)
      const signed = {
        method,
        path,
        query: '',
        contentDigest: digest,
        created: Math.floor(Date.now() / 1000),
        session: by.session,
      }
      if (digest !== null) headers['content-digest'] = digest
      headers['signature-input'] = `sig1=${signatureParameters(signed)}`
      headers.signature = `sig1=:${createHmac('sha256', by.macKey).update(signatureBase(signed)).digest('base64')}:`
    }
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body }),
      )
    })
    sent.on('error', reject)
    sent.end(payload)
    return promise
  }
}

async function enrolled(
  api: Api,
  port: number,
  scheme: SchemeId,
  code: string,
  topic: 'terminal' | 'inbox',
  directory: Directory,
): Promise<Machine> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
  const signed = (bytes: Uint8Array): string =>
    sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  // Enrolled past HTTP: its budget against guessing codes lets ten machines of one address in at once.
  const identity = await directory.useCode({ code, publicKey: point, label: topic })
  if (identity === undefined) throw new Error('the code is good')
  const self = identity.actor
  const ecdh = createECDH('prime256v1')
  const ephemeral = ecdh.generateKeys()
  const nonce = randomBytes(16)
  const at = Date.now()
  const bytes = sessionBytes({ scheme, actor: self.id, key: self.key, ephemeral, nonce, at })
  const grant = (
    await api<{ session: SessionId; ephemeral: string; nonce: string }>('POST', '/v1/sessions', null, {
      actor: self.id,
      key: self.key,
      ephemeral: toBase64url(ephemeral),
      nonce: toBase64url(nonce),
      at,
      signature: signed(bytes),
    })
  ).body
  const shared = ecdh.computeSecret(fromBase64url(grant.ephemeral) ?? new Uint8Array())
  const salt = concat(nonce, fromBase64url(grant.nonce) ?? new Uint8Array())
  const macKey = Buffer.from(hkdfSync('sha256', shared, salt, SESSION_MAC_INFO, 32))
  const token = tokenText(grant.session, new Uint8Array(hkdfSync('sha256', shared, salt, SESSION_TOKEN_INFO, 32)))
  const { socket, seen } = await watching(port, token, topic)
  return { self, privateKey, session: grant.session, macKey, socket, seen }
}

async function watching(
  port: number,
  token: string,
  topic: 'terminal' | 'inbox',
): Promise<Pick<Machine, 'socket' | 'seen'>> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/watch`)
  const waiting = new Set<{ fits: (view: DealView & PaymentView) => boolean; resolve: () => void }>()
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.on('open', () => {
    socket.send(JSON.stringify({ type: 'hello', token }))
    socket.send(JSON.stringify({ type: 'watch', topic }))
  })
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as { type: string; view?: DealView & PaymentView }
    if (message.type === topic) resolve()
    const { view } = message
    if (view == null || message.type === 'inbox') return
    for (const each of waiting) {
      if (!each.fits(view)) continue
      waiting.delete(each)
      each.resolve()
    }
  })
  await promise
  return {
    socket,
    seen: (fits) => new Promise<void>((told) => void waiting.add({ fits, resolve: told })),
  }
}

function approvalOf(view: PaymentView, phone: Machine, scheme: SchemeId): Uint8Array {
  const read = view.bill === null ? null : billFromWire(view.bill)
  if (read === null || !read.ok) throw new Error('the view has its bill')
  const bill: Bill = read.bill
  // Border: a benchmark's own phone, whose view came from the hub under test.
  const ids = view as unknown as {
    deal: Parameters<typeof approvalBytes>[0]['deal']
    payment: Parameters<typeof approvalBytes>[0]['payment']
  }
  const account = view.payerAccount as Parameters<typeof approvalBytes>[0]['payerAccount']
  return approvalBytes({
    purpose: 'approve',
    scheme,
    deal: ids.deal,
    payment: ids.payment,
    billVersion: view.billVersion,
    billHash: billHash(view.biller as Parameters<typeof billHash>[0], bill),
    payerAccount: account,
    means: account,
    method: METHOD_WHOLE,
    key: phone.self.key,
    nonce: fromHex(view.nonce) ?? new Uint8Array(16),
    expiresAt: Date.now() + 60_000,
  })
}
