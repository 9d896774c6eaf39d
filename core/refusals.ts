// The closed list of decided refusals: what the rules can answer instead of yes.
// A refusal is data, is recorded with its command, and says what the person can do next.

/** Every refusal: HTTP status, a sentence for a person, and what to do next. Order is by family, not by precedence. */
export const REFUSALS = {
  // finding
  'not-found': [404, 'There is nothing here under that name.', 'Check the id, or look at the list again.'],
  'number-not-found': [
    404,
    'No bill is waiting under this number.',
    'Compare the number with the screen of the shop and type it again.',
  ],
  // the deal has moved on
  'state-conflict': [409, 'The deal is in another state by now.', 'Look at the present state and decide again.'],
  'joined-meanwhile': [409, 'A phone has joined in the meantime.', 'Look at the deal and repeat it for the payment.'],
  'bill-changed': [409, 'The bill was changed.', 'Read the new bill and approve that one.'],
  'bill-missing': [409, 'The shop has not sent the amount yet.', 'Wait for the bill.'],
  'challenge-open': [409, 'The shop asked for the password first.', 'Answer the question on the phone.'],
  'no-challenge': [409, 'No question is open.', 'Look at the present state.'],
  'deal-exists': [409, 'This deal id is already used for another bill.', 'Make a new deal id.'],
  'already-refunded': [409, 'That is more than is left to refund.', 'Refund at most what is left.'],
  'not-settled': [409, 'The payment is not settled.', 'Refund is possible after the payment is settled.'],
  'cooling-off': [409, 'The cancellation period is not over.', 'Wait until it ends.'],
  'too-late': [409, 'The cancellation period is over.', 'Ask the shop for a refund.'],
  restricted: [403, 'This may not be sold to this person.', 'Take the line off the bill.'],
  'shop-asked': [409, 'The shop was asked whether it may sell this.', 'Wait for the answer of the shop.'],
  'not-asked': [409, 'No question is open for the shop.', 'Look at the present state.'],
  // who
  'device-revoked': [401, 'This phone may not pay any more.', 'Enrol the phone again.'],
  'other-device': [403, 'This is for another phone of yours.', 'Use the phone whose card was shown.'],
  'terminal-inactive': [403, 'This terminal is not active.', 'Ask the operator to activate it.'],
  'signature-invalid': [401, 'The approval does not fit this bill.', 'Show the bill again and approve it again.'],
  'approval-expired': [410, 'The approval came too late.', 'Approve again.'],
  'proof-needed': [403, 'A fresh proof of the owner is needed.', 'Unlock with the passkey or the PIN.'],
  'proof-wrong': [403, 'The PIN was not right.', 'Type it again.'],
  'security-key-needed': [
    403,
    'This phone approves with its security key alone.',
    'Plug in or hold the key to the phone, and approve again.',
  ],
  'proof-too-weak': [
    403,
    'This kind of proof is not good for so much.',
    'Approve with a passkey of this phone or a security key, or ask for less.',
  ],
  'proof-locked': [429, 'Too many wrong PINs.', 'Wait until the lock ends, then try again.'],
  'too-many-tries': [429, 'Too many wrong numbers from here.', 'Wait a while, or scan the code instead.'],
  'own-bill': [409, 'A party cannot pay its own bill.', 'Pay with another account.'],
  'too-many-questions': [429, 'This person was asked too often.', 'Wait a while, or show a number instead.'],
  'not-a-contact': [403, 'This person has not listed you.', 'Send a link or show a code instead.'],
  'too-many-bills': [429, 'Too many bills to people today.', 'Wait until tomorrow, or show a code instead.'],
  'party-unknown': [404, 'There is no such person or merchant.', 'Check the account number.'],
  'account-busy': [
    409,
    'Something is still arriving, held or open in this account.',
    'Wait until it is over, then close it.',
  ],
  'balance-left': [409, 'There is money in this account.', 'Pay it out, then close the account.'],
  'payer-refused': [
    403,
    'The signed purchase was refused on the side of the payer.',
    'Ask the payer to look at the wallet, or to pay in another way.',
  ],
  // money
  'insufficient-funds': [403, 'The balance is not enough.', 'Add money or choose another means.'],
  'account-frozen': [403, 'The account is frozen.', 'Ask the operator.'],
  'account-closed': [403, 'The account is closed.', 'Use another account.'],
  'account-unknown': [404, 'There is no such account.', 'Check the account number.'],
  'over-limit': [403, 'The amount is over the limit.', 'Ask for a smaller amount, or ask the operator.'],
  'over-offline-limit': [
    403,
    'This is more than may be taken without a network, or it was handed in too late.',
    'Take the payment again while the network is there.',
  ],
  'over-day-limit': [403, 'The amount is over what is left for today.', 'Pay less, or pay tomorrow.'],
  'over-month-limit': [403, 'The amount is over what is left for this month.', 'Pay less, or ask the operator.'],
  'rate-missing': [409, 'There is no rate between these currencies now.', 'Choose another means.'],
  'rate-expired': [409, 'The rate has run out.', 'Look at the new amount and approve that one.'],
  'means-changed': [409, 'What is paid with was changed.', 'Look at the means and the amount, and approve again.'],
  'over-bank-limit': [403, 'This is more than may be taken from this bank account.', 'Choose another means.'],
  'unit-mismatch': [422, 'The account does not count in this currency.', 'Use an account in that currency.'],
  // the door
  'command-mismatch': [422, 'This command id was used for another command.', 'Make a new command id.'],
  'could-not-decide': [409, 'The hub could not decide this.', 'Ask the operator; no money moved.'],
} as const satisfies Record<string, readonly [status: number, sentence: string, next: string]>

export type RefusalCode = keyof typeof REFUSALS

/** A decided no. `detail` holds figures the asker may know (never another party's). */
export type Refusal = Readonly<{ code: RefusalCode; detail?: Readonly<Record<string, string>> }>

export const refuse = (code: RefusalCode, detail?: Readonly<Record<string, string>>): Refusal =>
  detail === undefined ? { code } : { code, detail }

export const isRefusalCode = (text: string): text is RefusalCode => Object.hasOwn(REFUSALS, text)
