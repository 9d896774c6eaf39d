// What the parts of the switch share: the store, the lanes, the scheme, and the forms of commands and answers between them.
import { assert } from '#core/assert.ts'
import type { PartyId, SchemeId } from '#core/ids.ts'
import type { Account } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import type { Offer } from '#core/offer.ts'
import type { Payment, SchemeRules } from '#core/payment.ts'
import type { DeviceActor, TerminalActor } from './actors.ts'
import type { Budgets } from './budgets.ts'
import type { DeviceCommand, TerminalCommand } from './command.ts'
import { NOTHING, type Lanes, type SentCommand, type Step } from './lanes.ts'
import type { Answer, Store } from './store.ts'

/** `rules` is read afresh at each decision: it may be a getter, and a change takes effect at once. */
export type Scheme = Readonly<{ id: SchemeId; buckets: number; rules: SchemeRules }>

/**
 * Could this payer pay a bill in this unit by other means than the account in it? Asked only where that account is not enough to join,
 * so that a traveller or somebody with a bank account gets in and can choose. `accounts`: all units of theirs.
 */
export type OtherMeans = (payer: { party: PartyId; accounts: readonly Account[] }, unit: Unit) => Promise<boolean>

export type Parts = Readonly<{
  store: Store
  budgets: Budgets
  scheme: Scheme
  random: (bytes: number) => Uint8Array
  otherMeans: OtherMeans
  lanes: Lanes
  /** runs a step that never leaves the batch; its command's answer is the same for ever */
  step: (step: Step) => Promise<Answer>
}>

export type FromTerminal<Name extends TerminalCommand['name']> = Extract<TerminalCommand, { name: Name }> &
  Readonly<{ actor: TerminalActor; isPerson: boolean; command: SentCommand }>
export type FromDevice<Name extends DeviceCommand['name']> = Extract<DeviceCommand, { name: Name }> &
  Readonly<{ actor: DeviceActor; command: SentCommand }>

/** For steps that decide at once. Throws StoreUnavailable or TooBusy when nothing was decided. */
export const certainlyOn =
  (lanes: Lanes) =>
  async (step: Step): Promise<Answer> => {
    const outcome = await lanes.run(step)
    assert(outcome !== 'again', 'this step decides at once')
    return outcome
  }

export const ofOffer = (offer: Offer): Answer => ({
  ...NOTHING,
  terminal: offer.terminal,
  deal: offer.deal,
  payment: offer.state.kind === 'taken' ? offer.state.payment : null,
  version: offer.version,
})

export const ofPayment = (payment: Payment): Answer => ({
  ...NOTHING,
  terminal: payment.terminal,
  deal: payment.deal,
  payment: payment.id,
  version: payment.version,
})
