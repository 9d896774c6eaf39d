// The card machines beside terminals: where a shop's register sends one-time card numbers. The hub keeps where a machine is and what token
// it asks for, and never speaks to it.
import type { PartyId, TerminalId } from '#core/ids.ts'
import type { CardMachinesView, CardMachineView } from '#protocol/card-users.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { CardMachineRows } from '../postgres/card-users.ts'
import type { Seal } from '../shop/seal.ts'

export type Machine = NonNullable<CardMachineView['machine']>
export type Machines = ReturnType<typeof cardMachines>

export function cardMachines(rows: CardMachineRows, seal: Seal) {
  /** What a token belongs to: moved to another terminal's row it does not open. */
  const aboutOf = (terminal: TerminalId): string => `card machine ${terminal}`

  const of = async (party: PartyId): Promise<CardMachinesView> => ({ machines: await rows.of(party) })

  return {
    /** Is a card charged there with a one-time number? */
    has: async (terminal: TerminalId): Promise<boolean> => (await at(terminal)) !== null,
    at,
    of,

    /** Problems: not-found (no terminal of theirs). Null takes the machine away. */
    async set(party: PartyId, terminal: TerminalId, machine: Machine | null): Promise<CardMachinesView | Problem> {
      if (machine === null) {
        await rows.clear(party, terminal)
        return of(party)
      }
      const token = seal.seal(Buffer.from(machine.token), aboutOf(terminal))
      const isSet = await rows.set(party, terminal, { address: machine.address, token, sealedBy: seal.id })
      return isSet ? of(party) : problemOf('not-found')
    },
  }

  /** Null where there is none, and where its token was sealed by a key file that is gone: then the office sets it anew. */
  async function at(terminal: TerminalId): Promise<Machine | null> {
    const found = await rows.at(terminal)
    const token = found?.sealedBy === seal.id ? seal.open(found.token, aboutOf(terminal)) : undefined
    return found === undefined || token === undefined
      ? null
      : { address: found.address, token: Buffer.from(token).toString() }
  }
}
