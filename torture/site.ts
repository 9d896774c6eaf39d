// What is tortured: one hub with its database, its clients, and the checker that knows what they were told. The modes (kill, power,
// ack) only differ in what they break and in where the database is.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { ask } from './database.ts'
import type { Hub } from './hub.ts'
import type { Question, Verdict } from './lines.ts'
import { until } from './until.ts'

export type Site = Readonly<{
  /** lets the clients go on; returns at once */
  go(): void
  /** How many answers the clients have had. */
  acknowledged(): Promise<number>
  /** what was said to clients is in the database; at any moment when there is one */
  keptFaults(): Promise<readonly string[]>
  /** Lets the clients finish what they are at, then judges everything. */
  restFaults(): Promise<readonly string[]>
  close(): Promise<void>
}>

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
/** A client that does not come to an end in this time after the faults have stopped never will (I11). */
const REST_WITHIN_MS = 30_000

type SiteOptions = Readonly<{
  folder: string
  hub: Hub
  /** asked anew each time: a server that was killed comes back elsewhere */
  database: () => Promise<pg.ClientConfig>
  pairs: number
  seed: string
}>

/** Starts the hub, its clients and the checker. */
export async function openSite(options: SiteOptions): Promise<Site> {
  try {
    return await opened(options)
  } catch (error) {
    await options.hub.stop()
    throw error
  }
}

async function opened(options: SiteOptions): Promise<Site> {
  const { folder, hub } = options
  const [checker] = await Promise.all([started('checker.ts', [folder]), hub.start()])
  const load = await started('load.ts', [hub.url(), join(folder, 'checker.sock'), String(options.pairs), options.seed])
  let turn = 0
  let restedTurn = 0
  load.on('message', (word: { is: string; turn: number }) => {
    if (word.is === 'resting') restedTurn = word.turn
  })

  const question = async (asked: Question): Promise<Verdict> => {
    const answered = wordOf(checker, 'checker')
    checker.send(asked)
    // Border: our own checker's words.
    return (await answered) as Verdict
  }
  const told = (faults: readonly string[]): readonly string[] => {
    if (faults.length > 0) appendFileSync(join(folder, 'faults.txt'), `${faults.join('\n')}\n`)
    return faults
  }

  return {
    go() {
      load.send({ is: 'go', turn: ++turn })
    },
    acknowledged: async () => (await question({ ask: 'count' })).acknowledged,
    keptFaults: async () => told((await question({ ask: 'kept', database: await options.database() })).faults),
    async restFaults() {
      load.send({ is: 'rest', turn: ++turn })
      const isResting = (): boolean => restedTurn === turn
      const ended = await until('rest', () => isResting() || load.exitCode !== null, REST_WITHIN_MS).catch(() => 'late')
      const faults = [...(await question({ ask: 'whole', database: await options.database() })).faults]
      if (load.exitCode !== null) faults.unshift('a client stopped at what it did not expect')
      else if (ended === 'late') faults.unshift('a client never came to an end')
      // Charges whose answers were lost stay charged; here nobody waits an hour for new tries.
      else await ask(await options.database(), 'delete from budget')
      return told(faults)
    },
    async close() {
      for (const child of [load, checker]) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }
    },
  }
}

/** A process of ours that has said its first word. */
async function started(file: string, args: string[]): Promise<ChildProcess> {
  // A group of their own: Ctrl-C is main's, which lets the cycle end.
  const child = fork(join(FOLDER, file), args, { detached: true })
  await wordOf(child, file)
  return child
}

/** The next thing it says. Throws when it ends instead. */
function wordOf(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const heard = (word: unknown): void => {
      child.off('exit', ended)
      resolve(word)
    }
    const ended = (code: number | null): void => {
      child.off('message', heard)
      reject(new Error(`the ${name} has ended with ${String(code)}`))
    }
    if (child.exitCode !== null) return ended(child.exitCode)
    child.once('message', heard).once('exit', ended)
  })
}
