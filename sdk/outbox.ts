// Commands on their way: stored before they are sent, repeated with the same id until there is an answer, then forgotten.
// So a lost answer, a reload or a crash never makes a command twice, and never loses one.
import { idFrom } from '#core/ids.ts'
import type { CommandBody, CommandName } from '#protocol/commands.ts'
import type { AnswerView } from '#protocol/views.ts'
import { isRecord, NO_ANSWER, readProblem, type SendOutcome } from './outcome.ts'
import type { Storage } from './storage.ts'
import type { Delay, Random, Reply, Transport, Wake } from './transport.ts'

/** A command as an app says it; its id is made here. */
export type BodyOf<Name extends CommandName> = Omit<CommandBody<Name>, 'command'>

/** What became of a command that an earlier life of this program had left. */
export type Resumed = Readonly<{ name: CommandName; body: object; outcome: SendOutcome }>

export type Outbox = Readonly<{
  send(name: CommandName, body: object, signal?: AbortSignal): Promise<SendOutcome>
  resume(signal?: AbortSignal): Promise<readonly Resumed[]>
}>

type StoredCommand = Readonly<{ id: string; name: CommandName; body: object; at: number }>

const PREFIX = 'command '
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 8_000
/** Nos of the door that say nothing about the command: it stays stored, and `resume` sends it again. */
const UNDECIDED: ReadonlySet<string> = new Set([
  'session-needed',
  'session-ended',
  'signature-needed',
  'signature-wrong',
])

export function outbox(
  options: Readonly<{
    storage: Storage
    transport: Transport
    now(): number
    random: Random
    delay: Delay
    wake: Wake
    /** every answer, as early as it is known */
    answered(view: AnswerView): void
  }>,
): Outbox {
  const { storage, transport, random } = options
  const underway = new Set<string>()

  const deliver = async (command: StoredCommand, signal?: AbortSignal): Promise<SendOutcome> => {
    underway.add(command.id)
    try {
      for (let attempt = 0; !hasEnded(signal); attempt++) {
        const reply = await transport.call(
          {
            method: 'POST',
            path: `/v1/commands/${command.name}`,
            access: 'signed',
            body: { command: command.id, ...command.body },
          },
          signal,
        )
        const outcome = readAnswer(reply)
        if (outcome !== undefined) {
          if (outcome.ok || !UNDECIDED.has(outcome.problem.code)) await storage.delete(PREFIX + command.id)
          if (outcome.view) options.answered(outcome.view)
          return outcome
        }
        const asked = reply === 'no-answer' ? 0 : (reply.retryAfterMs ?? 0)
        await pause(Math.max(asked, backOffMs(attempt, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, random)), options, signal)
      }
      return NO_ANSWER
    } finally {
      underway.delete(command.id)
    }
  }

  return {
    async send(name, body, signal) {
      const command: StoredCommand = { id: idFrom('cmd', random(16)), name, body, at: options.now() }
      underway.add(command.id)
      await storage.set(PREFIX + command.id, command)
      return deliver(command, signal)
    },
    async resume(signal) {
      const stored = (await storage.list(PREFIX)).map(({ value }) => value).filter(isStoredCommand)
      const resumed: Resumed[] = []
      for (const command of stored.sort((left, right) => left.at - right.at)) {
        if (underway.has(command.id)) continue
        resumed.push({ name: command.name, body: command.body, outcome: await deliver(command, signal) })
      }
      return resumed
    },
  }
}

/** Forgets all commands without an answer: they were another identity's. */
export async function forgetCommands(storage: Storage): Promise<void> {
  for (const { key } of await storage.list(PREFIX)) await storage.delete(key)
}

/** The answer in a reply; undefined where it is not known whether and how the hub has decided. */
function readAnswer(reply: Reply | 'no-answer'): SendOutcome | undefined {
  if (!isAnswer(reply)) return undefined
  const { status, body } = reply
  if (status === 200) return isAnswerView(body) ? { ok: true, view: body } : undefined
  const problem = readProblem(body)
  if (problem === undefined) return undefined
  return { ok: false, problem, view: isRecord(body) && isAnswerView(body.view) ? body.view : null }
}

/** Did the hub itself answer? A 5xx, a timeout and silence all mean: ask again with the same id. */
export const isAnswer = (reply: Reply | 'no-answer'): reply is Reply =>
  reply !== 'no-answer' && reply.status < 500 && reply.status !== 408

/** A wait that doubles with each try up to its longest; half of it is chance, so that many clients do not come at once. */
export function backOffMs(attempt: number, firstMs: number, longestMs: number, random: Random): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 20))
  return Math.round((whole * (1 + (random(1)[0] ?? 0) / 255)) / 2)
}

/** Waits, but no longer than until the network or the page is back, or the signal; true when it was cut short. */
export async function pause(
  ms: number,
  options: Readonly<{ delay: Delay; wake: Wake }>,
  signal?: AbortSignal,
): Promise<boolean> {
  const over = new AbortController()
  const end = (): void => over.abort()
  const forget = options.wake(end)
  signal?.addEventListener('abort', end, { once: true })
  if (signal?.aborted === true) end()
  try {
    await options.delay(ms, over.signal)
    return false
  } catch (error) {
    if (!over.signal.aborted) throw error
    return true
  } finally {
    forget()
    signal?.removeEventListener('abort', end)
  }
}

const hasEnded = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

const isAnswerView = (body: unknown): body is AnswerView => isRecord(body) && 'deal' in body && 'payment' in body

/** We alone write under this prefix: what is there and has its parts is ours. */
const isStoredCommand = (stored: unknown): stored is StoredCommand =>
  isRecord(stored) && typeof stored.id === 'string' && typeof stored.name === 'string' && isRecord(stored.body)
