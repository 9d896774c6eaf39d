// Loaded into the hub's process by `node --import`, before main.ts: the hub stays as it is, and torture stands around it. The store
// is replaced by one with traps (trapped-store.ts), the driver, HTTP and WebSockets get traps of their own, and what is to be killed
// when comes over the process's channel. SABOTAGE breaks the hub on purpose, to see that torture notices.
import childProcess from 'node:child_process'
import { Server, type IncomingMessage, type ServerResponse } from 'node:http'
import { registerHooks, syncBuiltinESMExports } from 'node:module'
import pg from 'pg'
import { WebSocket } from 'ws'
import { arm, isDue, reach, strike, type Trap } from './failpoints.ts'
import { effectsUnderway } from './underway.ts'

const here = (path: string): string => new URL(path, import.meta.url).href
const POSTGRES = here('../server/postgres/')
/** Modules of the hub that are replaced; the replacements themselves, and the store's own neighbours, get the real ones. */
const REPLACED = new Map([
  [here('../server/postgres/store.ts'), here('trapped-store.ts')],
  [here('../server/apps.ts'), here('no-pages.ts')],
])
/** Long enough for what was written to reach the database, shorter than any timeout. */
const ARRIVES_MS = 5
/** In the sabotage that answers before the commit: how long the commit is held back, for the answer to reach its client. */
const ANSWERED_MS = 40
const answersEarly = process.env['SABOTAGE'] === 'early-answer'

process.on('message', (message: { trap: Trap | null }) => arm(message.trap))
// Nobody is left who would stop it.
process.on('disconnect', () => process.kill(process.pid, 'SIGINT'))
process.channel?.unref()

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const asker = context.parentURL ?? ''
    const replacement = REPLACED.get(found.url)
    if (replacement === undefined || asker === replacement || asker.startsWith(POSTGRES)) return found
    return { ...found, url: replacement }
  },
})

trapDriver()
trapHttp()
trapWatching()
trapVault()
if (process.env['SABOTAGE'] === 'fsync-off') startWithoutFsync()

/** BEGIN, COMMIT and NOTIFY pass here. A deposit is known by its statement's name, everything else by what the store wrote. */
function trapDriver(): void {
  // Border: the driver's query has a dozen overloads, all of which are passed through as they came.
  type Query = (this: pg.Client, ...args: unknown[]) => unknown
  const query = pg.Client.prototype.query as unknown as Query
  const depositing = new WeakSet<pg.Client>()
  const trapped: Query = function (this: pg.Client, ...args) {
    const [statement] = args
    const name = typeof statement === 'object' && statement !== null ? Reflect.get(statement, 'name') : statement
    // A deposit that found nothing has rolled back: the connection is anybody's again.
    if (name === 'begin') depositing.delete(this)
    if (name === 'lock_marks') {
      depositing.add(this)
      reach('begin', 'deposit')
    }
    if (name === 'notify') reach('telling', 'others')
    if (name !== 'commit') return query.apply(this, args)
    const effects = depositing.delete(this) ? new Set(['deposit']) : effectsUnderway()
    const later = async (ms: number, first: () => void): Promise<unknown> => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      first()
      return query.apply(this, args)
    }
    if (isDue('written', effects)) return later(answersEarly ? ANSWERED_MS : ARRIVES_MS, strike)
    if (answersEarly) return later(ANSWERED_MS, () => {})
    const sent = query.apply(this, args) as Promise<unknown>
    // What is sent in this turn goes out in one write at its end.
    if (isDue('commit sent', effects)) setImmediate(strike)
    if (effects.has('deposit')) return sent.then((result) => (reach('committed', 'deposit'), result))
    return sent
  }
  // Border: as above.
  pg.Client.prototype.query = trapped as unknown as typeof pg.Client.prototype.query
}

function trapHttp(): void {
  const emit = Server.prototype.emit
  Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]): boolean {
    if (event === 'request') {
      // Border: these are the arguments of Node's own event.
      const [request, response] = args as [IncomingMessage, ServerResponse]
      const [path = ''] = (request.url ?? '').split('?')
      // Of commands their name, of other requests that change something the path behind /v1/.
      const command = /^\/v1\/(?:commands\/)?([a-z-]+(?:\/[a-z-]+)*)$/u.exec(path)?.[1]
      const said = request.method === 'POST' ? command : undefined
      reach('heard', said ?? (path.startsWith('/v1/deals/deal_') ? 'deal' : ''))
      if (said !== undefined) trapAnswer(response, said)
    }
    return emit.call(this, event, ...args)
  }
}

function trapAnswer(response: ServerResponse, command: string): void {
  const end = response.end
  // Border: end has many forms, all of which are passed through as they came.
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    if (response.statusCode === 200) reach('answering', command)
    return Reflect.apply(end, this, args)
  } as typeof response.end
  response.once('finish', () => {
    if (response.statusCode === 200 && isDue('answered', command)) setImmediate(strike)
  })
}

function trapWatching(): void {
  const send = WebSocket.prototype.send
  // Border: send has two forms, both of which are passed through as they came.
  WebSocket.prototype.send = function (this: WebSocket, ...args: unknown[]) {
    Reflect.apply(send, this, args)
    if (String(args[0]).includes('"settled"') && isDue('pushed', 'settled')) setImmediate(strike)
  } as typeof WebSocket.prototype.send
}

/** What the hub asks of the vault, and is told. */
function trapVault(): void {
  const { fetch } = globalThis
  globalThis.fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input)
    const what = /^http:\/\/127\.0\.0\.1:\d+\/v1\/([a-z]+)/u.exec(url)?.[1] ?? ''
    reach('asking', what)
    const answer = await fetch(input, init)
    reach('told', what)
    return answer
  }
}

/** The supervisor lets nobody turn fsync off; so its words are changed on their way to PostgreSQL. */
function startWithoutFsync(): void {
  const { spawn } = childProcess
  // Border: spawn has many forms, all of which are passed through but for this one word.
  childProcess.spawn = ((program: string, args: readonly string[], ...rest: unknown[]) =>
    Reflect.apply(spawn, childProcess, [
      program,
      args.map((word) => (word === 'fsync=on' ? 'fsync=off' : word)),
      ...rest,
    ])) as typeof spawn
  syncBuiltinESMExports()
}
