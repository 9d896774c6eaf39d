// A phone: enrols with its one-time code, sends the number from the till, reads the bill and approves it with a PIN.
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { setPin, withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { Surroundings } from './surroundings.ts'

/** Resolves with the payment as the hub answered the approval. */
export async function main(
  hub: string,
  code: string,
  number: string,
  pin: string,
  surroundings: Surroundings = {},
): Promise<PaymentView | null> {
  const storage = memoryStorage()
  const enrolled = await enrol({ hub, storage, code, label: 'My phone', ...surroundings })
  if (!enrolled.ok) throw new Error(enrolled.problem.title)

  const client = openClient({ hub, storage, ...surroundings })
  const { self } = enrolled.view
  if (self.kind === 'device' && self.secret === null) await setPin(client, pin)

  const joined = await client.send('join', { credential: { kind: 'number', number } })
  if (!joined.ok || joined.view.payment === null) throw new Error(joined.ok ? 'no payment' : joined.problem.title)
  const { payment } = joined.view.payment
  const billed = await new Promise<PaymentView>((resolve) => {
    const end = client.watch({ topic: 'payment', payment }, (view) => {
      if (view.bill === null) return
      resolve(view)
      queueMicrotask(() => end())
    })
  })
  const approved = await approve(client, billed, withPin(pin))
  client.close()
  if (!approved.ok) throw new Error(`${approved.problem.title} ${approved.problem.next}`)
  return approved.view.payment
}
