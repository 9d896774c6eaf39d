// The PostgreSQL store with traps between its steps, and the two sabotages that are made here: an answer before the commit, and a
// command's row in a transaction of its own. Takes the place of server/postgres/store.ts in a tortured hub (preload.ts).
import { postgresStore as realStore } from '../server/postgres/store.ts'
import type { Store, Writes } from '#switch/store.ts'
import { effectsOf, reach } from './failpoints.ts'
import { decided } from './underway.ts'

export * from '../server/postgres/store.ts'

type Transact = Store['transact']

export function postgresStore(...args: Parameters<typeof realStore>): Store {
  const store = realStore(...args)
  return { ...store, transact: sabotaged(trapped(store.transact)) }
}

function trapped(transact: Transact): Transact {
  return async (needs, decide) => {
    reach('begin', 'any')
    let effects: ReadonlySet<string> = new Set()
    await transact(needs, (rows) => {
      const writes = decide(rows)
      if (writes === null) return null
      effects = effectsOf(writes)
      decided(effects)
      reach('locked', effects)
      return writes
    })
    reach('committed', effects)
  }
}

function sabotaged(transact: Transact): Transact {
  switch (process.env['SABOTAGE'] ?? '') {
    case 'early-answer':
      return (needs, decide) =>
        new Promise((resolve, reject) => {
          transact(needs, (rows) => {
            const writes = decide(rows)
            resolve()
            return writes
          }).catch(reject)
        })
    case 'split-command':
      return async (needs, decide) => {
        const late: Writes[] = []
        await transact(needs, (rows) => {
          const writes = decide(rows)
          if (writes !== null && writes.commands.length > 0) late.push(onlyCommands(writes))
          return writes && { ...writes, commands: [] }
        })
        for (const writes of late) await transact(needs, () => writes)
      }
    default:
      return transact
  }
}

/** Writes of nothing but command rows. */
function onlyCommands(writes: Writes): Writes {
  // Border: every part of Writes is a list.
  const empty = Object.fromEntries(Object.keys(writes).map((part) => [part, []])) as unknown as Writes
  return { ...empty, commands: writes.commands }
}
