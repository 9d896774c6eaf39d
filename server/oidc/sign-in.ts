// Signing in with the number: the page that the provider sends a browser to, what it shows, and what follows from the person's answer. All of
// it belongs to the browser that holds the interaction's signed cookie; the question is opened when the page first asks.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Interaction, Provider } from 'oidc-provider'
import { isStale, type Offer } from '#core/offer.ts'
import { LIFETIME_MS } from '#core/numbers.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { SignInState, SignInView } from '#protocol/sign-in.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Switch } from '#switch/switch.ts'
import { addressBlock } from '../addresses.ts'
import { isProblem, sendProblem } from '../http-problems.ts'
import type { ClientRow, OidcStore } from '../postgres/oidc.ts'
import type { Sight } from '../sight.ts'
import { commandOn, dealOf, questionOf, titleOf } from './asking.ts'
import { acrOf, amrOf, answerIn, askedBy, grantedScope, pairwiseSubject, type Answered } from './claims.ts'
import { keepReleased } from './provider.ts'

export type SignInParts = Readonly<{
  store: OidcStore
  hub: Switch
  sight: Sight
  budgets: Budgets
  /** where people reach the hub */
  origin: () => string
  subjectKey: () => Promise<Uint8Array>
  provider: () => Promise<Provider>
  page: Readonly<{ body: Uint8Array; type: string }> | null
  now: () => number
}>

type Found = Readonly<{ offer: Offer; payment: Payment | null }>
type Under = Readonly<{ interaction: Interaction; site: ClientRow; provider: Provider }>

export function serveSignIn(app: FastifyInstance, parts: SignInParts): void {
  const { store, hub, sight, budgets, origin, page, now } = parts
  const at = '/oidc/interaction/:uid'

  if (page !== null)
    app.get(at, async (_request, reply) =>
      reply.header('cache-control', 'no-store').type(page.type).send(Buffer.from(page.body)),
    )
  app.get(`${at}/state`, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const under = await underway(request, reply)
    const view = isProblem(under) ? under : await viewOf(under, request)
    return isProblem(view) ? sendProblem(reply, view) : view
  })
  app.get(`${at}/finish`, async (request, reply) => goOn(request, reply, 'finish'))
  app.get(`${at}/cancel`, async (request, reply) => goOn(request, reply, 'cancel'))

  /** The sign-in of the browser that asks; another browser has no cookie for it. */
  async function underway(request: FastifyRequest, reply: FastifyReply): Promise<Under | Problem> {
    const provider = await parts.provider()
    const interaction = await provider.interactionDetails(request.raw, reply.raw).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'SessionNotFound') return undefined
      throw error
    })
    const { uid } = request.params as { uid: string }
    if (interaction?.uid !== uid) return problemOf('not-found')
    const site = await store.client(String(interaction.params.client_id))
    return site?.status === 'active' ? { interaction, site, provider } : problemOf('not-found')
  }

  const dealUnder = ({ interaction }: Under) => dealOf('sign-in', interaction.uid)

  const look = ({ site }: Under, deal: ReturnType<typeof dealOf>): Promise<Found | undefined> =>
    hub.lookAt({ terminal: site.terminal, deal })

  async function viewOf(under: Under, request: FastifyRequest): Promise<SignInView | Problem> {
    const { site, interaction } = under
    const deal = dealUnder(under)
    let found = await look(under, deal)
    if (found === undefined) {
      const fault = await ask(under, request)
      if (fault !== null) return fault
      found = await look(under, deal)
    } else if (found.payment === null && hasRunOut(found.offer)) {
      const step = `renew ${found.offer.version}`
      await hub.handle({ ...commandOn(site, deal, step), name: 'renew-number', deal })
      found = await look(under, deal)
    }
    if (found === undefined) return problemOf('unavailable')
    const { ticket, tally } = sight.dealView(found.offer, found.payment, origin())
    const state = stateFrom(found)
    return {
      state,
      site: titleOf(site),
      merchant: site.merchant,
      attributes: askedBy(scopeOf(interaction)),
      number: ticket?.number ?? null,
      link: ticket?.link ?? null,
      expiresAt: ticket?.expiresAt ?? null,
      lastsMs: LIFETIME_MS.counter,
      now: now(),
      payer: found.payment?.payer.name ?? null,
      tally,
    }
  }

  const hasRunOut = ({ state }: Offer): boolean =>
    state.kind === 'expired' || (state.kind === 'open' && isStale(state.ticket, now()))

  /** Opens the question. Whoever begins sign-ins by the hundred uses up numbers, and is stopped by where they come from. */
  async function ask(under: Under, request: FastifyRequest): Promise<Problem | null> {
    const { site, interaction } = under
    if (!(await budgets.charge([`sign-in:${addressBlock(request.ip)}`]))) return problemOf('too-many-tries')
    const deal = dealUnder(under)
    const language = isJapanese(interaction, request) ? 'ja' : 'en'
    const question = questionOf(site, { attributes: askedBy(scopeOf(interaction)), message: null, language })
    const { refusal } = await hub.handle({ ...commandOn(site, deal, 'ask'), name: 'ask', deal, question })
    // Asked by two of its tabs at once, the same question stands already.
    return refusal === null || refusal.code === 'deal-exists' ? null : problemOf('not-found')
  }

  /** Goes back to the site: with a code when the person has answered, with access_denied when not. */
  async function goOn(request: FastifyRequest, reply: FastifyReply, how: 'finish' | 'cancel'): Promise<FastifyReply> {
    reply.header('cache-control', 'no-store')
    const under = await underway(request, reply)
    if (isProblem(under)) return sendProblem(reply, under)
    const { interaction, provider, site } = under
    if (interaction.result !== undefined) return reply.redirect(interaction.returnTo, 303)
    const deal = dealUnder(under)
    let found = await look(under, deal)
    if (how === 'cancel' && found !== undefined && stateFrom(found) !== 'answered') {
      const payment = found.payment?.id ?? null
      const step = `cancel ${payment ?? ''}`
      await hub.handle({ ...commandOn(site, deal, step), name: 'cancel-deal', deal, payment })
      found = await look(under, deal)
    }
    const answer = found?.payment ? answerIn(found.payment) : null
    const isOver = how === 'cancel' || (found !== undefined && stateFrom(found) === 'declined')
    if (answer === null && !isOver) return reply.redirect(`/oidc/interaction/${interaction.uid}`, 303)
    const result =
      answer === null
        ? { error: 'access_denied', error_description: 'the person said no' }
        : await resultOf(under, answer)
    const to = await provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: false })
    return reply.redirect(to, 303)
  }

  /** A grant of exactly what was released, for this site and this answer. */
  async function resultOf({ interaction, provider, site }: Under, answer: Answered) {
    const accountId = pairwiseSubject(await parts.subjectKey(), site.id, answer.party)
    const { id_token_hint: hint } = interaction.params
    // The provider has checked whose token it is when the request came.
    if (typeof hint === 'string' && (await import('jose')).decodeJwt(hint).sub !== accountId)
      return { error: 'login_required', error_description: 'somebody else has signed in' }
    const grant = new provider.Grant({ clientId: site.id, accountId })
    grant.addOIDCScope(grantedScope(scopeOf(interaction), answer.released))
    const grantId = await grant.save()
    await keepReleased(store, grantId, answer)
    const { strength, at: provedAt } = answer
    const ts = Math.floor(provedAt / 1000)
    return {
      login: { accountId, acr: acrOf(strength), amr: amrOf(strength), ts, remember: false },
      consent: { grantId },
    }
  }
}

const scopeOf = ({ params }: Interaction): string => String(params.scope)

function stateFrom({ offer, payment }: Found): SignInState {
  if (payment === null) {
    if (offer.state.kind === 'withdrawn') return 'declined'
    return offer.state.kind === 'open' ? 'open' : 'waiting'
  }
  const state = stateOf(payment)
  if (state === 'proven') return 'answered'
  if (state !== 'ended') return 'joined'
  // A phone that was silent, or was let go, gives the offer a new number.
  const reason = payment.ended?.reason
  return reason === 'idle' || reason === 'released' ? 'waiting' : 'declined'
}

function isJapanese({ params }: Interaction, request: FastifyRequest): boolean {
  const wanted = typeof params.ui_locales === 'string' ? params.ui_locales : (request.headers['accept-language'] ?? '')
  return wanted.trim().toLowerCase().startsWith('ja')
}
