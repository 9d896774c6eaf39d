// A program of the demo as a child of the hub, with its own folder: the bank, the cards' issuer, the vault. Each is another process as the real
// one is another company: it can die alone, its books are its own, and nothing is shared but the wire. Its end is the end of the hub's.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const STARTS_WITHIN_MS = 15_000
const AGAIN_MS = 1_000

export type Child<Said> = Readonly<{ said: Said; stop(): Promise<void> }>

/**
 * Starts the program at `main` (a path from the tree's root), and again when it dies. It says what it is on its first line; `args` are made
 * of what it said the first time, so that it comes back to the same place. Null where it does not start: the hub works without it.
 */
export async function startChild<Said>({
  main,
  args,
  env = {},
  read,
}: Readonly<{
  main: string
  args: (before: Said | null) => readonly string[]
  env?: Readonly<Record<string, string>>
  /** what the line says; throws where it is not right */
  read: (line: unknown) => Promise<Said>
}>): Promise<Child<Said> | null> {
  const path = fileURLToPath(new URL(`../${main}`, import.meta.url))
  let isOver = false
  let known: Said | null = null
  let child: ChildProcess | undefined

  async function begin(): Promise<Said | null> {
    const started = spawn(process.execPath, [path, ...args(known), '--with-parent'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    })
    child = started
    started.on('exit', () => {
      if (!isOver && known !== null) setTimeout(() => void (isOver || begin().catch(() => {})), AGAIN_MS).unref()
    })
    const said = await Promise.race([
      once(createInterface(started.stdout), 'line'),
      once(started, 'exit').then(() => []),
      new Promise<[]>((late) => void setTimeout(() => late([]), STARTS_WITHIN_MS).unref()),
    ])
    const [line] = said as unknown[]
    return typeof line === 'string' ? read(JSON.parse(line)) : null
  }

  const stop = async (): Promise<void> => {
    isOver = true
    const last = child
    if (last === undefined || last.exitCode !== null || last.signalCode !== null) return
    const ended = once(last, 'exit')
    last.kill('SIGTERM')
    await ended
  }
  known = await begin().catch(() => null)
  if (known === null) await stop()
  return known === null ? null : { said: known, stop }
}

/** A named text in what a program said. Throws Error where there is none. */
export function textOf(said: unknown, ...names: string[]): string {
  const value = names.reduce<unknown>(
    (from, name) => (typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined),
    said,
  )
  if (typeof value !== 'string') throw new Error(`the program says no ${names.join('.')}`)
  return value
}
