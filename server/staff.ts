// Who may do what at a merchant's terminal: the person who has signed in there, by their role. A merchant of whose people nobody has set
// a PIN works as if it had none; machines that stand alone (vending, web shop) sell and give back by themselves.
import { fromBase64url } from '#core/bytes.ts'
import { parseId, type TerminalId } from '#core/ids.ts'
import { mayDo, type StaffRight } from '#core/staff.ts'
import { IDENTITY_ROUTES, type IdentityBody } from '#protocol/identity.ts'
import { CARD_USER_ROUTES } from '#protocol/card-users.ts'
import { GOODS_ROUTES } from '#protocol/goods.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { ORDER_ROUTES } from '#protocol/orders.ts'
import { POINT_ROUTES } from '#protocol/points.ts'
import { RECEIPT_ROUTES } from '#protocol/receipts.ts'
import { COMMAND_ROUTES, ROUTES, type Route } from '#protocol/routes.ts'
import { cashierHash, scramMessage } from '#protocol/signed-bytes.ts'
import type { Actor, TerminalActor } from '#switch/actors.ts'
import { StoreUnavailable } from '#switch/store.ts'
import { fitsStoredKey } from './auth/scram.ts'
import type { Cashiers } from './postgres/cashiers.ts'

/** The right that a terminal's request needs, by its route; none where it is not here. */
const RIGHTS: ReadonlyMap<Route, StaffRight> = new Map<Route, StaffRight>([
  ...COMMAND_ROUTES.map(({ name, route }) => [route, name === 'refund' ? 'refund' : 'sell'] as const),
  [IDENTITY_ROUTES.portraitAtCounter, 'sell'],
  [RECEIPT_ROUTES.receipt, 'sell'],
  [RECEIPT_ROUTES.printReceipt, 'sell'],
  [RECEIPT_ROUTES.setShop, 'books'],
  [CARD_USER_ROUTES.cardMachine, 'sell'],
  [CARD_USER_ROUTES.cardMachines, 'books'],
  [CARD_USER_ROUTES.setCardMachine, 'books'],
  ...[POINT_ROUTES.points, POINT_ROUTES.setPoint, POINT_ROUTES.setPointPicture, POINT_ROUTES.endPoint].map(
    (route) => [route, 'books'] as const,
  ),
  ...[GOODS_ROUTES.putPriceFile, GOODS_ROUTES.putGood, ORDER_ROUTES.setMenu].map((route) => [route, 'goods'] as const),
  // Whoever refuses an order lets its money go back: that is serving a guest, not a refund of one's own choice.
  ...[ORDER_ROUTES.kitchen, ORDER_ROUTES.mark, ORDER_ROUTES.closeTab, ORDER_ROUTES.menu, ORDER_ROUTES.setStock].map(
    (route) => [route, 'sell'] as const,
  ),
  ...[ROUTES.sales, ROUTES.sale, ROUTES.statement, ROUTES.history, ROUTES.balances, ROUTES.openUnit].map(
    (route) => [route, 'books'] as const,
  ),
  ...[
    IDENTITY_ROUTES.staff,
    IDENTITY_ROUTES.staffAdd,
    IDENTITY_ROUTES.staffEnd,
    IDENTITY_ROUTES.staffTerminal,
    IDENTITY_ROUTES.staffRevoke,
  ].map((route) => [route, 'staff'] as const),
])

/** As long as a session is remembered. */
const REMEMBERED_MS = 2_000
const REMEMBERED = 2 * LIMITS.watchTotal
const SEEN_EVERY_MS = 60_000

export type StaffRules = ReturnType<typeof staffRules>

/** `now` is the hub's clock. */
export function staffRules(cashiers: Cashiers, now: () => number, onError: (error: unknown) => void) {
  type Needs = ReturnType<Cashiers['needsAt']>
  const needs = new Map<TerminalId, Readonly<{ found: Needs; until: number }>>()
  const seen = new Map<TerminalId, number>()

  function needsAt({ id: terminal, party }: TerminalActor): Needs {
    const known = needs.get(terminal)
    if (known !== undefined && now() < known.until) return known.found
    const found = cashiers.needsAt({ terminal, party })
    keep(needs, terminal, { found, until: now() + REMEMBERED_MS })
    found.catch(() => needs.delete(terminal))
    return found
  }

  /** Told to the database once a minute; whoever works does not wait for it. */
  function noteSeen(terminal: TerminalId): void {
    if (now() < (seen.get(terminal) ?? 0) + SEEN_EVERY_MS) return
    keep(seen, terminal, now())
    cashiers.seen({ terminal }).catch((error: unknown) => {
      seen.delete(terminal)
      if (!(error instanceof StoreUnavailable)) onError(error)
    })
  }

  return {
    /** Why whoever stands at this terminal may not do this; null where they may. Problems: cashier-needed, not-permitted. */
    async refusalOf(route: Route, actor: Actor): Promise<Problem | null> {
      const right = RIGHTS.get(route)
      if (actor.kind !== 'terminal' || right === undefined) return null
      const { cashier } = actor
      if (cashier !== null) {
        if (!mayDo(cashier.role, right)) return problemOf('not-permitted')
        noteSeen(actor.id)
        return null
      }
      if (right === 'staff') return problemOf('cashier-needed')
      const { attended, needed } = await needsAt(actor)
      const actsAlone = !attended && right !== 'books' && right !== 'goods'
      return needed && !actsAlone ? problemOf('cashier-needed') : null
    },

    /** Somebody has set a PIN or was signed in: what is remembered of terminals is looked at again. */
    forget(): void {
      needs.clear()
      seen.clear()
    },

    /** Judges the PIN of one of the staff. Problems: not-found, proof-wrong, proof-locked; null when they stand at the terminal now. */
    async signIn(actor: TerminalActor, body: IdentityBody<'staffSignIn'>): Promise<Problem | null> {
      const { id: terminal, party } = actor
      const staff = parseId('stf', body.staff)
      const hubNonce = await cashiers.takeNonce({ terminal })
      const secret = staff && (await cashiers.secretOf(party, staff))
      if (staff === undefined || secret === undefined) return problemOf('not-found')
      const [clientNonce, proof] = [fromBase64url(body.clientNonce), fromBase64url(body.clientProof)]
      // Without a nonce of ours nothing was tried, and nothing is counted.
      if (hubNonce === undefined) return problemOf('proof-wrong')
      const isRight =
        clientNonce !== undefined &&
        clientNonce.length >= CLIENT_NONCE_BYTES &&
        proof?.length === PROOF_BYTES &&
        fitsStoredKey(
          secret.storedKey,
          scramMessage({
            account: staff,
            clientNonce,
            hubNonce,
            salt: secret.salt,
            iterations: secret.iterations,
            approvalHash: cashierHash(terminal, staff),
          }),
          proof,
        )
      const judged = await cashiers.judge({ terminal, party }, staff, secret, isRight)
      if (judged === 'right') return null
      if (judged === 'nobody') return problemOf('not-found')
      return 'until' in judged
        ? problemOf('proof-locked', { until: String(judged.until) })
        : problemOf('proof-wrong', { triesLeft: String(judged.triesLeft) })
    },
  }
}

const CLIENT_NONCE_BYTES = 16
const PROOF_BYTES = 32

function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED) return
    map.delete(oldest)
  }
}
