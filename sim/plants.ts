// Planted bugs: the absence of one rule each, put in from outside. A simulator that does not find them is not worth running.
import { problemOf } from '#protocol/problems.ts'
import { NO_PROOF_LIMITS } from '#core/device.ts'
import type { Transfer } from '#core/ledger.ts'
import type { Store } from '#switch/store.ts'
import { changing, rebooking, type Around, type Plant } from './planting.ts'
import * as bank from './plants-bank.ts'
import * as cards from './plants-cards.ts'
import * as first from './plants-first.ts'
import * as means from './plants-means.ts'
import * as meeting from './plants-meeting.ts'
import * as questions from './plants-questions.ts'
import * as ways from './plants-ways.ts'

export { NO_PLANT, type Plant } from './planting.ts'

export const PLANTS = {
  // what is asked, and answered
  'command-forgotten': {
    story: 'the command row is not stored: a repeated command takes effect twice',
    store: changing({ writes: (writes) => ({ ...writes, commands: [] }) }),
  },
  'answer-early': { story: 'the answer goes out before the commit', store: first.answeredEarly },
  'new-id-each-try': { story: 'the client makes a new command id for each try', sent: first.withNewId },
  'lost-is-no': {
    story: 'a lost commit is answered as a refusal',
    unavailable: (call) => call.body && { status: 409, body: problemOf('could-not-decide'), retryAfterMs: null },
  },
  'lost-is-yes': {
    story: 'a lost commit is answered as done',
    unavailable: (call) =>
      call.body && {
        status: 200,
        body: { deal: null, payment: null, refund: null, provedAt: null },
        retryAfterMs: null,
      },
  },
  'stale-balance': { story: 'a balance is answered as it was before the question', store: first.staleBalances },

  // offers and joins
  'two-phones': { story: 'join does not look at the state: two phones join one offer', store: first.alwaysOpen },
  'reopened-early': {
    story: 'release gives a new number before the payment has ended',
    command: first.reopeningFirst,
  },
  'released-and-approved': {
    story: 'approve does not see that the payment was released meanwhile',
    store: bank.releaseUnseen,
  },
  'number-twice': {
    story: 'nobody looks whether a number is taken',
    store: changing({ rows: (rows) => ({ ...rows, numbers: [] }) }),
    random: (length, chance) => (length === 16 ? new Uint8Array(16).fill(chance.below(8)) : undefined),
  },
  'guess-for-ever': {
    story: 'wrong numbers cost nothing',
    budgets: { charge: async () => true, giveBack: async () => {} },
  },
  'idle-after-approval': { story: 'the idle timer ends a payment that was approved', store: first.idleForEver },

  // the journal and its deposits
  'sequence-early': {
    story: 'the sequence is taken before the lock: a number is used twice',
    store: first.earlyHeads,
  },
  'mark-stays': { story: 'the deposit does not move its mark: it is deposited again', store: first.withoutMarks },
  'mark-beyond': { story: 'the deposit moves its mark too far: a transfer is passed over', store: first.markBeyond },
  'no-sweep': { story: 'the depositor forgets what a killed hub has left', sweeps: false },
  'hash-short': { story: "the journal's hash does not cover the names", store: bank.hashShort },
  'wrong-payee': { story: 'money is credited to whoever was paid before', store: toTheLastPayee },

  // consent
  'any-bill': { story: 'approve does not compare the bill with what was signed', command: first.approvingAnything },
  'challenge-ignored': { story: 'approve does not look at an open question', store: bank.challengeIgnored },
  'affords-always': { story: 'nobody looks whether the money is there', store: first.withCredit },

  // cancellation periods and refunds
  'taken-back-late': {
    story: 'a line goes back after its cancellation period',
    command: bank.noteTakeBack,
    store: bank.takenBackLate,
  },
  'released-early': { story: 'the shop gets the money before the period is over', store: bank.releasedEarly },
  'released-twice': {
    story: 'what was held reaches the shop twice',
    store: rebooking((transfer) => (transfer.kind === 'release' ? [transfer, transfer] : [transfer])),
  },
  'return-forgotten': {
    story: 'a cancelled line ends and its money stays in escrow',
    store: rebooking((transfer) => (transfer.kind === 'return' ? [] : [transfer])),
  },
  'refunds-forgotten': {
    story: 'a refund does not look at earlier refunds',
    store: changing({
      rows: (rows, needs) => (needs.some(({ accounts }) => accounts.length > 0) ? { ...rows, refunds: [] } : rows),
    }),
  },
  'refund-lines-forgotten': {
    story: 'a refund does not look at what each line has already given back',
    store: changing({
      rows: (rows, needs) =>
        needs.some(({ accounts }) => accounts.length > 0)
          ? { ...rows, refunds: rows.refunds.map((refund) => ({ ...refund, lines: [] })) }
          : rows,
    }),
  },
  'refund-told-twice': { story: 'a payment hears of a refund twice', store: bank.toldTwice },

  // limits and restricted goods
  'spending-forgotten': { story: 'a payment does not count against the limits', store: bank.spendingForgotten },
  'month-stays': { story: "the month's sum goes on in the next month", store: bank.monthStays },
  'limits-lost': { story: 'the limits that the operator set are not written', store: bank.limitsLost },
  'age-ignored': { story: 'restricted goods are sold to anybody', store: bank.everybodyAllowed },
  'purchases-forgotten': {
    story: 'a purchase does not count against the daily quantity',
    store: bank.purchasesForgotten,
  },
  'permit-stays': { story: "the shop's yes to one bill sells another", store: bank.permitStays },
  'standing-unlocked': {
    story: 'a standing is read before the lock: one of two writes is lost',
    store: bank.standingUnlocked,
  },

  // people
  'contact-unchecked': {
    story: 'anybody may send a bill unasked',
    store: ({ memory }: Around): Store => ({ ...memory, readContact: async () => 'listed' }),
  },
  'hand-back-twice': { story: 'a purchase that was handed back settles twice', store: bank.handBackTwice },

  // further ways to meet
  'code-twice': { story: 'a code is good twice', codes: ways.codeTwice },
  'code-pays': { story: 'a payment by code settles without an approval', store: ways.codePays },
  'code-any-phone': {
    story: 'another phone than the one that showed a code approves what it brought',
    store: ways.codeAnyPhone,
  },
  'prompts-uncapped': { story: 'codes bring questions without end', budgeting: ways.promptsUncapped },
  'two-purchases': { story: 'one purchase signed by two phones settles twice', store: ways.twoPurchases },
  'offline-for-ever': {
    story: 'what a register took without a network may be handed in whenever it likes',
    rules: (rules) => ({ ...rules, offline: { ...rules.offline, ms: Number.MAX_SAFE_INTEGER } }),
  },
  'offline-uncapped': {
    story: 'a register without a network takes any amount',
    rules: (rules) => ({ ...rules, offline: { ...rules.offline, payment: 1_000_000n } }),
  },
  'acceptance-unsigned': {
    story: 'nobody looks whether a register has signed when it took a purchase',
    acceptsAnything: true,
  },

  // places where nobody stands
  'sign-of-another': { story: "a sign's deal is opened in another sign's name", sign: meeting.anotherSign },
  'sign-any-amount': { story: "a sign's price is what the phone says", signBill: meeting.anyAmount },
  'link-paid-twice': {
    story: 'a link that may be paid once is paid by each who opens it',
    web: { dealPerVisit: true },
  },
  'event-lost': {
    story: 'the mark moves before what was read is kept: a shop is never told',
    web: { markFirst: true },
  },
  'event-twice': { story: 'a shop is told one thing under two ids', web: { newIds: true } },
  'receipt-refund-twice': { story: 'a receipt counts a refund twice', receipt: meeting.refundTwice },

  // phones, and what a proof is good for
  'code-of-revoked': {
    story: 'a code is good after its phone was taken away',
    codesOfAnyPhone: true,
    store: meeting.phonesUnseen,
  },
  'revoked-pays': { story: 'a phone that was taken away goes on paying', store: meeting.revokedPays },
  'proof-limits-ignored': {
    story: 'a PIN is good for any amount',
    rules: (rules) => ({ ...rules, proofLimits: NO_PROOF_LIMITS }),
  },
  'key-ignored': {
    story: 'a phone that approves with a security key alone approves with a PIN',
    store: meeting.keyIgnored,
  },
  'unlock-too-strong': { story: 'an unlock is good for more than the proof that made it', store: meeting.strongUnlock },
  'unlock-for-ever': {
    story: 'an unlock never ends',
    rules: (rules) => ({ ...rules, unlockMs: Number.MAX_SAFE_INTEGER }),
  },

  // what payments are paid with
  'old-quote': { story: 'the quote of the bill before is used for the new one', store: means.oldQuote },
  'rate-outlived': { story: 'a quote holds longer than its rate', command: means.rateOutlived },
  'refunded-more': { story: 'a refund of an exchange pays back more than was paid', store: means.refundedMore },
  'exchange-half': { story: 'an exchange books one side alone: its accounts do not fit', store: means.exchangeHalf },
  'collect-twice': { story: 'each try of a collect is another one to the bank', clerk: { newIds: true } },
  'reversal-forgotten': { story: 'what nobody waits for any more is not reversed', store: means.reversalForgotten },
  'reversal-lost': {
    story: 'a reversal is ticked off before the bank has heard of it',
    clerk: { skipsReversals: true },
  },
  'return-lost': { story: 'what goes back to the bank never gets there', clerk: { skipsReturns: true } },
  'late-yes-kept': { story: 'a yes that came too late is filed as a yes', clerk: { keepsLateYes: true } },
  'answer-of-another': {
    story: "the bank's answer to another order is taken for this one's",
    clerk: { takesAnyOrder: true },
  },
  'another-amount': { story: 'the bank has booked another amount, and nobody looks', clerk: { takesAnyAmount: true } },

  // cards: the hub's own part, who carries orders to the vault, the vault, the issuer
  'claimed-whole': { story: 'what was held is captured whole and released whole', store: cards.captureAndReleaseWhole },
  'release-forgotten': { story: 'what is not delivered stays authorised', store: cards.releaseForgotten },
  'card-reversal-forgotten': {
    story: 'a card is authorised for a payment that is over',
    store: cards.reversalForgotten,
  },
  'refund-whole': { story: 'a refund to a card gives back the whole each time', store: cards.refundWhole },
  'method-after': { story: 'the method changes after the payer has signed it', store: cards.methodAfter },
  'method-unsigned': { story: 'another method is authorised than was signed', cardClerk: { forgetsMethod: true } },
  'answered-by-any': { story: "another phone answers for a card's user id", command: cards.answeredByAny },
  'user-id-for-ever': { story: 'who has shown a user id may approve much later', store: cards.userIdForEver },
  'card-reversal-skipped': {
    story: 'a reversal is ticked off before the vault has heard of it',
    cardClerk: { skipsReversals: true },
  },
  'card-refund-skipped': { story: 'money back never gets to the card', cardClerk: { skipsReturns: true } },
  'authorised-anew': { story: 'each try of an order is another one to the vault', cardClerk: { newIds: true } },
  'answer-to-another': { story: "the issuer's answer to another request is taken", vault: { takesAnyTrace: true } },
  'another-sum': {
    story: 'the issuer has authorised another amount, and nobody looks',
    vault: { takesAnyAmount: true },
  },
  'authorised-again': { story: 'a vault that died over a request makes it again', vault: { asksAgain: true } },
  'intent-forgotten': {
    story: 'a vault that died over a request forgets it, and takes nothing back',
    vault: { forgetsIntents: true },
  },
  'vault-reversal-skipped': { story: 'the vault takes nothing back', vault: { skipsReversals: true } },
  'vault-reversal-once': { story: 'a reversal whose answer is lost is not repeated', vault: { reversesOnce: true } },
  'capture-skipped': { story: 'what was sold is never captured', vault: { skipsCaptures: true } },
  'release-skipped': { story: 'what was given up is never released', vault: { skipsReleases: true } },
  'captured-twice': { story: 'each try of a capture is another one', vault: { newIds: 'capture' } },
  'refunded-twice': { story: 'each try of a refund is another one', vault: { newIds: 'refund' } },
  'number-good-again': { story: 'a one-time number is good twice', issuer: { keepsNumbers: true } },
  'number-any-amount': { story: 'a one-time number is good for any amount', issuer: { anyAmount: true } },
  'number-any-shop': { story: 'a one-time number is good at any shop', issuer: { anyMerchant: true } },
  'authorised-after-reversal': {
    story: 'what comes after its reversal is authorised',
    issuer: { forgetsReversals: true },
  },

  // questions, and what a payer shows
  'released-unsigned': {
    story: 'what an answer releases is not what was signed',
    command: questions.releasingUnsigned,
    store: questions.unsignedReleased,
  },
  'answered-twice': { story: 'a question is answered twice', store: questions.answeredTwice },
  'question-billed': { story: 'a question gets a bill and is paid', store: questions.questionBilled },
  'releases-ignored': { story: 'nobody looks at what a payer hides', store: questions.releasesIgnored },
  'shown-unasked': { story: 'an answer shows more than it releases', store: questions.shownUnasked },
  'block-ignored': { story: 'whoever was blocked asks again', store: questions.blockIgnored },

  // the operator
  'freeze-ignored': { story: 'a frozen account pays', store: bank.statusIgnored('frozen', bank.isApproving) },
  'closed-billed': { story: 'a closed account opens a bill', store: bank.statusIgnored('closed', bank.isOpening) },
  'status-lost': { story: "the account's new status is not written", store: bank.statusLost },
  'action-forgotten': { story: "the operator's deed has no row in the log", store: bank.actionForgotten },
  'file-by-rows': { story: 'a file of credits is booked row by row', desk: bank.fileByRows },
} as const satisfies Record<string, Plant>

export type PlantName = keyof typeof PLANTS
export const isPlantName = (text: string): text is PlantName => Object.hasOwn(PLANTS, text)

function toTheLastPayee(town: Around): Store {
  const payees = new Map<string, Transfer['credit']>()
  return rebooking((transfer) => {
    if (transfer.kind !== 'settle') return [transfer]
    const credit = payees.get(transfer.unit) ?? transfer.credit
    payees.set(transfer.unit, transfer.credit)
    return [{ ...transfer, credit }]
  })(town)
}
