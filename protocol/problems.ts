// RFC 9457 problem details: one shape for every no, with a stable code, a sentence for a person and what to do next.
import { REFUSALS, type RefusalCode } from '#core/refusals.ts'

/** Nos that are said at the border, before anything is decided: they change nothing and consume no command id. */
export const BORDER_PROBLEMS = {
  'json-invalid': [
    400,
    'The request is not readable JSON.',
    'Send UTF-8 JSON, each name once, at most eight levels deep.',
  ],
  'request-invalid': [400, 'The request is not well-formed.', 'Compare it with the documentation.'],
  'amount-invalid': [
    422,
    'An amount is not right.',
    "Send a decimal integer in the unit's smallest part as a string, within the range.",
  ],
  'unit-invalid': [422, 'There is no such currency.', 'Send an ISO 4217 code.'],
  'bill-invalid': [422, 'The bill does not add up.', 'The total is the sum of the lines, and above zero.'],
  'id-invalid': [422, 'An id is not right.', 'Send the id as the hub or the sender made it.'],
  'unknown-field': [422, 'There is a field that does not belong here.', 'Leave it out.'],
  'field-invalid': [422, 'A field is missing or not right.', 'Compare it with the documentation.'],
  'text-invalid': [
    422,
    'A text has characters that cannot be shown, or is too long.',
    'Send plain text without control characters.',
  ],
  'card-number-in-text': [
    422,
    'A text holds what looks like a card number.',
    'Leave the number out: a card is registered in the wallet and written nowhere else.',
  ],
  'day-invalid': [422, 'A day is not right.', 'Send YYYY-MM-DD, the first day not after the last, at most 366 days.'],
  'too-many-contacts': [409, 'The list of contacts is full.', 'Remove one first.'],
  'too-many-units': [409, 'The account counts in as many currencies as it can.', 'Use one of those.'],
  'period-invalid': [
    422,
    'A cancellation period is not right.',
    'Send an ISO 8601 duration of at most ten years and an IANA time zone.',
  ],
  'restriction-invalid': [
    422,
    'A restriction is not right.',
    'Name at least one; a daily quantity needs the code of the article.',
  ],
  'rows-invalid': [
    422,
    'Some rows of the file are not right; none was booked.',
    'Put the named rows right and send the file again.',
  ],
  'goods-invalid': [
    422,
    'Some rows of the price file are not right; nothing was changed.',
    'Put the named rows right and send the file again.',
  ],
  'goods-changed': [
    409,
    'The price file was changed by somebody else meanwhile.',
    'Look at the new one, and make the change again.',
  ],
  'card-tables-changed': [
    409,
    'The tables of cards were changed by somebody else meanwhile.',
    'Look at the new ones, and make the change again.',
  ],
  'picture-invalid': [
    422,
    'This is no picture that can be used.',
    'Send a JPEG of a face, not larger than 2048 pixels.',
  ],
  'too-many-devices': [409, 'This person has as many phones as they may.', 'Revoke one first.'],
  'too-many-points': [409, 'This shop has as many signs as it may.', 'End one first.'],
  'menu-invalid': [422, 'The menu does not fit together.', 'Put the named part right and send it again.'],
  'menu-changed': [409, 'The menu was changed meanwhile.', 'Look at the new menu and order again.'],
  'menu-closed': [409, 'Nothing is served at this time.', 'Look at the opening hours.'],
  'sold-out': [409, 'There is not enough of this left.', 'Order less of it, or something else.'],
  'order-invalid': [422, 'The order does not fit the menu.', 'Choose from the menu as it is.'],
  'tab-closed': [409, 'This table was closed.', 'Order again to open a new one.'],
  'tab-full': [409, 'This table has as many orders, guests or shares as it may.', 'Pay or give back something first.'],
  'too-many-tabs': [409, 'Too many orders wait to be paid here.', 'Wait a moment and order again.'],
  'line-taken': [409, 'Somebody else is paying this, or it was refused.', 'Look at the table and choose again.'],
  'nothing-open': [409, 'There is nothing left to pay here.', 'Look at the table.'],
  'share-differs': [409, 'The table is being shared among another number.', 'Take one of those shares.'],
  'share-too-small': [409, 'There is too little left to share it like this.', 'Share it among fewer.'],
  'share-under-way': [409, 'Somebody at this table is paying right now.', 'Wait until that is paid or given back.'],
  'line-moved-on': [409, 'This line is in another state by now.', 'Look at the list and decide again.'],
  'point-ended': [410, 'This sign is not in use any more.', 'Ask the shop for another way to pay.'],
  'too-many-staff': [409, 'This shop has as many people as it may.', 'End one first.'],
  'device-waiting': [
    409,
    'This phone is not let in yet.',
    'Wait until the time that was told; the other phones can refuse it.',
  ],
  'request-refused': [403, 'Another phone of this person has refused this one.', 'Sign in from a known phone.'],
  'cashier-needed': [403, 'Nobody has signed in at this terminal.', 'Sign in with your PIN.'],
  'not-permitted': [403, 'Your role does not allow this.', 'Ask a manager or the owner.'],
  'last-owner': [409, 'A shop keeps at least one owner.', 'Make somebody else an owner first.'],
  'passkey-needed': [401, 'Operators sign in with a passkey.', 'Use the passkey of this operator, or add one.'],
  'operator-revoked': [401, 'This operator may not work here any more.', 'Ask another operator for a code.'],
  'type-unsupported': [415, 'The body is not JSON.', 'Send content-type application/json, not compressed.'],
  'too-large': [413, 'The request is too large.', 'Send less at once.'],
  'method-not-allowed': [405, 'This address does not take that method.', 'Compare it with the documentation.'],
  'route-not-found': [404, 'There is nothing at this address.', 'Compare it with the documentation.'],
  'session-needed': [401, 'This needs a session.', 'Start a session with the enrolled key.'],
  'session-ended': [401, 'The session has ended.', 'Start a new session with the enrolled key.'],
  'signature-needed': [
    401,
    'This needs a signature of the request.',
    'Sign the request with the session key (RFC 9421).',
  ],
  'signature-wrong': [401, "The request's signature does not fit.", 'Sign exactly what is sent, with this session.'],
  'not-allowed': [403, 'This is not for this kind of client.', 'Use a terminal for bills and a device for payments.'],
  'means-refused': [
    422,
    'The bank does not know this account under this name.',
    'Compare bank, branch, number and the name in kana with the cash card.',
  ],
  'bank-unavailable': [
    503,
    'The bank cannot be asked now.',
    'Send the same command again later, or choose another means.',
  ],
  'too-many-means': [409, 'This person has as many bank accounts as they may.', 'Remove one first.'],
  'card-number-invalid': [422, 'This is no card number.', 'Compare it with the card.'],
  'card-issuer-unknown': [422, 'Cards that begin like this are not taken here.', 'Use a card of another issuer.'],
  'card-refused': [
    422,
    'The issuer does not confirm this card.',
    'Compare number, month and security code with the card, or ask its issuer.',
  ],
  'card-envelope-invalid': [
    422,
    'The vault cannot open this envelope.',
    'Ask for the keys again, and encrypt the number anew under a new command.',
  ],
  'too-many-cards': [409, 'This person has as many cards as they may.', 'Remove one first.'],
  'card-number-none': [409, 'No card number waits to be sent for this deal.', 'Look at the deal again.'],
  'card-not-accepted': [409, 'This shop takes no cards of this issuer.', 'Choose another means.'],
  'method-not-accepted': [
    409,
    'This way of repaying is not offered here, or not for this amount.',
    'Look at the methods again and choose one of them.',
  ],
  'card-expired': [409, 'This card has expired.', 'Register the new card, or choose another means.'],
  'cards-unavailable': [409, 'Cards cannot be used now.', 'Try again later, or choose another means.'],
  'means-not-found': [404, 'There is no such means of yours.', 'Look at the list of your means again.'],
  'code-clock': [
    409,
    "The phone's clock is wrong, or the code is an old one.",
    "Set the phone's clock, or connect the phone, and show a new code.",
  ],
  'code-not-found': [404, 'This code is not known, or was used, or has run out.', 'Ask for a new code.'],
  'code-foreign': [422, 'This code is of another wallet.', 'Ask for a code of this one, or show a number.'],
  'purchase-invalid': [
    422,
    'This is no purchase that a register of this scheme has signed.',
    'Read the code of the register again.',
  ],
  'purchase-expired': [410, 'This purchase has run out.', 'Ask the register for a new one.'],
  'key-unknown': [401, 'This API key is not known, or was ended.', 'Use a key that the shop has made and not ended.'],
  'scope-missing': [403, 'This API key is not good for this.', 'Make a key with the scope that this needs.'],
  'too-many-keys': [409, 'This shop has as many API keys as it may.', 'End one first.'],
  'key-made': [
    409,
    'This command has made a key, whose secret can be told no more.',
    'End that key, and make another one.',
  ],
  'too-many-webhooks': [409, 'This shop has as many webhooks as it may.', 'End one first.'],
  'webhook-off': [409, 'This webhook is switched off.', 'Switch it on first.'],
  'address-invalid': [
    422,
    'The hub does not send to this address.',
    'Name an https address on the open internet, without user or password.',
  ],
  'too-many-links': [409, 'This shop has as many open payment links as it may.', 'End one first.'],
  'link-over': [410, 'This payment link has run out, was ended, or was paid.', 'Ask the shop for a new one.'],
  'invoice-number-invalid': [
    422,
    'This is no registration number: its check digit does not fit.',
    'Compare it with the notice of the tax office: T and 13 digits.',
  ],
  'no-receipt': [409, 'Nothing was paid here, so there is no receipt.', 'Look at the payment first.'],
  'email-missing': [409, 'There is no mail address for this person yet.', 'Add one in the wallet, under “You”.'],
  'mail-unavailable': [409, 'This hub sends no mail.', 'Ask the operator for a one-time code.'],
  'no-host-name': [409, 'Passkeys need a host name, and the hub is reached by address.', 'Use the PIN.'],
  'request-timeout': [408, 'The request came too slowly.', 'Send it again.'],
  'headers-too-large': [431, 'The headers are too large.', 'Send fewer or shorter headers.'],
  busy: [
    503,
    'The hub has too much to do at the moment.',
    'Send the same command again in a moment; it takes effect once.',
  ],
  unavailable: [
    503,
    'The hub cannot reach its books at the moment.',
    'Send the same command again in a moment; it takes effect once.',
  ],
} as const satisfies Record<string, readonly [status: number, title: string, next: string]>

/** What the client itself finds: never sent by a hub. */
export const CLIENT_PROBLEMS = {
  'no-answer': [504, 'There is no answer from the hub.', 'Check the connection and try again.'],
  'passkey-failed': [400, 'The passkey was not used.', 'Try again, or use the PIN.'],
} as const satisfies Record<string, readonly [status: number, title: string, next: string]>

export type ProblemCode = keyof typeof BORDER_PROBLEMS | keyof typeof CLIENT_PROBLEMS | RefusalCode

export const PROBLEMS: Record<ProblemCode, readonly [number, string, string]> = {
  ...REFUSALS,
  ...BORDER_PROBLEMS,
  ...CLIENT_PROBLEMS,
}

export type Problem = Readonly<{
  type: string
  title: string
  status: number
  code: ProblemCode
  next: string
  /** fields or figures by name; RFC 9457 keeps `detail` for a sentence */
  figures?: Readonly<Record<string, string>>
}>

/** The problem for a code. `figures` names fields or figures; never an echo of what was sent. */
export function problemOf(code: ProblemCode, figures?: Readonly<Record<string, string>>): Problem {
  const [status, title, next] = PROBLEMS[code]
  return { type: `urn:warifu:problem:${code}`, title, status, code, next, ...(figures && { figures }) }
}
