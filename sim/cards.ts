// The cards of the town: who has which, in which shops they are taken and how they are repaid there; the vault and the issuer behind
// them; and the user ids by which registers know a card on a phone.
import { fromBase64url, toBase64url, utf8 } from '#core/bytes.ts'
import { bucketOfId, idInBucket, parseId, type MeansId, type PartyId, type PaymentId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { parseMethod, type Method } from '#core/method.ts'
import type { ProblemCode } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { openCardIssuer, type IssuerBugs } from './card-issuer.ts'
import { openCardVault, type VaultBugs } from './card-vault.ts'
import type { Clock } from './clock.ts'
import type { EnrolledPhone, EnrolledRegister } from './directory.ts'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'
import type { Chance } from './random.ts'
import { JPY } from './town-units.ts'
import { toySign } from './toy-keys.ts'

type Card = Readonly<{ id: MeansId; party: PartyId }>

export type Cards = ReturnType<typeof openCards>

/** What every shop takes, and one method that none does. */
export const METHODS: readonly Method[] = ['lump', 'instalments-3', 'revolving', 'bonus']
const ACCEPTED: ReadonlySet<Method> = new Set(METHODS.slice(0, 3))
/** The issuer takes a number for less time than payer and shop wait. */
const ONE_TIME_MS = 80_000
const USER_ID = 'user'

export function openCards(options: {
  phones: readonly EnrolledPhone[]
  registers: readonly EnrolledRegister[]
  clock: Clock
  chance: Chance
  history: History
  faults: () => Faults
  bugs: Readonly<{ issuer?: IssuerBugs; vault?: VaultBugs }>
  billerOf: (payment: PaymentId) => string
  fail: (sentence: string) => void
}) {
  const { clock, chance, history, faults, fail } = options
  const cards: Card[] = []
  for (const party of new Set(options.phones.map(({ actor }) => actor.party)))
    for (let count = chance.pick([0, 1, 1, 2]); count > 0; count--)
      cards.push({ id: idInBucket('mns', bucketOfId(party), chance.bytes(14)), party })
  const line = { clock, faults, fail }
  const issuer = openCardIssuer({ ...line, chance: chance.fork('issuer'), bugs: options.bugs.issuer ?? {} })
  const vault = openCardVault({
    ...line,
    issuer,
    history,
    chance: chance.fork('vault'),
    bugs: options.bugs.vault ?? {},
    oneTimeMs: ONE_TIME_MS,
  })
  /** Registers with a card machine of the shop's own beside them. */
  const machines = new Set(options.registers.filter(() => chance.happens(0.45)).map(({ actor }) => String(actor.id)))

  const of = (party: PartyId, id: MeansId): Card | undefined =>
    cards.find((card) => card.id === id && card.party === party)

  /** The card as what is paid with at a terminal, or why it is not. */
  function choice(party: PartyId, id: MeansId | undefined, text: string, terminal: string): Choice | ProblemCode {
    const found = id && of(party, id)
    const method = parseMethod(text)
    if (found === undefined) return 'means-not-found'
    if (method === undefined || !ACCEPTED.has(method)) return 'method-not-accepted'
    const label = `Card ···${found.id.slice(-4)}`
    return { kind: 'card', id: found.id, label, unit: JPY, method, oneTime: machines.has(terminal) }
  }

  return {
    issuer,
    vault,
    choice,
    merchantOf: options.billerOf,
    all: (): readonly Card[] => cards,
    of,
    /** What a phone shows a register: it names one card on one phone, again and again. */
    userId: ({ actor, key }: EnrolledPhone, card: MeansId): string =>
      `${USER_ID}.${actor.id}.${card}.${toBase64url(toySign(key, utf8(card)))}`,
    /** Whose it is, and which card; undefined for what is no user id. */
    userOf(text: string): { payer: DeviceActor; card: MeansId } | undefined {
      const [kind, device, id, signature = ''] = text.split('.')
      const phone = options.phones.find(({ actor }) => actor.id === device)
      const card = parseId('mns', id)
      const given = fromBase64url(signature)
      if (kind !== USER_ID || phone === undefined || card === undefined || given === undefined) return undefined
      const isTheirs = Buffer.compare(given, toySign(phone.key, utf8(card))) === 0
      return isTheirs ? { payer: phone.actor, card } : undefined
    },
    hasMachine: (terminal: string): boolean => machines.has(terminal),
  }
}
