// A till: enrols with its one-time code, asks for 980 yen, shows the number, and waits until the money is there.
import { idFrom } from '#core/ids.ts'
import type { DealView } from '#protocol/views.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { systemRandom } from '#sdk/transport.ts'
import type { Surroundings } from './surroundings.ts'

const BILL = {
  unit: 'JPY',
  total: '980',
  lines: [
    {
      text: 'Coffee',
      quantity: 2,
      amount: '980',
      taxRate: 1000,
      tax: '89',
      code: null,
      conditions: { delivery: false, coolingOff: null },
      restriction: null,
    },
  ],
}

/** Resolves with the deal's last state: settled, ended, expired or withdrawn. */
export async function main(
  hub: string,
  code: string,
  show: (number: string, link: string) => void = console.log,
  surroundings: Surroundings = {},
): Promise<DealView['state']> {
  const storage = memoryStorage()
  const enrolled = await enrol({ hub, storage, code, label: 'Till 1', ...surroundings })
  if (!enrolled.ok) throw new Error(enrolled.problem.title)

  const client = openClient({ hub, storage, ...surroundings })
  const deal = idFrom('deal', systemRandom(16))
  const opened = await client.send('open-offer', { deal, bill: BILL })
  if (!opened.ok) throw new Error(opened.problem.title)
  const ticket = opened.view.deal?.ticket
  if (ticket?.number) show(ticket.number, ticket.link)

  const last = await new Promise<DealView['state']>((resolve) => {
    client.watch({ topic: 'deal', deal }, ({ state }) => {
      if (['settled', 'ended', 'expired', 'withdrawn'].includes(state)) resolve(state)
    })
  })
  client.close()
  return last
}
