// The hub as a process of its own, server/main.ts as `npm start` runs it, always at the same port: started, armed, killed, started again.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Trap } from './failpoints.ts'
import { kill } from './database.ts'
import { until } from './until.ts'

export type Sabotage = 'synchronous-commit-off' | 'fsync-off' | 'early-answer' | 'split-command'

export type Hub = Readonly<{
  /** Starts it, waits until it listens. Throws with what it said when it does not. */
  start(): Promise<void>
  url(): string
  pid(): number | undefined
  /** resolves when the present process has ended */
  gone(): Promise<unknown>
  isAlive(): boolean
  arm(trap: Trap | null): void
  /** how often a trap has struck and left the hub alive */
  struck(): number
  kill(): Promise<void>
  /** Ctrl-C, as a person would. */
  stop(): Promise<void>
}>

const MAIN = fileURLToPath(new URL('../server/main.ts', import.meta.url))
const PRELOAD = new URL('preload.ts', import.meta.url).href

/** A hub on a data folder; what it says is kept in `said`. */
export function hubOn(options: {
  data: string
  said: string
  sabotage: Sabotage | null
  databaseUrl?: string
  /** further variables of its environment */
  env?: Readonly<Record<string, string>>
  /** another program than `npm start`'s, which says in the same words where it listens */
  program?: Readonly<{ path: string; env: Readonly<Record<string, string>> }>
}): Hub {
  const said = createWriteStream(options.said, { flags: 'a' })
  let child: ChildProcess | undefined
  let ended: Promise<unknown> = Promise.resolve()
  let port = 0
  let struck = 0
  const isAlive = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null

  const hub: Hub = {
    async start() {
      let text = ''
      const env = {
        ...process.env,
        PORT: String(port),
        ...(options.sabotage && { SABOTAGE: options.sabotage }),
        ...(options.databaseUrl && { DATABASE_URL: options.databaseUrl }),
        ...options.env,
        ...options.program?.env,
      }
      const args = [
        '--max-semi-space-size=4',
        '--import',
        PRELOAD,
        options.program?.path ?? MAIN,
        '--data',
        options.data,
      ]
      const started = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true })
      child = started
      ended = once(started, 'exit')
      for (const stream of [started.stdout, started.stderr])
        stream?.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          said.write(chunk)
        })
      started.on('message', () => struck++)
      // A channel that breaks because the hub was killed is what this is about.
      started.on('error', () => {})
      await until('the hub listens', () => text.includes('Ctrl-C stops') || !isAlive())
      port ||= Number(/localhost:(\d+)/u.exec(text)?.[1])
      if (!isAlive() || !Number.isInteger(port)) throw new Error(`the hub does not start: ${text}`)
    },
    url: () => `http://localhost:${port}`,
    pid: () => child?.pid,
    gone: () => ended,
    isAlive,
    arm(trap) {
      if (isAlive()) child?.send({ trap })
    },
    struck: () => struck,
    async kill() {
      if (child?.pid !== undefined && isAlive()) kill(child.pid, 'SIGKILL')
      await ended
    },
    async stop() {
      if (isAlive()) child?.kill('SIGINT')
      await ended
      said.end()
    },
  }
  return hub
}

/** Where the embedded database of a data folder lives. */
export const clusterOf = (data: string): string => join(data, 'pg')
