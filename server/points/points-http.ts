// The routes of unattended points: open to whoever stands before the sign, the office's for its own, and the deal a phone opens there.
import { randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { fromBase64url } from '#core/bytes.ts'
import { writeOurCode } from '#core/emv-ours.ts'
import { bucketOfId, idInBucket, parseId, type PartyId, type PointId } from '#core/ids.ts'
import { parseAmount, unitOf, type Unit } from '#core/money.ts'
import { priceOf, type Point } from '#core/point.ts'
import {
  POINT_ROUTES,
  type OfficePointView,
  type PointBody,
  type PointDealView,
  type PointView,
} from '#protocol/points.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { addressBlock } from '../addresses.ts'
import { deviceOf, terminalOf, type OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import { onceAtATime } from '../once.ts'
import { portraitPainter } from '../people/portrait.ts'
import type { PointRow, Points } from '../postgres/points.ts'
import type { Sight } from '../sight.ts'
import { openAtPoint } from './opening.ts'

type Parts = Readonly<{
  points: Points
  store: Store
  hub: Switch
  sight: Sight
  budgets: Budgets
  /** the origin that stands in the codes */
  origin: () => string
  zone: () => string
}>

/** Registers the routes. */
export function servePoints(on: OnRoute, parts: Parts): void {
  const { points, store, budgets } = parts
  const painter = portraitPainter()
  const once = onceAtATime<PointDealView | Problem>()

  on(POINT_ROUTES.point, async (request): Promise<PointView | Problem> => {
    const found = await seen(request)
    return isProblem(found) ? found : publicView(found)
  })

  on(POINT_ROUTES.pointPicture, async (request) => {
    const found = await seen(request)
    if (isProblem(found)) return found
    const jpeg = await points.picture(found.point.id)
    return jpeg === undefined ? problemOf('not-found') : { picture: Buffer.from(jpeg).toString('base64') }
  })

  on(POINT_ROUTES.openPointDeal, async (request) => {
    const phone = deviceOf(request)
    const body = bodyOf<'openPointDeal'>(request)
    const found = await activePoint(body.point)
    if (isProblem(found)) return found
    const amount = body.amount === null ? null : parseAmount(body.amount)
    const command = parseId('cmd', body.command)
    if (amount === undefined || command === undefined) return problemOf('amount-invalid', { field: 'amount' })
    // A session may outlive its phone by two seconds; what opens a deal may not.
    const device = await store.readDevice(bucketOfId(phone.id), phone.id)
    if (device?.status !== 'active') return problemOf('device-revoked')
    const opening = () => openAtPoint(parts, found, phone, { command, amount }, parts.origin())
    return once(`${phone.id} ${command} ${found.point.id} ${amount}`, opening)
  })

  on(POINT_ROUTES.points, async (request) => {
    const { party } = terminalOf(request)
    return { points: (await points.of(party)).map(officeView) }
  })

  on(POINT_ROUTES.setPoint, async (request): Promise<OfficePointView | Problem> => {
    const { party, account } = terminalOf(request)
    const point = pointFrom(bodyOf<'setPoint'>(request))
    if (isProblem(point)) return point
    // Money for an account that does not count in it could never be deposited.
    if ((await store.readMissing([{ key: account, unit: point.unit }])).length > 0) return problemOf('unit-mismatch')
    const fresh = idInBucket('trm', bucketOfId(party), randomBytes(14))
    if (await points.put(party, point, fresh)) return ownView(party, point.id)
    const known = await points.find(point.id)
    if (known === undefined) return problemOf('too-many-points')
    return problemOf(known.party === party ? 'point-ended' : 'not-found')
  })

  on(POINT_ROUTES.setPointPicture, async (request): Promise<OfficePointView | Problem> => {
    const { party } = terminalOf(request)
    const { point, picture } = bodyOf<'setPointPicture'>(request)
    const id = parseId('pnt', point)
    const known = id && (await points.find(id))
    if (id === undefined || known?.party !== party) return problemOf('not-found')
    if (known.status === 'ended') return problemOf('point-ended')
    if (!(await budgets.charge([`portraits:${party}`]))) return problemOf('too-many-tries')
    const sent = picture === null ? null : fromBase64url(picture)
    const made = sent === null ? null : sent === undefined ? 'invalid' : await painter.paint(sent)
    if (made === 'busy') return problemOf('busy')
    if (made === 'invalid') return problemOf('picture-invalid')
    return (await points.setPicture(party, id, made?.jpeg ?? null)) ? ownView(party, id) : problemOf('point-ended')
  })

  on(POINT_ROUTES.endPoint, async (request): Promise<OfficePointView | Problem> => {
    const { party } = terminalOf(request)
    const id = parseId('pnt', bodyOf<'endPoint'>(request).point)
    const ended = id !== undefined && (await points.end(party, id))
    return ended ? ownView(party, id) : problemOf('not-found')
  })

  /** For anybody: so many looks from one place. */
  async function seen(request: FastifyRequest): Promise<PointRow | Problem> {
    if (!(await budgets.charge([`points:${addressBlock(request.ip)}`]))) return problemOf('too-many-tries')
    const { point } = request.params as { point: string }
    return activePoint(point)
  }

  async function activePoint(text: string): Promise<PointRow | Problem> {
    const id = parseId('pnt', text)
    const found = id && (await points.find(id))
    if (found === undefined) return problemOf('not-found')
    return found.status === 'active' ? found : problemOf('point-ended')
  }

  async function ownView(party: PartyId, id: PointId): Promise<OfficePointView | Problem> {
    const found = await points.find(id)
    return found?.party === party ? officeView(found) : problemOf('not-found')
  }

  function officeView(row: PointRow): OfficePointView {
    const { point, account, shop, hasPicture, status, createdAt } = row
    const origin = parts.origin()
    const emv = writeOurCode({
      origin,
      account,
      names: { point: point.id },
      name: shop,
      terminalLabel: point.label,
      unit: point.unit,
      amount: point.price.mode === 'fixed' ? point.price.amount : null,
      zone: parts.zone(),
    })
    return {
      ...signOf(point),
      taxRate: point.taxRate,
      hasPicture,
      status,
      createdAt,
      link: `${origin}/t/${point.id}`,
      emv: emv ?? null,
    }
  }
}

const bodyOf = <Name extends keyof typeof POINT_ROUTES>(request: FastifyRequest): PointBody<Name> =>
  // Border: the schema of the route has checked the body.
  request.body as PointBody<Name>

const publicView = ({ point, shop, legalName, hasPicture }: PointRow): PointView => ({
  ...signOf(point),
  shop,
  legalName,
  hasPicture,
})

function signOf({ id, label, place, text, unit, price }: Point) {
  return {
    point: id,
    label,
    place,
    text,
    unit,
    mode: price.mode,
    amount: price.mode === 'fixed' ? String(price.amount) : null,
    minimum: price.mode === 'amount' ? String(price.minimum) : null,
    maximum: price.mode === 'amount' ? String(price.maximum) : null,
    paying: price.mode === 'order' ? price.paying : null,
  }
}

/** Problems: unit-invalid, field-invalid with the field that does not fit the others. */
function pointFrom(body: PointBody<'setPoint'>): Point | Problem {
  const id = parseId('pnt', body.point)
  const unit: Unit | undefined = unitOf(body.unit)
  if (id === undefined) return problemOf('field-invalid', { field: 'point' })
  if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
  const read = (text: string | null): bigint | null => (text === null ? null : (parseAmount(text) ?? null))
  const { mode, label, place, text, taxRate } = body
  const paying = body.paying ?? null
  const amounts = { amount: read(body.amount), minimum: read(body.minimum), maximum: read(body.maximum) }
  const price = priceOf({ mode, ...amounts, paying })
  if (price === undefined && (mode === 'order') !== (paying !== null))
    return problemOf('field-invalid', { field: 'paying' })
  if (price === undefined) return problemOf('amount-invalid', { field: mode === 'amount' ? 'minimum' : 'amount' })
  return { id, label, place, text, unit, taxRate, price }
}
