// Purchases that registers sign for phones without a network: the certificates that let a phone know the register, the reading of a
// purchase that a phone hands in by itself, and the register's word on when it took one (core/purchase.ts, docs/ways/handed-back.md).
import { sign } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { fromBase64url } from '#core/bytes.ts'
import { isCoolingOff } from '#core/calendar.ts'
import { bucketOfId, isId, type DealId, type SchemeId, type TerminalId } from '#core/ids.ts'
import {
  CERTIFICATE_LIFE_MS,
  certificateText,
  PHONE_CLOCK_SLACK_MS,
  readPurchase,
  signedText,
  type Purchase as SignedPurchase,
} from '#core/purchase.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { PURCHASE_ROUTES, type TerminalCertificateView } from '#protocol/purchases.ts'
import { acceptedBytes } from '#protocol/signed-bytes.ts'
import type { PaymentView } from '#protocol/views.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Switch } from '#switch/switch.ts'
import type { Directory } from './auth/directory.ts'
import { inactiveCode } from './auth/enrolment.ts'
import { isSignedBy } from './auth/keys.ts'
import type { Purchase } from './border.ts'
import { deviceOf, terminalOf, type OnRoute } from './http-callers.ts'
import type { Purchases } from './http-commands.ts'
import type { SchemeKey } from './operator-log.ts'
import type { Sight } from './sight.ts'
import { maskedNumber } from './text-check.ts'

type Parts = Readonly<{
  directory: Pick<Directory, 'identityOf' | 'publicKeyOf'>
  scheme: Readonly<{ id: SchemeId; buckets: number }>
  key: SchemeKey
  hub: Pick<Switch, 'lookAt'>
  sight: Pick<Sight, 'payment'>
  /** the hub's clock, milliseconds since 1970 */
  now: () => number
}>

export function createPurchases({ directory, scheme, key, hub, sight, now }: Parts): Purchases & {
  serve(on: OnRoute): void
} {
  /** A purchase is its terminal's word: whose money, which bill, until when. Its names are the directory's to say. */
  async function read(text: string): Promise<Purchase | Problem> {
    const found = readPurchase(text)
    if (found === undefined || found.value.scheme !== scheme.id) return problemOf('purchase-invalid')
    const { value, signed, signature } = found
    const identity = isHere(value.biller.terminal) ? await directory.identityOf(value.biller.terminal) : undefined
    if (identity?.actor.kind !== 'terminal') return problemOf('purchase-invalid')
    const { actor, publicKey, status } = identity
    if (!isSignedBy(publicKey, signed, signature) || !isOf(value, actor)) return problemOf('purchase-invalid')
    if (status !== 'active') return problemOf(inactiveCode(actor))
    const [number] = value.bill.lines.flatMap((line) => maskedNumber(line.text) ?? [])
    if (number !== undefined) return problemOf('card-number-in-text', { field: 'purchase', number })
    const { deal, bill, issuedAt, expiresAt } = value
    const clock = now()
    if (issuedAt > clock + PHONE_CLOCK_SLACK_MS) return problemOf('purchase-invalid')
    // What was handed in before keeps its answer, however late it is asked for again: the rules know it by its deal.
    if (expiresAt <= clock && (await hub.lookAt({ terminal: actor.id, deal })) === undefined)
      return problemOf('purchase-expired')
    return { terminal: actor, deal, bill }
  }

  async function certificateOf(actor: TerminalActor): Promise<TerminalCertificateView | Problem> {
    const publicKey = await directory.publicKeyOf(actor.id)
    if (publicKey === undefined) return problemOf(inactiveCode(actor))
    const { id: terminal, key: ownKey, party, account, name, legalName, label } = actor
    const from = now()
    const until = from + CERTIFICATE_LIFE_MS
    const names = { name, legalName, label }
    const text = certificateText({
      scheme: scheme.id,
      terminal,
      key: ownKey,
      publicKey,
      party,
      account,
      ...names,
      // A register whose clock is a little behind makes purchases that are older than its certificate.
      from: from - PHONE_CLOCK_SLACK_MS,
      until,
    })
    const signature = sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    return { certificate: signedText(text, signature), from, until }
  }

  /** The payment that this person's purchase has become; the same no for other people's and for none. */
  async function outcomeOf(actor: DeviceActor, terminal: TerminalId, deal: DealId): Promise<PaymentView | Problem> {
    const found = isHere(terminal) ? await hub.lookAt({ terminal, deal }) : undefined
    const view = found?.payment && (await sight.payment(actor, found.payment.id))
    return view ?? problemOf('not-found')
  }

  const isHere = (terminal: TerminalId): boolean => bucketOfId(terminal) < scheme.buckets

  return {
    read,
    async accepted(terminal, { at, signature, deal, approval }) {
      const publicKey = await directory.publicKeyOf(terminal.id)
      const bytes = fromBase64url(signature)
      if (publicKey === undefined || bytes === undefined || !Number.isSafeInteger(at) || at < 0) return undefined
      const signed = acceptedBytes({ scheme: scheme.id, deal, approval, at })
      return isSignedBy(publicKey, signed, bytes) ? { at, signature } : undefined
    },
    serve(on) {
      on(PURCHASE_ROUTES.terminalCertificate, (request: FastifyRequest) => certificateOf(terminalOf(request)))
      on(PURCHASE_ROUTES.purchaseOutcome, async (request) => {
        // Border: the path has both parts; that they are ids is looked at here.
        const { terminal, deal } = request.params as { terminal: string; deal: string }
        if (!isId('trm', terminal) || !isId('deal', deal)) return problemOf('not-found')
        return outcomeOf(deviceOf(request), terminal, deal)
      })
    },
  }
}

/** Does the purchase ask for the terminal's own merchant, with periods that there are? */
const isOf = ({ biller, bill }: SignedPurchase, { party, account }: TerminalActor): boolean =>
  biller.party === party &&
  biller.account === account &&
  bill.lines.every(({ conditions: { coolingOff } }) => coolingOff === null || isCoolingOff(coolingOff))
