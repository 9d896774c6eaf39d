// The vault, between the hubs and the cards' issuer: it can die at any moment, also between writing down what it is going to ask and
// hearing the answer; its rows stay. Each order is asked for once: what was begun and has no answer is taken back.
//
//   intent     written before the issuer is asked     → approved, refused, reversing
//   reversing  taken back until the issuer has said that it is → reversed
//   key        a one-time number on its way to the issuer → waiting, until it is used (approved) or taken back
import type { MeansId } from '#core/ids.ts'
import type { Method } from '#core/method.ts'
import type { CardIssuer, CardRequest } from './card-issuer.ts'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'
import type { Chance } from './random.ts'

export type Asked = Readonly<{
  order: string
  card: MeansId
  amount: bigint
  method: Method
  merchant: string
  oneTime: boolean
}>

export type VaultReply =
  | Readonly<{ kind: 'approved'; amount: bigint; reference: string }>
  | Readonly<{ kind: 'refused'; isUnanswered: boolean }>
  | Readonly<{ kind: 'pending'; number: string | null }>
  | Readonly<{ kind: 'unknown' }>

type State = 'intent' | 'key' | 'waiting' | 'approved' | 'refused' | 'reversing' | 'reversed'
type Row = {
  readonly request: CardRequest
  readonly number: string | null
  state: State
  amount: bigint
}
type Follow = {
  readonly id: string
  readonly kind: 'capture' | 'release' | 'refund'
  readonly of: string
  readonly amount: bigint
  isDone: boolean
}

/** How bugs are planted here. */
export type VaultBugs = Readonly<{
  /** any answer on the line is taken for the one that is waited for */
  takesAnyTrace?: true
  takesAnyAmount?: true
  /** after a crash it is asked again, as another request */
  asksAgain?: true
  /** after a crash what was begun is forgotten: a no, and nothing is taken back */
  forgetsIntents?: true
  skipsReversals?: true
  /** nobody waits until the issuer has said that it is taken back */
  reversesOnce?: true
  skipsCaptures?: true
  skipsReleases?: true
  /** each try is another capture, or refund, to the issuer */
  newIds?: 'capture' | 'refund'
}>

export type CardVault = ReturnType<typeof openCardVault>

/** After this the issuer is taken to be silent. */
const PATIENCE_MS = 12_000
const LOOK_MS = 700
const REPEAT_MS = 5_000
const OFF_MS = [500, 8_000] as const
const TRAVEL_MS = [2, 40] as const
/** How often it dies, where machines die at all: more often at the moments that matter. */
const DIES = 0.06

export function openCardVault(options: {
  issuer: CardIssuer
  clock: Clock
  chance: Chance
  history: Pick<History, 'tell' | 'count'>
  faults: () => Faults
  bugs: VaultBugs
  oneTimeMs: number
}) {
  const { issuer, clock, chance, history, faults, bugs } = options
  const rows = new Map<string, Row>()
  const follows = new Map<string, Follow>()
  const told = new Set<number>()
  let traces = 0
  let life = 1
  let isUp = true
  let underway = new Set<string>()

  look()

  // ---- its life

  function dies(): void {
    isUp = false
    life++
    underway = new Set()
    history.tell('the vault dies')
    history.count('vault crashes')
    clock.after(chance.between(...OFF_MS), () => {
      isUp = true
      history.tell('the vault is up')
      awake()
      look()
    })
  }

  /** A moment at which it may die; whether it is still this life. */
  function lives(mine: number): boolean {
    const isDying = chance.happens(faults().hubCrashMs > 0 ? DIES : 0)
    if (isDying && mine === life && isUp) dies()
    return mine === life
  }

  /** What the life before has begun and nobody waits for any more. */
  function awake(): void {
    for (const [order, row] of rows) {
      if (row.state !== 'intent') continue
      if (bugs.forgetsIntents === true) row.state = 'refused'
      else if (bugs.asksAgain === true)
        rows.set(order, { ...row, request: { ...row.request, trace: ++traces }, state: 'intent' })
      else row.state = 'reversing'
      if (bugs.asksAgain === true) void ask(order, life)
    }
  }

  function look(): void {
    const mine = life
    clock.after(LOOK_MS, () => {
      if (mine !== life) return
      for (const [order, row] of rows) {
        if (row.state === 'reversing') once(`reverse ${order}`, () => takeBack(order, row, mine))
        if (row.state === 'key') once(`key ${order}`, () => giveKey(row, mine))
      }
      for (const follow of follows.values())
        if (!follow.isDone && isItsTurn(follow)) once(follow.id, () => carry(follow, mine))
      once('advices', () => hear(mine))
      look()
    })
  }

  /** Not beside itself. */
  function once(name: string, work: () => Promise<void>): void {
    if (underway.has(name)) return
    underway.add(name)
    const here = underway
    void work().then(() => clock.after(REPEAT_MS, () => here.delete(name)))
  }

  // ---- the line to the issuer

  async function ask(order: string, mine: number): Promise<void> {
    const row = rows.get(order)
    if (row === undefined || !lives(mine)) return
    const { request } = row
    const said = await Promise.race([
      issuer.authorise(request),
      clock.sleep(PATIENCE_MS).then(() => 'silence' as const),
    ])
    if (!lives(mine)) return
    const isIts = said !== 'silence' && (said.trace === request.trace || bugs.takesAnyTrace === true)
    if (said !== 'silence' && !isIts) history.count('answers that did not fit')
    // It was given up meanwhile: whatever the issuer says is taken back.
    if (row.state !== 'intent') return
    if (!isIts) row.state = 'reversing'
    else if (!said.yes) row.state = 'refused'
    else if (said.amount !== request.amount && bugs.takesAnyAmount !== true) row.state = 'reversing'
    else {
      row.state = 'approved'
      row.amount = request.amount
    }
    history.tell(`the vault has ${order.slice(4, 12)} ${row.state}`)
  }

  async function takeBack(order: string, row: Row, mine: number): Promise<void> {
    const said = bugs.skipsReversals === true ? 'done' : await issuer.reverse(order)
    if (mine !== life || (said === 'silence' && bugs.reversesOnce !== true)) return
    row.state = 'reversed'
    history.count('authorisations reversed')
  }

  async function giveKey(row: Row, mine: number): Promise<void> {
    const { request, number } = row
    if (number === null) return
    const said = await issuer.key({ ...request, number, until: clock.now() + options.oneTimeMs })
    if (lives(mine) && said !== 'silence' && row.state === 'key') row.state = 'waiting'
  }

  /** What was not captured yet cannot be given back: an issuer would refuse it for good. */
  function isItsTurn({ kind, of, amount }: Follow): boolean {
    if (kind !== 'refund' || rows.get(of)?.number != null) return true
    let left = 0n
    for (const each of follows.values())
      if (each.of === of && each.isDone)
        left += each.kind === 'capture' ? each.amount : each.kind === 'refund' ? -each.amount : 0n
    return left >= amount
  }

  async function carry(follow: Follow, mine: number): Promise<void> {
    const { kind, of, amount } = follow
    const isSkipped = kind === 'capture' ? bugs.skipsCaptures : kind === 'release' ? bugs.skipsReleases : undefined
    const id = bugs.newIds === kind ? `${follow.id} ${clock.lived()}` : follow.id
    const said = isSkipped === true ? 'done' : await issuer[kind](id, of, amount)
    if (lives(mine) && said === 'done') follow.isDone = true
  }

  /** What became of one-time numbers: told again until it is acknowledged, which comes after it is written down. */
  async function hear(mine: number): Promise<void> {
    const advices = await issuer.advices()
    if (!lives(mine) || advices === 'silence') return
    for (const { id, order, kind } of advices) {
      const row = rows.get(order)
      if (!told.has(id) && kind === 'misused') history.count('one-time numbers misused')
      told.add(id)
      if (kind === 'used' && row?.state === 'waiting') row.state = 'approved'
      await issuer.acknowledge(id)
      if (mine !== life) return
    }
  }

  // ---- the hub's side

  /** The way there and back; what is asked of a dead vault, or one that dies over it, has no answer. */
  async function over<Said>(say: (mine: number) => Said | Promise<Said>): Promise<Said | 'silence'> {
    await clock.sleep(chance.between(...TRAVEL_MS))
    const mine = life
    if (!isUp) return 'silence'
    const said = await say(mine)
    await clock.sleep(chance.between(...TRAVEL_MS))
    return lives(mine) && !chance.happens(faults().answerLost) ? said : 'silence'
  }

  function saidOf(order: string): VaultReply {
    const row = rows.get(order)
    switch (row?.state) {
      case undefined:
        return { kind: 'unknown' }
      case 'intent':
      case 'key':
        return { kind: 'pending', number: null }
      case 'waiting':
        return { kind: 'pending', number: row.number }
      case 'approved':
        return { kind: 'approved', amount: row.amount, reference: `${row.request.trace}` }
      case 'refused':
        return { kind: 'refused', isUnanswered: false }
      case 'reversing':
      case 'reversed':
        return { kind: 'refused', isUnanswered: true }
    }
  }

  return {
    authorise: (asked: Asked) =>
      over(async (mine) => {
        const { order, oneTime, ...rest } = asked
        if (!rows.has(order)) {
          const trace = ++traces
          const number = oneTime ? `${order}*${trace}` : null
          const { amount } = rest
          rows.set(order, { request: { ...rest, order, trace }, number, state: oneTime ? 'key' : 'intent', amount })
          if (!oneTime) await ask(order, mine)
        }
        return saidOf(order)
      }),
    status: (order: string) => over(() => saidOf(order)),
    /** Nothing of it is left at the issuer, or will be; also of what was never heard of. */
    reverse: (asked: Asked) =>
      over((): 'done' | 'pending' => {
        const { order } = asked
        const row = rows.get(order)
        if (row === undefined) {
          const request = { ...asked, trace: ++traces }
          rows.set(order, { request, number: null, state: 'reversed', amount: asked.amount })
          return 'done'
        }
        if (row.state === 'refused' || row.state === 'reversed') return 'done'
        row.state = 'reversing'
        return 'pending'
      }),
    follow: (kind: Follow['kind'], id: string, of: string, amount: bigint) =>
      over((): 'done' | 'pending' => {
        const known = follows.get(id) ?? { id, kind, of, amount, isDone: false }
        follows.set(id, known)
        return known.isDone ? 'done' : 'pending'
      }),
    isQuiet: (): boolean =>
      issuer.isQuiet() &&
      [...rows.values()].every(({ state }) => !['intent', 'key', 'reversing'].includes(state)) &&
      [...follows.values()].every(({ isDone }) => isDone),
  }
}
