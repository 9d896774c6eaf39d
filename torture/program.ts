// A program of ours as a process that can be killed: the vault, the issuer. It says in one line of JSON where it listens; started again it
// stands at the same place.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { kill } from './database.ts'
import { until } from './until.ts'

export type Program = Readonly<{
  /** Starts it, with a place at which it shall die, and waits until it listens; what it said. Throws with its output when it does not. */
  start(failpoint?: string | null): Promise<ReadonlyMap<string, unknown>>
  isAlive(): boolean
  pid(): number | undefined
  kill(): Promise<void>
  /** As an operator would. */
  stop(): Promise<void>
}>

/** `args` are asked for at each start, when it is known where it stood before. */
export function programOf(options: {
  path: string
  args: () => readonly string[]
  env: Readonly<Record<string, string>>
  /** the variable that names the place at which it dies */
  failpoint: string
  said: string
}): Program {
  const said = createWriteStream(options.said, { flags: 'a' })
  let child: ChildProcess | undefined
  let ended: Promise<unknown> = Promise.resolve()
  const isAlive = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null

  return {
    async start(failpoint = null) {
      const env = { ...process.env, ...options.env, ...(failpoint !== null && { [options.failpoint]: failpoint }) }
      const started = spawn(process.execPath, [options.path, '--with-parent', ...options.args()], {
        env,
        // When this process is gone, the other end of its input is: then it ends, too.
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      })
      child = started
      ended = once(started, 'exit')
      let text = ''
      for (const stream of [started.stdout, started.stderr])
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          said.write(chunk)
        })
      const line = (): string | undefined => text.split('\n').find((each) => each.startsWith('{') && each.endsWith('}'))
      await until('it listens', () => line() !== undefined || !isAlive())
      const first = line()
      // One that dies at once, at its failpoint, has listened.
      if (first === undefined) throw new Error(`${options.path} does not start: ${text}`)
      // Border: our own program's word.
      return new Map(Object.entries(JSON.parse(first) as object))
    },
    isAlive,
    pid: () => child?.pid,
    async kill() {
      if (child?.pid !== undefined && isAlive()) kill(child.pid, 'SIGKILL')
      await ended
    },
    async stop() {
      if (isAlive()) child?.kill('SIGTERM')
      await ended
      said.end()
    },
  }
}
