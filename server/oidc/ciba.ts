// The back channel (CIBA): a site asks somebody by account number or e-mail; the question goes straight to the person's phones, and the
// answer to the site. Whether there is such a person is not told: a question to nobody waits and runs out like one that nobody answers.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { AccountNumber } from '#core/accounts.ts'
import type { DealId, PartyId, PaymentId } from '#core/ids.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import type { Budgets } from '#switch/budgets.ts'
import { StoreUnavailable, type Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { BackchannelAuthenticationRequest, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { userCodeHash } from '../people/user-code.ts'
import type { ClientRow, OidcStore } from '../postgres/oidc.ts'
import { commandOn, dealOf, questionOf } from './asking.ts'
import {
  acrOf,
  amrOf,
  answerIn,
  askedBy,
  grantedScope,
  pairwiseSubject,
  parseLoginHint,
  type Answered,
} from './claims.ts'
import { CIBA_SECONDS, keepReleased, type Library } from './provider.ts'

/** What the provider asks of the back channel, while a site's request is under way. */
export type BackChannel = Readonly<{
  accountFor(ctx: KoaContextWithOIDC, hint: string): Promise<string>
  knows(ctx: KoaContextWithOIDC, accountId: string): boolean
  verifyUserCode(ctx: KoaContextWithOIDC, code: string | undefined): Promise<void>
  trigger(ctx: KoaContextWithOIDC, request: BackchannelAuthenticationRequest): Promise<void>
}>

/** Whom a request means; null is nobody. */
type Target = Readonly<{ accountId: string; person: Readonly<{ party: PartyId; account: AccountNumber }> | null }>

/** A question that is not over: all that another hub, or this one after a restart, needs to go on. */
type Ask = Readonly<{
  /** auth_req_id */
  request: string
  client: string
  accountId: string
  /** null is nobody: it only waits */
  account: AccountNumber | null
  scope: string
  message: string | null
  language: 'en' | 'ja'
  deal: DealId
  /** null until the person was asked */
  payment: PaymentId | null
  endsAt: number
  /** made when the answer was found; then only the site has still to hear of it */
  grant: string | null
  pings: number
}>

const ASK = 'Ask'
/** A site that does not answer a ping is tried again this often, and can ask by itself meanwhile. */
const PINGS = 3

export type BackChannelParts = Readonly<{
  store: OidcStore
  books: Store
  hub: Switch
  budgets: Budgets
  subjectKey: Uint8Array
  /** the hub's clock */
  now: () => number
}>

/** What the provider calls. */
export function backChannel({ errors }: Library, parts: BackChannelParts & { onAsk: () => void }): BackChannel {
  const { store, books, budgets, subjectKey, now } = parts
  const targets = new WeakMap<KoaContextWithOIDC, Target>()

  async function personAt(hint: string): Promise<Target['person']> {
    const wanted = parseLoginHint(hint)
    if (wanted === undefined) throw new errors.UnknownUserId('login_hint is an account number or an e-mail address')
    if (wanted.kind === 'email') {
      const party = await store.partyAt(wanted.address)
      const account = party && (await store.accountOf(party))
      return party === undefined || account === undefined ? null : { party, account }
    }
    const holder = await books.readHolder(wanted.account)
    return holder?.kind === 'person' ? { party: holder.party, account: wanted.account } : null
  }

  const targetOf = (ctx: KoaContextWithOIDC): Target => {
    const target = targets.get(ctx)
    if (target === undefined) throw new Error('the hint is read before')
    return target
  }

  return {
    async accountFor(ctx, hint) {
      const site = String(ctx.oidc.client?.clientId)
      const person = await personAt(hint)
      const accountId = person === null ? nobodyOf(site, hint) : pairwiseSubject(subjectKey, site, person.party)
      targets.set(ctx, { accountId, person })
      return accountId
    },
    knows: (ctx, accountId) => targets.get(ctx)?.accountId === accountId,

    /** A person who has set a code is asked by those alone whom they have told it. */
    async verifyUserCode(ctx, code) {
      const { person } = targetOf(ctx)
      const wanted = person && (await store.person(person.party)).userCode
      if (person === null || wanted === null) return
      if (code === undefined) throw new errors.MissingUserCode('this person has set a code')
      const keys = [`user-code:${person.party}`] as const
      if (!(await budgets.charge(keys)))
        throw new errors.InvalidUserCode('the code is not right, or was tried too often')
      if (!isSame(userCodeHash(person.party, code), wanted))
        throw new errors.InvalidUserCode('the code is not right, or was tried too often')
      await budgets.giveBack(keys)
    },

    /** Only writes down what is to be asked: the answer takes as long for somebody as for nobody. */
    async trigger(ctx, request) {
      const { accountId, person } = targetOf(ctx)
      const { language } = person === null ? { language: 'en' as const } : await store.person(person.party)
      const message: unknown = ctx.oidc.params?.binding_message
      await keep(store, {
        request: request.jti,
        client: String(request.clientId),
        accountId,
        account: person?.account ?? null,
        scope: request.scope ?? 'openid',
        message: typeof message === 'string' ? message : null,
        language,
        deal: dealOf('ciba', request.jti),
        payment: null,
        endsAt: now() + request.remainingTTL * 1000,
        grant: null,
        pings: 0,
      })
      parts.onAsk()
    },
  }
}

const nobodyOf = (site: string, hint: string): string =>
  createHash('sha256').update(`warifu nobody ${site} ${hint}`).digest('base64url')

const isSame = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right)

const keep = (store: OidcStore, ask: Ask): Promise<void> =>
  store.put(ASK, ask.request, { payload: ask, grantId: null, lifeMs: CIBA_SECONDS * 1000 })

/** Looks at all open questions once: asks, tells answers to the sites, ends what has run out. Any hub does it for all. */
export async function lookAtAsks(
  parts: BackChannelParts & Readonly<{ provider: () => Promise<{ provider: Provider; library: Library }> }>,
): Promise<void> {
  const { store, books, hub, now } = parts
  // Border: `keep` alone writes them.
  const asks = (await store.openAsks()) as unknown as Ask[]
  if (asks.length === 0) return
  const waiting = asks.flatMap(({ payment }) => (payment === null ? [] : [payment]))
  const payments = new Map((await books.readPayments(waiting)).map((payment) => [payment.id, payment]))
  const looks = asks.map((ask) => lookAt(ask, ask.payment === null ? undefined : payments.get(ask.payment)))
  // What goes wrong with one question is no reason to leave the others.
  const failed = (await Promise.allSettled(looks)).find((look) => look.status === 'rejected')
  if (failed !== undefined) throw failed.reason

  async function lookAt(ask: Ask, payment: Payment | undefined): Promise<void> {
    const { account } = ask
    const isOver = now() >= ask.endsAt
    if (account === null) return isOver ? store.remove(ASK, ask.request) : undefined
    if (ask.payment === null) {
      if (isOver) return store.remove(ASK, ask.request)
      if (await store.leaseAsk(ask)) await put(ask, account)
      return
    }
    const answer = payment === undefined ? null : answerIn(payment)
    const hasEnded = payment !== undefined && stateOf(payment) === 'ended'
    if (answer === null && !hasEnded && !isOver) return
    if (!(await store.leaseAsk(ask))) return
    const site = await store.client(ask.client)
    if (site !== undefined && answer === null && !hasEnded) await cancel(site, ask)
    // What has run out needs no word: the site hears it from the clock.
    if (site?.status === 'active' && (answer !== null || hasEnded)) await tell(ask, answer)
    else await store.remove(ASK, ask.request)
  }

  /** Puts the question to the person. A no (blocked, asked too often, no such person) is as silent as nobody. */
  async function put(ask: Ask, account: AccountNumber): Promise<void> {
    const site = await store.client(ask.client)
    if (site === undefined) return store.remove(ASK, ask.request)
    const { message, language, scope } = ask
    const answer = await hub.handle({
      ...commandOn(site, ask.deal, 'ask-person'),
      name: 'ask-person',
      deal: ask.deal,
      to: account,
      question: questionOf(site, { attributes: askedBy(scope), message, language }),
    })
    const isAsked = answer.refusal === null && answer.payment !== null
    await keep(store, { ...ask, account: isAsked ? account : null, payment: answer.payment })
  }

  async function cancel(site: ClientRow, { deal, payment }: Ask): Promise<void> {
    await hub.handle({ ...commandOn(site, deal, 'cancel'), name: 'cancel-deal', deal, payment })
  }

  async function tell(ask: Ask, answer: Answered | null): Promise<void> {
    const { provider, library } = await parts.provider()
    const grant = answer === null ? null : (ask.grant ?? (await grantFor(provider, ask, answer)))
    try {
      if (answer === null || grant === null)
        await provider.backchannelResult(ask.request, new library.errors.AccessDenied('the person said no'))
      else {
        const { strength, at } = answer
        const proof = { acr: acrOf(strength), amr: amrOf(strength), authTime: Math.floor(at / 1000) }
        await provider.backchannelResult(ask.request, grant, proof)
      }
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error
      // The answer is kept before the ping is sent: what failed is the ping, or the site has gone.
      if (ask.pings + 1 < PINGS) return keep(store, { ...ask, grant, pings: ask.pings + 1 })
    }
    await store.remove(ASK, ask.request)
  }

  async function grantFor(provider: Provider, ask: Ask, answer: Answered): Promise<string> {
    const grant = new provider.Grant({ clientId: ask.client, accountId: ask.accountId })
    grant.addOIDCScope(grantedScope(ask.scope, answer.released))
    const id = await grant.save()
    await keepReleased(store, id, answer)
    return id
  }
}
