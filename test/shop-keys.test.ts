// API keys through HTTP: which scope opens which route, who makes keys, what an ended one still does (nothing), and payment links.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALL_ROUTES, type Route } from '#protocol/routes.ts'
import { KEY_SCOPES, type KeyScope, type ShopView } from '#protocol/shop.ts'
import { LIMITS } from '#protocol/limits.ts'
import { scopesFor } from '#server/auth/api-keys.ts'
import { DEMO_SHOP_KEY } from '#server/shop/demo-shop.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { ask, assertProblem, newCommand, newDeal, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { openShop, setPinAt, signInAt, hereAt } from './support/staff.ts'
import { keyed, newKey, opened, paid, yes, type Keyed } from './support/web-shop.ts'
import { enrolled } from './support/hub.ts'

let hub: TestHub
let office: Speaker
let hanako: Speaker
let shop: Awaited<ReturnType<typeof newKey>>

before(async () => {
  hub = await startTestHub()
  office = await speaker(hub, 'office')
  hanako = await speaker(hub, 'hanako')
  shop = await newKey(hub, office)
})
after(async () => {
  office?.client.close()
  hanako?.client.close()
  await hub?.stop()
})

const calls = (by: Keyed, { method, path }: Route): Promise<Reply> => {
  const at = path.replaceAll(/\{\w+\}/g, newDeal())
  return method === 'GET' ? by.reads(at) : by.posts(at, { command: newCommand() })
}

test('scopes × routes: a key opens what its scopes name, and nothing else of all there is', async () => {
  const guarded = ALL_ROUTES.filter(({ access }) => access !== 'open')
  const table = Object.fromEntries(
    KEY_SCOPES.map((scope) => [
      scope,
      guarded.filter((route) => scopesFor(route).includes(scope)).map(({ method, path }) => `${method} ${path}`),
    ]),
  )
  assert.deepEqual(table, {
    'deals:write': [
      'GET /v1/self',
      'POST /v1/commands/deliver',
      'POST /v1/commands/open-offer',
      'POST /v1/commands/renew-number',
      'POST /v1/commands/change-bill',
      'POST /v1/commands/cancel-deal',
      'POST /v1/payment-links',
      'POST /v1/payment-links/end',
    ],
    'deals:read': ['GET /v1/self', 'GET /v1/deals', 'GET /v1/deals/{deal}', 'GET /v1/payment-links'],
    'refunds:write': ['GET /v1/self', 'POST /v1/commands/refund'],
    'webhooks:write': [
      'GET /v1/self',
      'GET /v1/webhooks',
      'POST /v1/webhooks',
      'POST /v1/webhooks/change',
      'POST /v1/webhooks/end',
      'POST /v1/webhooks/rotate',
      'GET /v1/webhooks/{endpoint}/deliveries',
      'POST /v1/webhooks/test',
      'POST /v1/webhooks/resend',
    ],
  })
  for (const scope of KEY_SCOPES) {
    const by = await newKey(hub, office, { scopes: [scope], terminal: shop.key.terminal.id })
    for (const route of guarded) {
      const reply = await calls(by, route)
      const about = `${scope}: ${route.method} ${route.path}`
      if (scopesFor(route).includes(scope)) assert.notEqual(reply.body.code, 'scope-missing', about)
      else assert.equal(assertProblem(reply, about), 'scope-missing', about)
      assert.ok(reply.status < 500, about)
    }
    assert.equal(yes<{ kind: string; id: string }>(await by.reads('/v1/self')).id, shop.key.terminal.id)
    yes(await office.signed({ path: '/v1/api-keys/end', body: { key: by.key.key } }))
  }
})

test('no key, a wrong one, one of another shape and an ended one are all the same to the hub', async () => {
  const made = await newKey(hub, office)
  assert.match(made.secret, /^wk_[A-Za-z0-9_-]{43}$/)
  yes(await made.reads('/v1/deals'))
  const { secret } = made
  const wrong = [
    `${secret.slice(0, -1)}${secret.endsWith('A') ? 'E' : 'A'}`,
    `${secret}A`,
    secret.slice(0, -1),
    'wk_',
    `wk_ ${secret}`,
  ]
  for (const each of wrong) {
    const reply = await keyed(hub, each).reads('/v1/deals')
    assert.equal(assertProblem(reply, each), 'key-unknown')
    assert.equal(reply.status, 401)
  }
  const watcher = new WebSocket(`${hub.url.replace('http', 'ws')}/v1/watch`)
  const heard: string[] = []
  let closed: number | null = null
  watcher.addEventListener('open', () => {
    watcher.send(JSON.stringify({ type: 'hello', token: secret }))
    watcher.send(JSON.stringify({ type: 'watch', topic: 'terminal' }))
  })
  watcher.addEventListener('message', ({ data }) => void heard.push(String(data)))
  watcher.addEventListener('close', ({ code }) => void (closed = code))
  const { deal } = await opened(made)
  await until(() => heard.some((message) => message.includes(deal)))
  const list = yes<ShopView<'endApiKey'>>(
    await office.signed({ path: '/v1/api-keys/end', body: { key: made.key.key } }),
  )
  assert.equal(list.keys.find(({ key }) => key === made.key.key)?.status, 'ended')
  assert.equal(assertProblem(await made.reads('/v1/deals'), 'ended'), 'key-unknown')
  const command = await made.command('cancel-deal', { deal, payment: null })
  assert.equal(assertProblem(command, 'ended'), 'key-unknown')
  await until(() => closed !== null)
  assert.equal(closed, 4401)
  const again = await office.signed({ path: '/v1/api-keys/end', body: { key: made.key.key } })
  assert.equal(assertProblem(again, 'twice'), 'not-found')
})

test('only a hash of the secret is kept, and when it was last used', async () => {
  const made = await newKey(hub, office, { terminal: shop.key.terminal.id })
  yes(await made.reads('/v1/deals'))
  await until(async () => {
    const { keys } = yes<ShopView<'apiKeys'>>(await office.reads('/v1/api-keys'))
    return keys.find(({ key }) => key === made.key.key)?.lastSeenAt ?? null
  })
  const { rows } = await withClient(hub.settings, (client) =>
    client.query<{ row: string }>('select row_to_json(k)::text as row from api_key k'),
  )
  assert.ok(rows.length > 1 && rows.every(({ row }) => !row.includes(made.secret.slice(3))))
  yes(await office.signed({ path: '/v1/api-keys/end', body: { key: made.key.key } }))
})

test('a key sees its own shop alone, and no merchant another merchant’s', async () => {
  const other = await newKey(hub, office)
  const { deal } = await opened(shop)
  assert.equal(assertProblem(await other.reads(`/v1/deals/${deal}`), 'foreign'), 'not-found')
  const cancel = await other.command('cancel-deal', { deal, payment: null })
  assert.equal(assertProblem(cancel, 'foreign'), 'not-found')
  const url = 'http://localhost:9/webhook'
  const hooks = { url, events: ['deal.settled'] }
  const named = await other.posts('/v1/webhooks', { ...hooks, terminal: shop.key.terminal.id })
  assert.equal(assertProblem(named, "another's terminal"), 'not-found')
  const made = yes<ShopView<'addWebhook'>>(await shop.posts('/v1/webhooks', { ...hooks, terminal: null }))
  const { endpoint } = made.endpoint
  const desk = await speaker(hub, 'desk', await enrolled(hub, 'desk'))
  const stranger = await (await openShop(hub, desk, 'Corner shop')).terminal()
  for (const reply of [
    await other.posts('/v1/webhooks/rotate', { endpoint }),
    await other.reads(`/v1/webhooks/${endpoint}/deliveries`),
    await stranger.signed({ path: '/v1/webhooks/end', body: { endpoint } }),
    await stranger.reads(`/v1/webhooks/${endpoint}/deliveries`),
    await stranger.signed({ path: '/v1/api-keys/end', body: { key: shop.key.key } }),
    await stranger.signed({
      path: '/v1/api-keys',
      body: { command: newCommand(), name: 'Mine', scopes: ['deals:read'], terminal: shop.key.terminal.id },
    }),
    await office.signed({
      path: '/v1/api-keys',
      body: { command: newCommand(), name: 'A till', scopes: ['deals:read'], terminal: office.self.id },
    }),
  ])
    assert.equal(assertProblem(reply, 'foreign'), 'not-found')
  assert.deepEqual(yes<ShopView<'webhooks'>>(await stranger.reads('/v1/webhooks')).endpoints, [])
  const inside = await shop.posts('/v1/webhooks', { ...hooks, url: 'https://169.254.169.254/latest', terminal: null })
  assert.equal(assertProblem(inside, 'inside'), 'address-invalid')
  yes(await shop.posts('/v1/webhooks/end', { endpoint }))
  desk.client.close()
  stranger.client.close()
})

test('where there is staff the owner alone makes keys, and a key itself makes none', async () => {
  const desk = await speaker(hub, 'desk', await enrolled(hub, 'desk'))
  const bakery = await openShop(hub, desk, 'Staffed shop')
  const till = await bakery.terminal()
  const body = { name: 'Server', scopes: ['deals:write'], terminal: null }
  const makes = (): Promise<Reply> => till.signed({ path: '/v1/api-keys', body: { command: newCommand(), ...body } })
  assert.equal((await setPinAt(till, await bakery.invite('Aya', 'owner'), '1234')).status, 200)
  const made = yes<ShopView<'addApiKey'>>(await makes())
  const invited = await till.signed({ path: '/v1/staff/add', body: { staff: null, name: 'Ren', role: 'manager' } })
  assert.equal((await setPinAt(till, String(invited.body.code), '2345')).status, 200)
  assert.equal(assertProblem(await makes(), 'a manager'), 'not-permitted')
  assert.equal(assertProblem(await till.reads('/v1/api-keys'), 'a manager'), 'not-permitted')
  await till.signed({ path: '/v1/staff/sign-out', body: {} })
  assert.equal(assertProblem(await makes(), 'nobody'), 'cashier-needed')
  const aya = (await hereAt(till)).staff.find(({ name }) => name === 'Aya')
  assert.equal((await signInAt(till, aya?.id ?? '', '1234')).status, 200)
  const server = keyed(hub, made.secret)
  assert.equal(assertProblem(await server.posts('/v1/api-keys', body), 'a key'), 'scope-missing')
  // A machine that stands alone sells though nobody has signed in there.
  await opened(server)
  // Its terminal revoked, the key is good for nothing.
  yes(await till.signed({ path: '/v1/staff/terminals/revoke', body: { terminal: made.key.terminal.id } }))
  assert.equal(assertProblem(await server.reads('/v1/deals'), 'revoked'), 'terminal-inactive')
  for (let count = 1; count < LIMITS.apiKeys; count++) assert.equal((await makes()).status, 200)
  assert.equal(assertProblem(await makes(), 'too many'), 'too-many-keys')
  till.client.close()
  desk.client.close()
})

const DAY_MS = 24 * 3_600_000
const LINK = { terminal: null, text: 'Anniversary cake', unit: 'JPY', amount: '3800', lifeMs: DAY_MS } as const
type Pay = ShopView<'openPay'>
const visit = (sign: string): string => sign.repeat(32)
const opens = (link: string, by: string): Promise<Reply> =>
  ask(hub, { path: '/v1/pay', body: { link, visit: visit(by) } })
const looks = (path: string): Promise<Reply> => ask(hub, { method: 'GET', path })

test('a link for one: whoever opens it sees one deal, a phone that says no makes room for the next, and paid it is over', async () => {
  const made = yes<ShopView<'addPaymentLink'>>(await shop.posts('/v1/payment-links', { ...LINK, uses: 'one' }))
  assert.equal(made.url, `${hub.url}/pay/${made.link}`)
  assert.equal(yes<Pay>(await looks(`/v1/pay/${made.link}`)).state, 'ready')
  assert.equal(assertProblem(await looks(`/v1/pay/${made.link}/${visit('a')}`), 'early'), 'not-found')
  const [one, two] = [yes<Pay>(await opens(made.link, 'a')), yes<Pay>(await opens(made.link, 'b'))]
  assert.deepEqual([one.shop, one.text, one.amount, one.state], ['Marubeni Bakery', LINK.text, '3800', 'waiting'])
  assert.equal(one.number, two.number)
  const joined = await hanako.command('join', { credential: { kind: 'number', number: one.number } })
  const { payment } = joined.body.payment as { payment: string }
  assert.equal(yes<Pay>(await looks(`/v1/pay/${made.link}/${visit('b')}`)).state, 'joined')
  assert.equal((await hanako.command('decline', { payment })).status, 200)
  assert.equal(yes<Pay>(await looks(`/v1/pay/${made.link}/${visit('b')}`)).state, 'ended')
  const next = yes<Pay>(await opens(made.link, 'b'))
  assert.notEqual(next.number, one.number)
  await paid(hanako, next.number ?? '')
  assert.equal(yes<Pay>(await looks(`/v1/pay/${made.link}/${visit('a')}`)).state, 'paid')
  assert.equal(yes<Pay>(await opens(made.link, 'c')).state, 'paid')
  assert.equal(assertProblem(await looks(`/v1/pay/${made.link}`), 'paid'), 'link-over')
})

test('a link for many: a deal for each visit, a new number where one ran out, ended by its shop alone', async () => {
  const made = yes<ShopView<'addPaymentLink'>>(
    await office.signed({
      path: '/v1/payment-links',
      body: { ...LINK, uses: 'many', terminal: shop.key.terminal.id },
    }),
  )
  const one = yes<Pay>(await opens(made.link, 'a'))
  assert.notEqual(one.number, yes<Pay>(await opens(made.link, 'b')).number)
  assert.equal(one.number, yes<Pay>(await opens(made.link, 'a')).number)
  await withClient(hub.settings, (client) =>
    client.query(
      `update offer set due_at = 1, snapshot = jsonb_set(snapshot, '{state,ticket,expiresAt}', '1') where state = 'open'`,
    ),
  )
  await until(async () => yes<Pay>(await looks(`/v1/pay/${made.link}/${visit('a')}`)).state === 'expired')
  const renewed = yes<Pay>(await opens(made.link, 'a'))
  assert.equal(renewed.state, 'waiting')
  assert.notEqual(renewed.number, one.number)
  await paid(hanako, renewed.number ?? '')
  assert.equal(yes<Pay>(await looks(`/v1/pay/${made.link}`)).state, 'ready')
  const other = await newKey(hub, office)
  assert.equal(assertProblem(await other.posts('/v1/payment-links/end', { link: made.link }), 'foreign'), 'not-found')
  yes(await shop.posts('/v1/payment-links/end', { link: made.link }))
  assert.equal(assertProblem(await opens(made.link, 'd'), 'ended'), 'link-over')
  assert.equal(assertProblem(await opens('0'.repeat(32), 'd'), 'never'), 'not-found')
  assert.equal(assertProblem(await looks('/v1/pay/nonsense'), 'nonsense'), 'not-found')
  for (const [over, code] of [
    [{ amount: '0' }, 'amount-invalid'],
    [{ unit: 'XXQ' }, 'unit-invalid'],
    [{ lifeMs: LIMITS.linkLifeMs + 1 }, 'field-invalid'],
    [{ lifeMs: LIMITS.linkLifeMinMs - 1 }, 'field-invalid'],
  ] as const) {
    const reply = await shop.posts('/v1/payment-links', { ...LINK, uses: 'one', ...over })
    assert.equal(assertProblem(reply, JSON.stringify(over)), code)
  }
})

test('whoever opens links without end is stopped by address', async () => {
  const made = yes<ShopView<'addPaymentLink'>>(await shop.posts('/v1/payment-links', { ...LINK, uses: 'many' }))
  let reply = await opens(made.link, 'a')
  for (let count = 0; reply.status === 200 && count < 100; count++)
    reply = await ask(hub, { path: '/v1/pay', body: { link: made.link, visit: String(count).padStart(32, '0') } })
  assert.equal(assertProblem(reply, 'many'), 'too-many-tries')
  assert.equal(yes<Pay>(await looks(`/v1/pay/${made.link}/${visit('a')}`)).state, 'waiting')
})

test('the demo town’s shop has a key that everybody knows, with every scope', async () => {
  const scopes: readonly KeyScope[] = KEY_SCOPES
  const { keys } = yes<ShopView<'apiKeys'>>(await office.reads('/v1/api-keys'))
  assert.ok(keys.some(({ name, scopes: has }) => name === 'Marubeni Bakery online' && has.length === scopes.length))
  yes(await keyed(hub, DEMO_SHOP_KEY).reads('/v1/deals'))
})
