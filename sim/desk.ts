// The operator's desk at the simulated hub: what the wire says becomes the switch's command, and what a yes changes outside the
// switch is looked up first, as the real server does.
import { bucketOf, isAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { bucketOfId, parseId, type CommandId } from '#core/ids.ts'
import type { Limits } from '#core/ledger.ts'
import { parseAmount, unitOf } from '#core/money.ts'
import { isFinal } from '#core/payment.ts'
import type { Attributes } from '#core/standing.ts'
import type { OperatorActor } from '#switch/actors.ts'
import { createOperatorDesk, type Desk, type DeskCommand } from '#switch/operator.ts'
import type { Answer, Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { BUCKETS } from './directory.ts'
import type { World } from './world.ts'

type LimitsWire = Readonly<Record<keyof Limits, string>>

/** What the simulated operator says; amounts are decimal strings. */
export type DeskBody =
  | Readonly<{ name: 'cash-in' | 'cash-out'; account: AccountNumber; unit: string; amount: string }>
  | Readonly<{ name: 'credit-file'; unit: string; title: string; rows: readonly { account: string; amount: string }[] }>
  | Readonly<{ name: 'freeze' | 'unfreeze' | 'close'; account: AccountNumber }>
  | Readonly<{ name: 'set-limits'; account: AccountNumber; unit: string; limits: LimitsWire | null }>
  | Readonly<{ name: 'verify'; party: string; attributes: Attributes }>
  | Readonly<{ name: 'revoke'; device: string }>

export type SimulatedDesk = Readonly<{
  /** undefined for a body that is not right */
  perform(by: OperatorActor, id: CommandId, hash: string, body: DeskBody): Promise<Answer | undefined>
}>

export function openDesk(world: World, store: Store, hub: Switch): SimulatedDesk {
  const { scheme, memory } = world
  const { id, buckets, rules } = scheme
  const desk = createOperatorDesk({
    step: hub.step,
    scheme: { name: `Town ${id.slice(4, 8)}`, buckets, rules },
    mask: (_party, birthDate) => maskOf(birthDate),
  })

  async function commandOf(body: DeskBody): Promise<Desk | undefined> {
    switch (body.name) {
      case 'cash-in':
      case 'cash-out': {
        const { name, account } = body
        const unit = unitOf(body.unit)
        const amount = parseAmount(body.amount)
        if (unit === undefined || amount === undefined || amount === 0n) return undefined
        if (name === 'cash-out') await store.deposit(bucketOf(account, BUCKETS))
        return { name, account, unit, amount, holder: (await store.readHolder(account))?.name ?? null }
      }
      case 'credit-file': {
        const unit = unitOf(body.unit)
        if (unit === undefined) return undefined
        const rows = body.rows.map(({ account, amount }) => ({ account, amount: parseAmount(amount) ?? 0n }))
        const known = rows.flatMap(({ account, amount }) => (isAccountNumber(account) ? [{ account, amount }] : []))
        const missing = await store.readMissing(known.map(({ account }) => ({ key: account, unit })))
        if (known.length < rows.length || missing.length > 0 || rows.some(({ amount }) => amount <= 0n))
          return undefined
        const named = known.map((row) => ({ ...row, name: 'Holder', text: '' }))
        return { name: body.name, unit, title: body.title, rows: named }
      }
      case 'freeze':
      case 'unfreeze':
        return { name: body.name, account: body.account }
      case 'close': {
        await store.deposit(bucketOf(body.account, BUCKETS))
        return { name: 'close', account: body.account, busy: await isBusy(body.account) }
      }
      case 'set-limits': {
        const unit = unitOf(body.unit)
        if (unit === undefined) return undefined
        return { ...body, unit, limits: body.limits && limitsFrom(body.limits) }
      }
      case 'revoke': {
        const device = parseId('dev', body.device)
        return device === undefined ? undefined : { name: 'revoke', actor: device }
      }
      case 'verify': {
        const party = parseId('pty', body.party)
        return party === undefined || bucketOfId(party) >= BUCKETS ? undefined : { ...body, party }
      }
    }
  }

  /** Something on its way, or a deal that is not over, on either side. */
  async function isBusy(account: AccountNumber): Promise<boolean> {
    const balances = await store.readBalances(account)
    if (balances.some(({ arriving }) => arriving > 0n)) return true
    return memory
      .contents()
      .payments.some((row) => !isFinal(row) && [row.biller.account, row.payer.account].includes(account))
  }

  /** The directory's part, after the commit that logs it, and again with each repeat. */
  async function takeAway(actor: string): Promise<void> {
    const device = parseId('dev', actor)
    const row = device && (await memory.readDevice(bucketOfId(device), device))
    if (row === undefined) return
    await memory.register({ devices: [{ ...row, status: 'revoked' }] })
    world.checks.proofs.takenAway(row.id)
  }

  return {
    async perform(by, id, hash, body) {
      const command = await commandOf(body)
      if (command === undefined) return undefined
      const whole: DeskCommand = { ...command, id, hash, by, why: 'as the town decided' }
      const answer = await (world.plant.desk?.(whole, desk.handle) ?? desk.handle(whole))
      if (command.name === 'revoke' && answer.refusal === null) await takeAway(command.actor)
      return answer
    },
  }
}

const limitsFrom = ({ perPayment, perDay, perMonth }: LimitsWire): Limits => ({
  perPayment: BigInt(perPayment),
  perDay: BigInt(perDay),
  perMonth: BigInt(perMonth),
})

/** What the log holds of a birth date; here the model, which reads nothing else, must be able to read it. */
const maskOf = (birthDate: number): string => `masked ${birthDate}`
export const unmasked = (text: string): number => Number(text.slice('masked '.length))
