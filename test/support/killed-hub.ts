// One hub that is killed at named moments beside one that lives, both on one database; and what somebody says to the one, and again to
// the other.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DemoWho } from '#protocol/routes.ts'
import { openClient } from '#sdk/client.ts'
import { memoryStorage, type Storage } from '#sdk/storage.ts'
import type { Moment } from '../../torture/failpoints.ts'
import { hubOn, type Hub } from '../../torture/hub.ts'
import { enrolled, startTestHub, type TestHub } from './hub.ts'
import { speaker, type Reply, type Speaker } from './raw-client.ts'

const PROGRAM = fileURLToPath(new URL('hub-process.ts', import.meta.url))

/** One person or machine at both hubs, with one key. */
export type Twofold = Readonly<{ mortal: Speaker; living: Speaker; storage: Storage }>
/** Says something with the speaker of one of the two. */
export type Saying = (to: 'mortal' | 'living') => Promise<Reply>

export type KilledHub = Awaited<ReturnType<typeof openKilledHub>>

export async function openKilledHub() {
  const living: TestHub = await startTestHub()
  const folder = await mkdtemp(join(tmpdir(), 'warifu-killed-'))
  const mortal: Hub = hubOn({
    data: folder,
    said: join(folder, 'hub.txt'),
    sabotage: null,
    program: {
      path: PROGRAM,
      // What is compiled once need not be compiled by each of its successors.
      env: { HUB_SETTINGS: JSON.stringify(living.settings), NODE_COMPILE_CACHE: join(folder, 'compiled') },
    },
  })
  await mortal.start()
  const people: Speaker[] = []

  return {
    living,
    mortal,
    async twofold(who: DemoWho): Promise<Twofold> {
      const storage = memoryStorage()
      const there = await speaker(living, who, await enrolled(living, who, storage))
      const url = mortal.url()
      const here = await speaker({ url }, who, openClient({ hub: url, storage }))
      people.push(here, there)
      return { mortal: here, living: there, storage }
    },
    /**
     * Says it to the hub that dies at this moment, then to the other, then to the first as it is again: whoever got an answer got the
     * same.
     */
    async killedAt(moment: Moment, of: string, say: Saying): Promise<Reply> {
      const about = `killed at ${moment} ${of}`
      mortal.arm({ failpoint: { step: '', moment, of }, nth: 1, victim: 'hub', cluster: '', draw: 0 })
      const first = await say('mortal').catch(() => undefined)
      await Promise.race([mortal.gone(), say('living').then(() => mortal.gone())])
      assert.ok(!mortal.isAlive(), `${about}: the hub came by`)
      const [there] = await Promise.all([say('living'), mortal.start()])
      const again = await say('mortal')
      assert.ok(there.status < 500, `${about}: ${there.text}`)
      assert.deepEqual(essence(again), essence(there), about)
      // Killed after its answer: then it was heard, and stays true.
      if (first !== undefined) assert.deepEqual(essence(first), essence(there), about)
      return again
    },
    async close(): Promise<void> {
      for (const { client } of people) client.close()
      await mortal.stop()
      await living.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const NAMES = ['deal', 'payment', 'number', 'link', 'isCopy', 'page']
/** Each hub has its own address here. */
const withoutOrigin = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/^http:\/\/localhost:\d+/u, '') : value

/** What an answer decides: the views beside it go on with time. */
export function essence({ status, body }: Reply): object {
  const named = (view: unknown): unknown =>
    view instanceof Object ? NAMES.map((key) => withoutOrigin(Reflect.get(view, key))) : view
  return {
    status,
    code: body.code,
    refund: body.refund,
    deal: named(body.deal),
    payment: named(body.payment),
    body: named(body),
  }
}
