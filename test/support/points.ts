// Signs for stories: what an office sends to make one, and what a phone sends at it.
import { randomBytes } from 'node:crypto'
import jpeg from 'jpeg-js'
import type { Client } from '#sdk/client.ts'
import { ask, newCommand, speaker, type Reply, type Speaker } from './raw-client.ts'
import type { ValidRequest } from './identity-requests.ts'

export const newPoint = (): string => `pnt_${randomBytes(16).toString('hex')}`

/** A sign where the payer types from 100 to 5,000 yen. */
export const DONATION = {
  label: 'Donation box',
  place: 'Beside the shrine gate',
  text: 'Donation',
  unit: 'JPY',
  taxRate: null,
  mode: 'amount',
  amount: null,
  minimum: '100',
  maximum: '5000',
}

/** A sign with a price. */
export const COFFEE = {
  label: 'Coffee machine 2',
  place: 'Town hall, first floor',
  text: 'Coffee',
  unit: 'JPY',
  taxRate: 1_000,
  mode: 'fixed',
  amount: '150',
  minimum: null,
  maximum: null,
}

/** Makes a sign and says its id. */
export async function madePoint(office: Speaker, of: object = DONATION, point = newPoint()): Promise<string> {
  const reply = await office.signed({ path: '/v1/points', body: { point, ...of } })
  if (reply.status !== 200) throw new Error(reply.text)
  return point
}

export const openAt = (
  phone: Speaker,
  point: string,
  amount: string | null,
  command: string = newCommand(),
): Promise<Reply> => phone.signed({ path: '/v1/points/deals', body: { command, point, amount } })

/** A small grey picture. */
export const somePicture = (grey = 200): Buffer =>
  jpeg.encode({ width: 8, height: 8, data: Buffer.alloc(8 * 8 * 4, grey) }, 80).data

/** A right request for every route here that takes a body, by path. */
export async function pointRequests(office: Speaker, phone: Speaker): Promise<Readonly<Record<string, ValidRequest>>> {
  const [picture, ended, open] = [await madePoint(office), await madePoint(office), await madePoint(office)]
  return {
    '/v1/points': { by: office, body: { point: newPoint(), ...COFFEE } },
    '/v1/points/picture': { by: office, body: { point: picture, picture: somePicture().toString('base64url') } },
    '/v1/points/end': { by: office, body: { point: ended } },
    '/v1/points/deals': { by: phone, body: { command: newCommand(), point: open, amount: '300' } },
  }
}

/** A sign is made, looked at, paid at and taken down: every statement about signs is sent. */
export async function aDayAtSigns(hub: { url: string }, by: { office: Client; hanako: Client }): Promise<void> {
  const [office, hanako] = await Promise.all([speaker(hub, 'office', by.office), speaker(hub, 'hanako', by.hanako)])
  const point = await madePoint(office)
  await office.signed({ path: '/v1/points/picture', body: { point, picture: somePicture().toString('base64url') } })
  await ask(hub, { method: 'GET', path: `/v1/points/${point}/picture` })
  await openAt(hanako, point, '300')
  await office.signed({ path: '/v1/points/end', body: { point } })
  await office.reads('/v1/points')
}
