// Receipts over HTTP: made anew of the books each time, signed, and given to whom they concern; the public page; mail; and paper.
import { sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { toBase64url } from '#core/bytes.ts'
import { bucketOfId, parseId, type PaymentId } from '#core/ids.ts'
import { isPaidIn, receiptOf, receiptText, type Receipt } from '#core/receipt.ts'
import { isInvoiceNumber, NO_DETAILS } from '#core/shop.ts'
import type { Payment } from '#core/payment.ts'
import type { SchemeId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { receiptToWire } from '#protocol/receipt.ts'
import {
  PAPERS,
  RECEIPT_ROUTES,
  type ReceiptBody,
  type ReceiptRouteName,
  type ReceiptRouteView,
  type ReceiptView,
} from '#protocol/receipts.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import { deviceOf, holderOf, terminalOf, type Holder, type OnRoute } from '../http-callers.ts'
import { isProblem, sendProblem } from '../http-problems.ts'
import type { MailOffice } from '../mail/mail.ts'
import type { SchemeKey } from '../operator-log.ts'
import type { Profiles } from '../postgres/profiles.ts'
import type { ReceiptRows } from '../postgres/receipts.ts'
import { languageOf } from './html.ts'
import { receiptMail } from './letter.ts'
import type { ReceiptLinks } from './links.ts'
import { noReceiptPage, receiptPage, STYLES } from './page.ts'
import { escPosOf } from './paper.ts'

export type ReceiptParts = Readonly<{
  store: Pick<Store, 'readPayment' | 'readOffer'>
  rows: ReceiptRows
  profiles: Pick<Profiles, 'profileOf'>
  budgets: Budgets
  links: ReceiptLinks
  mail: Pick<MailOffice, 'postReady'>
  key: Pick<SchemeKey, 'publicKey' | 'privateKey'>
  scheme: Readonly<{ id: SchemeId; name: string; buckets: number; rules: Readonly<{ zone: string }> }>
  /** the origin people reach the hub at, as far as it is known; else that of the request */
  publicUrl: string | null
  /** the hub's clock */
  now: () => number
}>

type Found = Readonly<{ receipt: Receipt; payment: Payment }>

export type Receipts = ReturnType<typeof createReceipts>

const CSS = readFileSync(new URL('page.css', import.meta.url))

export function createReceipts(parts: ReceiptParts) {
  const { store, rows, profiles, budgets, links, key, scheme, now } = parts
  const originOf = (request: FastifyRequest): string => parts.publicUrl ?? `${request.protocol}://${request.host}`
  const linkOf = (payment: PaymentId, request: FastifyRequest): string =>
    `${originOf(request)}/r/${links.tokenOf(payment)}`

  /** The receipt as the books stand; undefined where nothing was paid. */
  async function made(payment: Payment): Promise<Receipt | undefined> {
    if (!isPaidIn(payment)) return undefined
    const { terminal, deal, biller, approvedAt, acceptedAt } = payment
    const [shop, offer] = await Promise.all([
      rows.detailsOf(biller.party, acceptedAt ?? approvedAt),
      store.readOffer(bucketOfId(terminal), { terminal, deal }),
    ])
    return receiptOf({
      scheme: { id: scheme.id, name: scheme.name },
      payment,
      cashier: offer?.cashier?.name ?? null,
      shop,
      zone: scheme.rules.zone,
      issuedAt: now(),
    })
  }

  /** What this actor may see. Others' payments sound like none at all. Problems: not-found, no-receipt. */
  async function found(actor: Holder, asked: string): Promise<Found | Problem> {
    const id = parseId('pay', asked)
    if (id === undefined || bucketOfId(id) >= scheme.buckets) return problemOf('not-found')
    const payment = await store.readPayment(id)
    if (payment === undefined || !concerns(payment, actor)) return problemOf('not-found')
    const receipt = await made(payment)
    return receipt === undefined ? problemOf('no-receipt') : { receipt, payment }
  }

  const viewOf = ({ receipt, payment }: Found, request: FastifyRequest): ReceiptView => {
    const signed = receiptText(receipt)
    const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    return {
      receipt: receiptToWire(receipt),
      signed,
      signature: toBase64url(signature),
      key: toBase64url(key.publicKey),
      link: linkOf(payment.id, request),
    }
  }

  async function mailed(
    actor: DeviceActor,
    request: FastifyRequest,
  ): Promise<ReceiptRouteView<'mailReceipt'> | Problem> {
    const { postReady } = parts.mail
    const { payment, language } = bodyOf<'mailReceipt'>(request)
    const receipt = await found(actor, payment)
    if (isProblem(receipt)) return receipt
    if (postReady === null) return problemOf('mail-unavailable')
    const email = (await profiles.profileOf(actor.party))?.email ?? null
    if (email === null) return problemOf('email-missing')
    if (!(await budgets.charge([`receipts:${actor.party}`]))) return problemOf('too-many-tries')
    const mail = receiptMail(receipt.receipt, linkOf(receipt.payment.id, request), language)
    await postReady(email, mail, LIMITS.receiptMailMs)
    return { email }
  }

  async function printed(request: FastifyRequest): Promise<ReceiptRouteView<'printReceipt'> | Problem> {
    const { payment: wanted, print, form, paper, language, cut, drawer } = bodyOf<'printReceipt'>(request)
    const asked = await found(terminalOf(request), wanted)
    if (isProblem(asked)) return asked
    const { receipt, payment } = asked
    const isCopy = !(await rows.isFirstPrint(payment.id, print))
    const link = linkOf(payment.id, request)
    const roll = paper === 'A4' ? '' : `paper=${paper}&`
    const page = `/r/${links.tokenOf(payment.id)}?${roll}lang=${language}${isCopy ? '&copy=1' : ''}`
    if (form === 'page') return { isCopy, page, bytes: null }
    const bytes = await escPosOf(
      { receipt, link, isCopy, language },
      { paper: paper === 'A4' ? '80' : paper, cut, drawer },
    )
    return { isCopy, page, bytes: toBase64url(bytes) }
  }

  async function shopChanged(request: FastifyRequest): Promise<ReceiptRouteView<'setShop'> | Problem> {
    const { party, cashier } = terminalOf(request)
    const details = bodyOf<'setShop'>(request)
    const { invoiceNumber } = details
    if (invoiceNumber !== null && !isInvoiceNumber(invoiceNumber)) return problemOf('invoice-number-invalid')
    const keys = [`shop-details:${party}`] as const
    if (!(await budgets.charge(keys))) return problemOf('too-many-tries')
    const { isNew } = await rows.setDetails(party, cashier?.id ?? null, details)
    if (!isNew) await budgets.giveBack(keys)
    return details
  }

  return {
    serve(on: OnRoute): void {
      on(RECEIPT_ROUTES.shop, async (request) => (await rows.detailsOf(terminalOf(request).party)) ?? NO_DETAILS)
      on(RECEIPT_ROUTES.setShop, shopChanged)
      on(RECEIPT_ROUTES.receipt, async (request) => {
        // Border: the schema of the route has checked the number of parameters.
        const receipt = await found(holderOf(request), (request.params as { payment: string }).payment)
        return isProblem(receipt) ? receipt : viewOf(receipt, request)
      })
      on(RECEIPT_ROUTES.mailReceipt, (request) => mailed(deviceOf(request), request))
      on(RECEIPT_ROUTES.printReceipt, printed)
    },

    /** The page that anybody with the link may see, the same as a file, and its looks. */
    servePages(app: FastifyInstance): void {
      app.get(STYLES, async (_request, reply) =>
        reply.type('text/css; charset=utf-8').header('cache-control', 'no-cache').send(CSS),
      )
      app.get('/r/:token', async (request, reply) => {
        reply.header('cache-control', 'no-store').header('x-robots-tag', 'noindex, nofollow')
        const { token: asked } = request.params as { token: string }
        const isFile = asked.endsWith('.json')
        const id = links.paymentOf(isFile ? asked.slice(0, -'.json'.length) : asked)
        const payment = id === undefined ? undefined : await store.readPayment(id)
        const receipt = payment && (await made(payment))
        const { lang, paper, copy } = queryOf(request)
        const language = lang === 'en' || lang === 'ja' ? lang : languageOf(request.headers['accept-language'])
        if (payment === undefined || receipt === undefined) {
          if (isFile) return sendProblem(reply, problemOf('not-found'))
          return reply.code(404).type('text/html; charset=utf-8').send(noReceiptPage(language))
        }
        if (isFile) return viewOf({ receipt, payment }, request)
        reply.header('vary', 'accept-language').type('text/html; charset=utf-8')
        return reply.send(
          receiptPage(receipt, linkOf(payment.id, request), {
            language,
            paper: PAPERS.find((known) => known === paper) ?? null,
            isCopy: copy === '1',
          }),
        )
      })
    },
  }
}

/** Was it paid by this person, or to this party? */
const concerns = ({ payer, biller }: Payment, { kind, party }: Holder): boolean =>
  biller.party === party || (kind === 'device' && payer.party === party)

const bodyOf = <Name extends ReceiptRouteName>(request: FastifyRequest): ReceiptBody<Name> =>
  // Border: the schema of the route has checked the body.
  request.body as ReceiptBody<Name>

/** Whatever stands behind the question mark of a page: only words that are known count. */
const queryOf = ({ query }: FastifyRequest): Readonly<Record<string, unknown>> =>
  typeof query === 'object' && query !== null ? { ...query } : {}
