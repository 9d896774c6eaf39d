// The demo's bank: the reference program as a child of the hub, with its own folder. It is another process as a real bank is another
// company: it can die alone, its books are its own, and nothing is shared but the wire. Its end is the end of the hub's.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../bank/main.ts', import.meta.url))
const STARTS_WITHIN_MS = 15_000
const AGAIN_MS = 1_000

export type BankChild = Readonly<{ url: string; secret: string; stop(): Promise<void> }>

/** Starts it on a free port, and again on the same when it dies. Null where it does not start: the hub works without a bank. */
export async function startBankChild(data: string): Promise<BankChild | null> {
  let isOver = false
  let port = 0
  let child: ChildProcess | undefined

  async function begin(): Promise<{ url: string; secret: string } | null> {
    const started = spawn(process.execPath, [MAIN, '--data', data, '--port', String(port), '--with-parent'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child = started
    started.on('exit', () => {
      if (!isOver && port !== 0) setTimeout(() => void (isOver || begin().catch(() => {})), AGAIN_MS).unref()
    })
    const said = await Promise.race([
      once(createInterface(started.stdout), 'line'),
      once(started, 'exit').then(() => []),
      new Promise<[]>((late) => void setTimeout(() => late([]), STARTS_WITHIN_MS).unref()),
    ])
    const [line] = said as unknown[]
    if (typeof line !== 'string') return null
    // Border: bank/main.ts wrote the line.
    const { url, secret } = JSON.parse(line) as { url: string; secret: string }
    port = Number(new URL(url).port)
    return { url, secret: (await readFile(secret, 'utf8')).trim() }
  }

  const known = await begin()
  const stop = async (): Promise<void> => {
    isOver = true
    const last = child
    if (last === undefined || last.exitCode !== null || last.signalCode !== null) return
    const ended = once(last, 'exit')
    last.kill('SIGTERM')
    await ended
  }
  if (known === null) await stop()
  return known && { ...known, stop }
}
