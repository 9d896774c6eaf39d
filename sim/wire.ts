// The wire between a client and the hubs: requests and answers are lost, late, doubled and overtake each other; so do messages of
// a watch. An SDK transport like the HTTP one, for one life of a client.
import type { WatchMessage } from '#protocol/watch.ts'
import type { Call, Reply, Transport } from '#sdk/transport.ts'
import type { Enrolled } from './directory.ts'
import type { Hub, Watcher } from './hub.ts'
import type { Chance } from './random.ts'
import { toyMac } from './toy-keys.ts'
import { never, type World } from './world.ts'

/** A request as it travels: who says that he sent it, and the MAC of his session. */
export type Sealed = Readonly<{ from: string; call: Call; mac: string }>

/** What a request's MAC covers. */
export const requestText = ({ method, path, query, body }: Call): string =>
  `${method} ${path} ${JSON.stringify(query ?? null)} ${JSON.stringify(body ?? null)}`

export const seal = ({ actor, key }: Enrolled, call: Call): Sealed => ({
  from: actor.id,
  call,
  mac: toyMac(key, requestText(call)),
})

export type Wire = Transport &
  Readonly<{
    /** Sends what was sealed before, by whomever. */
    say(sealed: Sealed, signal?: AbortSignal): Promise<Reply | 'no-answer'>
  }>

/** After this a client takes the answer for lost. */
const PATIENCE_MS = 6_000
const OVERHEARD = 60

export function lossyWire(options: {
  world: World
  hubs: readonly Hub[]
  who: Enrolled
  chance: Chance
  isAlive: () => boolean
}): Wire {
  const { world, hubs, who, chance, isAlive } = options
  const { clock, history } = world
  const sentIds = new Set<string>()

  const travel = (): number =>
    chance.happens(world.faults.late) ? chance.between(500, 20_000) : 5 + chance.between(0, 40)

  /** The answer of one copy of the request, or nothing for ever. */
  async function arrive(sealed: Sealed): Promise<Reply> {
    await clock.sleep(travel())
    const reply = await chance.pick(hubs).answer(sealed)
    await clock.sleep(travel())
    return reply
  }

  function noteRepeat(call: Call): void {
    const id: unknown = call.body && Reflect.get(call.body, 'command')
    if (typeof id !== 'string') return
    if (sentIds.has(id)) history.count('commands repeated')
    sentIds.add(id)
  }

  function call(asked: Call, signal?: AbortSignal): Promise<Reply | 'no-answer'> {
    if (!isAlive()) return never()
    const sent = world.plant.sent?.(asked, sentIds, chance) ?? asked
    noteRepeat(sent)
    const sealed = seal(who, sent)
    if (sent.body !== undefined) {
      world.overheard.push(sealed)
      if (world.overheard.length > OVERHEARD) world.overheard.shift()
    }
    return say(sealed, signal)
  }

  function say(sealed: Sealed, signal?: AbortSignal): Promise<Reply | 'no-answer'> {
    if (!isAlive()) return never()
    return new Promise((resolve) => {
      const give = (reply: Reply | 'no-answer'): void => {
        if (isAlive()) resolve(reply)
      }
      signal?.addEventListener('abort', () => give('no-answer'), { once: true })
      if (signal?.aborted === true) return give('no-answer')
      clock.after(PATIENCE_MS, () => give('no-answer'))
      const isAnswerLost = chance.happens(world.faults.answerLost)
      const deliver = (): void => {
        arrive(sealed).then(
          (reply) => (isAnswerLost ? history.count('answers lost') : give(reply)),
          (error: unknown) => world.checks.fail(`the wire broke: ${String(error)}`),
        )
      }
      if (chance.happens(world.faults.requestLost)) history.count('requests lost')
      else deliver()
      if (chance.happens(world.faults.requestTwice)) {
        history.count('requests twice')
        const later = chance.happens(0.2) ? chance.between(1_000, 120_000) : chance.between(0, 30)
        clock.after(later, () => void arrive(sealed).then(give))
      }
      return undefined
    })
  }

  return {
    call,
    say,
    connect(events) {
      let isOpen = true
      let watcher: Watcher | undefined
      const end = (): void => {
        if (!isOpen) return
        isOpen = false
        watcher?.close()
        if (isAlive()) events.closed()
      }
      const pass = (message: WatchMessage): void => {
        if (!isAlive()) return watcher?.close()
        if (chance.happens(world.faults.messageLost)) return history.count('messages lost')
        const copies = chance.happens(world.faults.messageTwice) ? 2 : 1
        for (let copy = 0; copy < copies; copy++)
          clock.after(travel(), () => {
            if (isOpen && isAlive()) events.message(message)
          })
      }
      clock.after(travel(), () => {
        if (!isOpen || !isAlive()) return
        const hub = chance.pick(hubs)
        if (hub.isUp()) watcher = hub.watch(who, pass, () => clock.after(travel(), end))
        else end()
      })
      return {
        send: (request) =>
          clock.after(50 + travel(), () => {
            if (isOpen && isAlive()) watcher?.hear(request)
          }),
        close: end,
      }
    },
  }
}
