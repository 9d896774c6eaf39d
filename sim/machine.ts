// A machine of the town – a register or a phone – with its storage, which outlives it: it runs its part with a real SDK client, may
// lose power at any moment, and then begins again with what the storage has kept.
import { clientOver, type Client } from '#sdk/client.ts'
import type { Identity } from '#sdk/identity.ts'
import { memoryStorage, type Storage } from '#sdk/storage.ts'
import { schemeView, selfView, type Enrolled } from './directory.ts'
import type { Hub } from './hub.ts'
import type { Chance } from './random.ts'
import { toySign } from './toy-keys.ts'
import { lossyWire, type Wire } from './wire.ts'
import { never, type World } from './world.ts'

/** One life of a machine, from power to power. */
export type Live = Readonly<{
  who: Enrolled
  client: Client
  storage: Storage
  /** for who speaks past the SDK */
  transport: Wire
  world: World
  chance: Chance
  isAlive(): boolean
  sleep(lowMs: number, highMs: number): Promise<void>
}>

export type Machine = Readonly<{
  who: Enrolled
  storage: Storage
  start(): void
  crash(): void
}>

const OFF_MS = [500, 15_000] as const

/** `play` is the machine's part: it begins anew with each life, and never ends by itself before the run does. */
export function openMachine(options: {
  world: World
  hubs: readonly Hub[]
  who: Enrolled
  chance: Chance
  play: (live: Live) => Promise<void>
}): Machine {
  const { world, hubs, who, chance, play } = options
  const { clock, history, checks } = world
  const storage = memoryStorage()
  const identity: Identity = {
    self: selfView(who),
    scheme: schemeView(world.scheme, clock.now()),
    sign: async (bytes) => toySign(who.key, bytes),
  }
  let life = 0

  function start(): void {
    const mine = ++life
    const isAlive = (): boolean => mine === life
    const transport = lossyWire({ world, hubs, who, chance: chance.fork(`wire ${mine}`), isAlive })
    const over = clientOver({
      storage,
      transport: {
        connect: transport.connect,
        async call(call, signal) {
          const reply = await transport.call(call, signal)
          const name = call.path.slice(call.path.lastIndexOf('/') + 1)
          if (reply !== 'no-answer' && call.body) checks.answered(who, name, call.body, reply)
          return reply
        },
      },
      identity: async () => identity,
      now: clock.now,
      random: chance.bytes,
      delay: async (ms, signal) => {
        await clock.delay(ms, signal)
        if (!isAlive()) await never()
      },
      wake: () => () => {},
    })
    const client: Client = {
      ...over,
      async send(name, body, signal) {
        const outcome = await over.send(name, body, signal)
        checks.told(who, name, body, outcome)
        return outcome
      },
      async resume(signal) {
        const resumed = await over.resume(signal)
        for (const { name, body, outcome } of resumed) {
          history.count('commands resumed')
          checks.told(who, name, body, outcome)
        }
        return resumed
      },
    }
    const sleep = async (lowMs: number, highMs: number): Promise<void> => {
      await clock.sleep(chance.between(lowMs, highMs))
      if (!isAlive()) await never()
    }
    play({ who, client, storage, transport, world, chance, isAlive, sleep }).catch((error: unknown) =>
      checks.fail(`${who.actor.name} broke down: ${error instanceof Error ? (error.stack ?? '') : String(error)}`),
    )
  }

  function crash(): void {
    life++
    world.screens.delete(who.actor.id)
    world.receivers.delete(who.actor.id)
    history.tell(`${who.actor.name} ${who.actor.id.slice(4, 12)} loses power`)
    history.count('client crashes')
    clock.after(chance.between(...OFF_MS), start)
  }

  return { who, storage, start, crash }
}
