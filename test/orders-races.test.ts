// Races at tables, on a real PostgreSQL with two hubs on one database: one wins, nothing is paid twice, and the sums are the whole.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { faultsOf } from '#core/invariants.ts'
import type { KitchenTabView, OfficeMenuView, OrderedView, SharedView, TabView } from '#protocol/orders.ts'
import { approve } from '#sdk/approval.ts'
import { withPin } from '#sdk/scram.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { madePoint } from './support/points.ts'
import {
  CAKE,
  closeTab,
  joinShare,
  madeMenu,
  mark,
  orderedAt,
  payShare,
  sendOrder,
  sendShare,
  SMALL_COFFEE,
  TABLE,
  tabOf,
  viewIn,
} from './support/orders.ts'
import { withClient } from './support/postgres.ts'
import { newCommand, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { groundOn } from './support/world.ts'

let hubs: readonly TestHub[]
/** Each person's voice at the one hub and at the other. */
let offices: readonly [Speaker, Speaker]
let hanakos: readonly [Speaker, Speaker]
let kenjis: readonly [Speaker, Speaker]
let version: number
before(async () => {
  const first = await startTestHub()
  const second = await startTestHub({ settings: first.settings })
  hubs = [first, second]
  const both = async (who: 'office' | 'hanako' | 'kenji'): Promise<readonly [Speaker, Speaker]> => {
    const here = await speaker(first, who)
    return [here, await speaker(second, who, here.client)]
  }
  ;[offices, hanakos, kenjis] = await Promise.all([both('office'), both('hanako'), both('kenji')])
})
after(async () => {
  for (const [{ client }] of [offices, hanakos, kenjis]) client.close()
  await Promise.all(hubs.map((hub) => hub.stop()))
})
beforeEach(async () => {
  await rows('delete from budget')
  await rows('delete from menu_stock')
  version = await madeMenu(offices[0])
})
afterEach(async () => {
  const [hub] = hubs
  assert.ok(hub)
  const ground = await groundOn(hub.settings)
  const books = await ground.books()
  await ground.close()
  assert.deepEqual(faultsOf(books), [])
})

const rows = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  withClient(
    hubs[0]?.settings ?? {},
    async (client) => (await client.query<Record<string, unknown>>(text, values)).rows,
  )
const times = <Result>(count: number, make: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))
const at = (both: readonly [Speaker, Speaker], index: number): Speaker => both[index % 2 === 0 ? 0 : 1]
const outcomeOf = ({ status, body }: Reply): string => (status === 200 ? 'yes' : String(body.code))
const counted = (replies: readonly Reply[]): Record<string, number> =>
  Object.fromEntries(
    Map.groupBy(replies.map(outcomeOf), (each) => each)
      .entries()
      .map(([key, all]) => [key, all.length]),
  )

/** Sums that are the whole, and each line covered by no more than it costs. */
function assertWhole({ total, paid, reserved, left, open, lines, shares }: TabView): void {
  assert.equal(BigInt(paid) + BigInt(reserved) + BigInt(left) + BigInt(open), BigInt(total))
  for (const line of lines.filter(({ state }) => state !== 'refused' && state !== 'lapsed')) {
    const portions = shares.flatMap((share) => share.lines).filter((portion) => portion.line === line.line)
    const covered = portions.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    assert.equal(covered + BigInt(line.open), BigInt(line.amount), `line ${line.line}`)
  }
}

/** What the payments of this table's terminal settled, less what went back: the truth that the tab has to say. */
async function settledAt(point: string): Promise<bigint> {
  const [row] = await rows(
    `select coalesce(sum(case t.kind when 'refund' then -t.amount else t.amount end), 0)::text as sum
     from transfer t join payment p on p.id = t.payment join point s on s.id = $1
     where t.kind in ('settle', 'refund') and p.snapshot->>'terminal' = 'trm_' || replace(s.terminal::text, '-', '')`,
    [point.slice(4)],
  )
  return BigInt(String(row?.sum))
}

test('the last pieces go to as many as there are, whichever hub hears of them', async () => {
  const tables = await times(4, () => madePoint(offices[0], TABLE))
  viewIn(await offices[0].signed({ path: '/v1/menu/stock', body: { item: 'cake', left: 3 } }))
  const replies = await times(8, (index) =>
    sendOrder(at(index < 4 ? hanakos : kenjis, index), { point: tables[index % 4] ?? '', version }, [
      SMALL_COFFEE,
      CAKE,
    ]),
  )
  assert.deepEqual(counted(replies), { yes: 3, 'sold-out': 5 })
  const { stock } = viewIn<OfficeMenuView>(await offices[1].reads('/v1/menu'))
  assert.deepEqual(stock, [{ item: 'cake', left: 0 }])
})

test('the same order sent to both hubs at once is one order', async () => {
  const point = await madePoint(offices[0], TABLE)
  const command = newCommand()
  const replies = await times(6, (index) => sendOrder(at(hanakos, index), { point, version }, [CAKE], command))
  assert.deepEqual(new Set(replies.map((reply) => viewIn<OrderedView>(reply).order)), new Set([1]))
  const { tab } = viewIn<OrderedView>(replies[0] ?? assert.fail())
  assert.equal((await tabOf(hanakos[0], tab.tab)).total, '550')
})

test('two phones that open a table at once sit at one', async () => {
  const point = await madePoint(offices[0], TABLE)
  const replies = await times(4, (index) =>
    sendOrder(at(index < 2 ? hanakos : kenjis, index), { point, version }, [CAKE]),
  )
  assert.equal(new Set(replies.map((reply) => viewIn<OrderedView>(reply).tab.tab)).size, 1)
})

test('two phones reserve the same line at two hubs: one has it', async () => {
  const point = await madePoint(offices[0], TABLE)
  for (let round = 0; round < 4; round++) {
    const { tab } = await orderedAt(hanakos[0], { point, version }, [CAKE])
    viewIn(await kenjis[0].signed({ path: '/v1/tabs', body: { point } }))
    const line = tab.lines.at(-1)?.line
    const wish = { kind: 'lines', lines: [{ line, quantity: 1 }] }
    const replies = await times(2, (index) => sendShare(at(index === 0 ? hanakos : kenjis, index), tab.tab, wish))
    assert.deepEqual(counted(replies), { yes: 1, 'line-taken': 1 })
    assertWhole(await tabOf(hanakos[0], tab.tab))
  }
})

test('two phones approve two shares at once: the sum is the whole, no line is paid twice and none forgotten', async () => {
  const point = await madePoint(offices[0], TABLE)
  const { tab } = await orderedAt(hanakos[0], { point, version }, [CAKE, { ...SMALL_COFFEE, quantity: 3 }])
  await orderedAt(kenjis[1], { point, version }, [{ ...CAKE, quantity: 2 }])
  const shares = await Promise.all([
    sendShare(hanakos[0], tab.tab, { kind: 'equal', of: 2 }),
    sendShare(kenjis[1], tab.tab, { kind: 'equal', of: 2 }),
  ])
  const [mine, theirs] = shares.map((reply) => viewIn<SharedView>(reply))
  assert.ok(mine && theirs)
  await Promise.all([payShare(hanakos[0], mine), payShare(kenjis[1], theirs)])
  const done = await tabOf(kenjis[0], tab.tab)
  assert.deepEqual([done.paid, done.total, done.open], ['2850', '2850', '0'])
  assertWhole(done)
  assert.equal(await settledAt(point), 2_850n)
})

test('a share is given back, runs out, or loses a line while it is paid: the payment says which, and the tab the same', async () => {
  const seen = new Set<string>()
  for (const how of ['given back', 'run out', 'refused', 'given back', 'refused'] as const) {
    const point = await madePoint(offices[0], TABLE)
    const { tab } = await orderedAt(hanakos[0], { point, version }, [CAKE, SMALL_COFFEE])
    const share = viewIn<SharedView>(await sendShare(hanakos[0], tab.tab, { kind: 'mine' }))
    const { deal = '' } = share.tab.shares[0] ?? {}
    if (how === 'run out')
      await rows(
        `update offer set due_at = (extract(epoch from clock_timestamp()) * 1000)::bigint + 30,
           snapshot = jsonb_set(snapshot, '{state,ticket,expiresAt}', to_jsonb((extract(epoch from clock_timestamp()) * 1000)::bigint + 30)) where deal = $1`,
        [deal?.slice(5)],
      )
    const pay = async (): Promise<string> => {
      try {
        const outcome = await approve(hanakos[0].client, await joinShare(hanakos[0], share), withPin('2468'))
        return outcome.ok && outcome.view.payment?.state === 'settled' ? 'paid' : 'not paid'
      } catch {
        return 'not paid'
      }
    }
    const against = (): Promise<unknown> => {
      if (how === 'given back')
        return hanakos[1].signed({ path: '/v1/tabs/shares/back', body: { tab: tab.tab, share: share.share } })
      return how === 'refused' ? mark(offices[1], tab.tab, [1], 'refused', 'other') : tabOf(hanakos[1], tab.tab)
    }
    const [outcome] = await Promise.all([pay(), against()])
    const done = await until(async () => {
      const view = await tabOf(hanakos[1], tab.tab)
      const { tabs } = viewIn<{ tabs: KitchenTabView[] }>(await offices[0].reads('/v1/kitchen'))
      const isBack = tabs.find((each) => each.tab === tab.tab)?.back.length ?? 0
      return view.reserved === '0' && isBack === 0 && view
    })
    assertWhole(done)
    // The payment is the truth: what it settled, less what went back for a refused line, is what the tab calls paid.
    assert.equal(await settledAt(point), BigInt(done.paid), `${how}: ${outcome}`)
    assert.equal(BigInt(done.paid) > 0n, outcome === 'paid', how)
    seen.add(`${how}: ${outcome}`)
  }
  assert.ok(seen.size > 0)
})

test('a table is closed while its guests order: an order is on it or is told that it was closed, and none is lost', async () => {
  const point = await madePoint(offices[0], TABLE)
  const { tab } = await orderedAt(hanakos[0], { point, version }, [CAKE])
  const orders = times(6, (index) =>
    sendOrder(at(index < 3 ? hanakos : kenjis, index), { point, version, tab: tab.tab }, [CAKE]),
  )
  const [replies, closed] = await Promise.all([orders, closeTab(offices[1], tab.tab, 'waits')])
  viewIn(closed)
  const { yes = 0, 'tab-closed': late = 0 } = counted(replies)
  assert.equal(yes + late, 6)
  const done = await tabOf(hanakos[0], tab.tab)
  assert.deepEqual([done.state, done.lines.length], ['closed', yes + 1])
  assert.equal(outcomeOf(await sendOrder(hanakos[1], { point, version, tab: tab.tab }, [CAKE])), 'tab-closed')
})

test('an order and a menu written at once: the order has the menu that it named, or is told', async () => {
  const point = await madePoint(offices[0], TABLE)
  const [write, ...orders] = await Promise.all([
    madeMenu(offices[1]),
    ...Array.from({ length: 4 }, (_, index) => sendOrder(at(hanakos, index), { point, version }, [CAKE])),
  ])
  assert.ok(write >= version)
  const { yes = 0, 'menu-changed': changed = 0 } = counted(orders)
  assert.equal(yes + changed, 4)
})

test('the kitchen refuses a paid line at both hubs at once: its money goes back once', async () => {
  const point = await madePoint(offices[0], TABLE)
  const { tab } = await orderedAt(hanakos[0], { point, version }, [CAKE, SMALL_COFFEE])
  await payShare(hanakos[0], viewIn(await sendShare(hanakos[0], tab.tab, { kind: 'mine' })))
  await until(async () => (await tabOf(hanakos[1], tab.tab)).paid === '950')
  const replies = await times(4, (index) => mark(at(offices, index), tab.tab, [1], 'refused', 'other'))
  assert.deepEqual(counted(replies), { yes: 4 })
  assert.equal(await settledAt(point), 400n)
  assert.equal((await tabOf(hanakos[0], tab.tab)).paid, '400')
})

test('one command for an order and a share at once: one of them is made, the other is told', async () => {
  const point = await madePoint(offices[0], TABLE)
  const { tab } = await orderedAt(hanakos[0], { point, version }, [CAKE])
  const command = newCommand()
  const replies = await Promise.all([
    sendOrder(hanakos[0], { point, version, tab: tab.tab }, [CAKE], command),
    sendShare(hanakos[1], tab.tab, { kind: 'mine' }, command),
  ])
  assert.deepEqual(counted(replies), { yes: 1, 'command-mismatch': 1 })
  assertWhole(await tabOf(hanakos[0], tab.tab))
})
