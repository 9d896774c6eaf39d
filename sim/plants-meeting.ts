// Planted bugs of signs, links and messages to shops, of receipts, of phones that were taken away, and of what a proof is good for.
import type { Device, Strength } from '#core/device.ts'
import type { Payment } from '#core/payment.ts'
import { billAt } from '#core/point.ts'
import type { Rows, Store, Writes } from '#switch/store.ts'
import { masking, type Around } from './planting.ts'
import type { Sign } from './places.ts'

/** The wrong sign's terminal is looked up. */
export const anotherSign = (named: Sign, signs: readonly Sign[]): Sign =>
  signs.find(({ point }) => point.id !== named.point.id) ?? named

/** What the phone says is what is asked for. */
export const anyAmount = ({ point }: Sign, amount: string | null): ReturnType<typeof billAt> =>
  amount === null
    ? billAt(point, null)
    : billAt({ ...point, price: { mode: 'amount', minimum: 1n, maximum: 100_000n } }, BigInt(amount))

/** The newest refund stands on the receipt twice. */
export function refundTwice(payment: Payment): Payment {
  const last = payment.refunds.at(-1)
  return last === undefined ? payment : { ...payment, refunds: [...payment.refunds, last] }
}

/** Whoever reads a code is not told what has become of its phone. */
export const phonesUnseen = ({ memory }: Around): Store => ({
  ...memory,
  async readDevice(bucket, id) {
    const device = await memory.readDevice(bucket, id)
    return device && { ...device, status: 'active' }
  },
})

/** Phones look otherwise than they are, where somebody says something with them; what is written is as it was. */
const seeming = (change: (device: Device) => Device, fields: readonly (keyof Device)[]) =>
  masking({
    when: (needs) => needs.some(({ devices }) => devices.length > 0),
    rows: (rows) => ({ ...rows, devices: rows.devices.map(change) }),
    back: (writes, rows) => ({
      ...writes,
      devices: writes.devices.map((row) => ({ ...row, device: asItWas(row.device, rows, fields) })),
    }),
  })

function asItWas(device: Device, rows: Rows, fields: readonly (keyof Device)[]): Writes['devices'][number]['device'] {
  const before = rows.devices.find(({ id }) => id === device.id)
  const kept = before === undefined ? [] : fields.map((field) => [field, before[field]] as const)
  // Border: each field gets its own value back.
  return { ...device, ...(Object.fromEntries(kept) as Partial<Device>) }
}

export const revokedPays = seeming((device) => ({ ...device, status: 'active' }), ['status'])
export const keyIgnored = seeming((device) => ({ ...device, approvesWith: 'any' }), ['approvesWith'])

const BEST: Strength = 'security-key'
/** An unlock is taken for one by the best of proofs. */
export const strongUnlock = masking({
  when: (needs) => needs.some(({ devices }) => devices.length > 0),
  rows: (rows) => ({ ...rows, devices: rows.devices.map((device) => ({ ...device, provedWith: BEST })) }),
  back: (writes, rows) => ({
    ...writes,
    devices: writes.devices.map((row) => {
      const before = rows.devices.find(({ id }) => id === row.device.id)
      const isNew = before === undefined || before.provedAt !== row.device.provedAt
      return isNew ? row : { ...row, device: { ...row.device, provedWith: before.provedWith } }
    }),
  }),
})
