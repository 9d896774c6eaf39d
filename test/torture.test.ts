// Torture in small: the real hub is killed, its power cut, its answers dropped, and nothing that was said to anybody is lost; a hub
// that is broken on purpose is found out. The numbers on record come from `npm run torture` (bench/results.md), which also finds out a
// command row in another transaction and commits that are not in the log: `npm run torture -- kill --sabotage NAME`.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { droppingAnswers } from '../torture/ack.ts'
import { FAILPOINTS } from '../torture/failpoints.ts'
import type { Sabotage } from '../torture/hub.ts'
import { killing } from '../torture/kill.ts'
import type { Line } from '../torture/lines.ts'
import { killPlan } from '../torture/plan.ts'
import { cuttingPower } from '../torture/power.ts'
import { torture, type Mode } from '../torture/torture.ts'
import { keptFaults, restFaults, type Facts } from '../torture/verdict.ts'

/** Tills with a phone each: enough for batches and races, few enough for two cores. */
const PAIRS = 3

async function survives(mode: Mode, options: { aim: number; seed: number; step?: number }): Promise<Set<string>> {
  const seen = new Set<string>()
  let broke = 0
  const found = await torture(mode, {
    ...options,
    sabotage: null,
    pairs: PAIRS,
    add(cycle) {
      broke += cycle.broke
      for (const what of Object.keys(cycle.counts)) seen.add(what)
    },
  })
  assert.equal(found, null)
  assert.ok(broke >= options.aim)
  return seen
}

/** Within a few cycles the fault must be seen; where it was is of no more use. */
async function isFoundOut(mode: Mode, sabotage: Sabotage, as = /^lost: |was told no or nothing/mu): Promise<void> {
  const found = await torture(mode, { aim: 5 * mode.brokeInCycle, seed: 1, sabotage, pairs: 2 })
  assert.ok(found !== null, `${sabotage} was not found`)
  assert.match(found.faults.join('\n'), as)
  await rm(dirname(found.folder), { recursive: true, force: true })
}

describe('torture', { concurrency: 2 }, () => {
  test('5 kills of hub, database, one backend and both, at named steps and at random', async () => {
    const seen = await survives(killing, { aim: 5, seed: 1, step: 2 })
    for (const victim of ['hub', 'database', 'backend', 'both']) assert.ok(seen.has(`by ${victim}`), victim)
    assert.ok(seen.has('at random'))
  })
  test('an answer before the commit is found out', () => isFoundOut(killing, 'early-answer'))
  test('50 dropped answers', async () => {
    const seen = await survives(droppingAnswers, { aim: 50, seed: 0 })
    for (const cut of ['before', 'sent', 'answered']) assert.ok(seen.has(cut), cut)
  })

  const hindrance = cuttingPower.hindrance()
  const notRun = hindrance === null ? false : `not run: ${hindrance}`
  test('a power cut', { skip: notRun }, async () => {
    await survives(cuttingPower, { aim: 1, seed: 0 })
  })
  test('a disk that is never told to keep anything is found out', { skip: notRun }, () =>
    // The server itself may refuse to go on with what is left.
    isFoundOut(cuttingPower, 'fsync-off', /^lost: |was told no or nothing|does not start/mu),
  )
})

test('308 kills come by every failpoint with every kind of victim', () => {
  const plans = Array.from({ length: 44 * 7 }, (_, seed) => killPlan(seed))
  const planned = new Set(plans.map(({ failpoint, victim }) => `${failpoint?.step} ${failpoint?.moment} ${victim}`))
  for (const { step, moment } of FAILPOINTS)
    for (const victim of ['hub', 'database', 'backend', 'both'])
      assert.ok(planned.has(`${step} ${moment} ${victim}`), `${step} ${moment} ${victim}`)
  const steps = new Set(FAILPOINTS.map(({ step }) => step))
  for (let step = 1; step <= 13; step++) assert.ok(steps.has(`S${step}`), `S${step}`)
})

const settled: Line = { is: 'settled', payment: 'pay_1', amount: '100', payer: 'A', payee: 'B' }
const answered: Line = { is: 'answered', id: 'cmd_1', refusal: null, payment: 'pay_1', refund: null }
const sent: Line = { is: 'sent', id: 'cmd_1', name: 'join', body: {} }
const refunded: Line = { is: 'refunded', payment: 'pay_1', refund: 'pay_2', amount: '30' }
const lines: readonly Line[] = [sent, answered, settled, { is: 'seen', payment: 'pay_1', amount: '100' }, refunded]
const transfer = { payment: 'pay_1', kind: 'settle', debit: 'A', credit: 'B', amount: '100' }
const command = { id: 'cmd_1', refusal: null, payment: 'pay_1', refund: null }
const back = { payment: 'pay_1', kind: 'refund', debit: 'B', credit: 'A', amount: '30' }
const facts: Facts = {
  transfers: [transfer, back],
  commands: [command],
  refunds: [{ id: 'pay_2', original: 'pay_1', amount: '30' }],
  deals: [],
  payments: ['pay_1'],
}
const judge = (heard: readonly Line[], there: Facts): string[] => [
  ...keptFaults(heard, there),
  ...restFaults(heard, there),
]

test('the verdict finds each way in which what was said and what is there can differ', () => {
  assert.deepEqual(judge(lines, facts), [])
  const repeated: Line = { ...answered, is: 'repeated' }
  for (const [fault, heard, there] of [
    [/lost: pay_1/, lines, { ...facts, transfers: [back] }],
    [/moved 90/, lines, { ...facts, transfers: [{ ...transfer, amount: '90' }, back] }],
    [/other accounts/, lines, { ...facts, transfers: [{ ...transfer, credit: 'C' }, back] }],
    [/moved 200/, lines, { ...facts, transfers: [transfer, transfer, back] }],
    [/lost: refund pay_2/, lines, { ...facts, refunds: [] }],
    [/another sum/, lines, { ...facts, transfers: [transfer, back, back] }],
    [
      /refund pay_3 was made/,
      lines,
      { ...facts, refunds: [...facts.refunds, { id: 'pay_3', original: 'pay_1', amount: '1' }] },
    ],
    [/has no row/, lines, { ...facts, commands: [] }],
    [/its row says not-found/, lines, { ...facts, commands: [{ ...command, refusal: 'not-found' }] }],
    [/unknown for ever/, [...lines, { ...sent, id: 'cmd_2' }], facts],
    [/told no or nothing/, [sent, answered], facts],
    [/as ended, and money moved/, [...lines, { is: 'ended', payment: 'pay_1' }], facts],
    [/when it was sent again/, [...lines, { ...repeated, refusal: 'state-conflict' }], facts],
    [/is open, and its terminal/, lines, { ...facts, deals: ['deal_1'] }],
    [/was joined, and its phone/, lines, { ...facts, payments: ['pay_1', 'pay_9'] }],
  ] as const satisfies readonly (readonly [RegExp, readonly Line[], Facts])[])
    assert.match(judge(heard, there).join('\n'), fault)
})
