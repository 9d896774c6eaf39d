// Rows that belong to a piece of the reading, found by key in one statement.
import type pg from 'pg'
import {
  bucketOfId,
  type DealId,
  type DeviceId,
  type KeyId,
  type PartyId,
  type PaymentId,
  type TerminalId,
} from '#core/ids.ts'
import type { Offer } from '#core/offer.ts'
import type { Payment } from '#core/payment.ts'
import { offerFromJson, paymentFromJson } from '#switch/snapshot.ts'
import { idOf, uuidOf } from '../postgres/rows.ts'
import type { DeviceKey } from './approvals.ts'
import { bytesOf } from './cursor.ts'

export async function paymentsOf(client: pg.ClientBase, ids: readonly PaymentId[]): Promise<Map<PaymentId, Payment>> {
  const { rows } = await client.query<{ id: string; snapshot: unknown }>(
    'select p.id, p.snapshot from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join payment p using (bucket, id)',
    [ids.map(bucketOfId), ids.map(uuidOf)],
  )
  return new Map(
    rows.flatMap(({ id, snapshot }) => {
      const payment = readable(() => paymentFromJson(snapshot))
      return payment === undefined ? [] : [[idOf<PaymentId>('pay', id), payment] as const]
    }),
  )
}

/** A snapshot that no longer has its shape counts as not there: its events then belong to nobody, and the audit says so. */
function readable<Made>(make: () => Made): Made | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

export const offerKey = (terminal: TerminalId, deal: DealId): string => `${terminal} ${deal}`

/** By offerKey. */
export async function offersOf(
  client: pg.ClientBase,
  keys: readonly Readonly<{ terminal: TerminalId; deal: DealId }>[],
): Promise<Map<string, Offer>> {
  const { rows } = await client.query<{ snapshot: unknown }>(
    'select o.snapshot from unnest($1::smallint[], $2::uuid[], $3::uuid[]) n(bucket, terminal, deal) join offer o using (bucket, terminal, deal)',
    [
      keys.map(({ terminal }) => bucketOfId(terminal)),
      keys.map(({ terminal }) => uuidOf(terminal)),
      keys.map(({ deal }) => uuidOf(deal)),
    ],
  )
  const offers = rows.flatMap(({ snapshot }) => readable(() => offerFromJson(snapshot)) ?? [])
  return new Map(offers.map((offer) => [offerKey(offer.terminal, offer.deal), offer]))
}

/** Public keys of terminals that were enrolled. */
export async function terminalKeysOf(
  client: pg.ClientBase,
  terminals: readonly TerminalId[],
): Promise<Map<TerminalId, Uint8Array>> {
  if (terminals.length === 0) return new Map()
  const { rows } = await client.query<{ id: string; public_key: unknown }>(
    `select c.id, c.public_key from unnest($1::smallint[], $2::uuid[]) n(bucket, id)
     join credential c on c.bucket = n.bucket and c.id = n.id and c.kind = 'terminal'`,
    [terminals.map(bucketOfId), terminals.map(uuidOf)],
  )
  return new Map(rows.map(({ id, public_key }) => [idOf<TerminalId>('trm', id), bytesOf(public_key)]))
}

/** Public keys of devices by key id; a party's devices lie in its bucket. */
export async function devicesKeysOf(
  client: pg.ClientBase,
  parties: readonly PartyId[],
): Promise<Map<KeyId, DeviceKey>> {
  const { rows } = await client.query<{ id: string; key: string; public_key: unknown }>(
    `select c.id, c.key, c.public_key from unnest($1::smallint[], $2::uuid[]) n(bucket, party)
     join credential c on c.bucket = n.bucket and c.party = n.party and c.kind = 'device'`,
    [parties.map(bucketOfId), parties.map(uuidOf)],
  )
  return new Map(
    rows.map(({ id, key, public_key }) => [
      idOf<KeyId>('key', key),
      { device: idOf<DeviceId>('dev', id), publicKey: bytesOf(public_key) },
    ]),
  )
}
