// Who is who, as people set it up: signing up, profile and picture, what is shown to whom, phones, recovery, staff, push, certificates.
import { Type, type Static, type TSchema } from 'typebox'
import { AGE_BANDS, ASKABLE } from '#core/persona.ts'
import { STRENGTHS } from '#core/device.ts'
import { STAFF_ROLES } from '#core/staff.ts'
import { COMMANDS } from './commands.ts'
import { LIMITS } from './limits.ts'
import { INVITED_TERMINALS } from './operator.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'
import { SchemeView, SelfView } from './views.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

const Done = part.Closed({ done: Type.Literal(true) })
const Enrolled = part.Closed({ self: SelfView, scheme: SchemeView })
const StaffIdPart = Type.String({ pattern: '^stf_[0-9a-f]{32}$', description: "one of a merchant's people" })
const RequestIdPart = Type.String({ pattern: '^[0-9a-f]{32}$', description: 'a phone that waits to be let in' })
const DayPart = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', description: 'YYYY-MM-DD' })
/** Deliberately simple: whether an address works is shown by the code that arrives there. */
export const EmailPart = Type.String({
  maxLength: LIMITS.emailLength,
  pattern: '^[A-Za-z0-9!#$%&*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$',
  examples: ['hanako@example.jp'],
})
const MailCodePart = Type.String({ pattern: '^[0-9]{6}$', description: 'the six digits from the mail' })
const AnyMailCodePart = Type.String({
  pattern: '^([0-9]{6}|[0-9]{20})$',
  description: 'the digits from the mail: six, or twenty where a mail says that it is the last for now',
})
/** Others know the address; this they do not, so that their wrong tries are not this asker's. */
const AskingPart = Type.String({
  pattern: '^[A-Za-z0-9_-]{22}$',
  description: '16 random bytes that stay with the asker: six digits are good with them alone',
})
export const LanguagePart = part.literals(['en', 'ja'])
export type Language = Static<typeof LanguagePart>

/** A proof for something that is no payment: see presenceBytes in signed-bytes.ts. */
export const PresencePart = part.Closed({
  approval: COMMANDS.approve.properties.approval,
  signature: COMMANDS.approve.properties.signature,
  proof: COMMANDS.approve.properties.proof,
})
export type PresenceBody = Static<typeof PresencePart>

/** What a presence may be for; the word and its subject are signed. */
export const PRESENCE_ACTIONS = [
  'unlock',
  'add-device',
  'change-secret',
  'remove-passkey',
  'approves-with',
  'change-email',
  'add-means',
  'add-card',
] as const
export type PresenceAction = (typeof PRESENCE_ACTIONS)[number]

const Verifier = {
  salt: part.Base64urlPart(64, 'SCRAM salt, 16 or more random bytes'),
  iterations: Type.Integer({ minimum: 100_000, maximum: 2_000_000 }),
  storedKey: part.Base64urlPart(43, 'SHA-256 of ClientKey'),
  serverKey: part.Base64urlPart(43, 'HMAC(SaltedPassword, "Server Key")'),
}
const ScramAnswer = {
  clientNonce: part.Base64urlPart(64, '16 or more random bytes'),
  clientProof: part.Base64urlPart(64, 'RFC 5802 ClientProof'),
}
const ScramAsk = {
  nonce: part.Base64urlPart(22, "the hub's 16 bytes for the next proof"),
  salt: part.Base64urlPart(64, 'SCRAM salt'),
  iterations: Type.Integer(),
}
const Code = { code: Type.String({ description: 'the one-time code as a person types it' }), expiresAt: part.TimePart }

const ReleasePart = part.literals(['show', 'ask', 'hide'])
export const ReleasesPart = part.Closed({
  'age-band': ReleasePart,
  'member-number': ReleasePart,
  region: ReleasePart,
  email: ReleasePart,
  portrait: ReleasePart,
} satisfies Record<(typeof ASKABLE)[number], TSchema>)

export const ProfileView = part.Closed({
  name: Type.String({ description: 'the display name: every biller sees it' }),
  legalName: Type.String(),
  email: orNull(Type.String()),
  language: LanguagePart,
  birthDate: orNull(Type.String({ description: 'as the person says; decides nothing' })),
  portrait: orNull(Type.String({ description: 'base64 of the JPEG' })),
  hasUserCode: Type.Boolean(),
  verified: part.Closed(
    {
      ageBand: orNull(part.literals(AGE_BANDS)),
      region: orNull(Type.String()),
      members: Type.Array(part.Closed({ name: Type.String(), number: orNull(Type.String()) })),
    },
    { description: 'what the operator has seen proof of: this alone decides, and this alone is shown' },
  ),
})
export type ProfileView = Static<typeof ProfileView>

export const ReleasesView = part.Closed({
  everybody: ReleasesPart,
  merchants: Type.Array(part.Closed({ party: part.PartyIdPart, name: Type.String(), releases: ReleasesPart })),
})
export type ReleasesView = Static<typeof ReleasesView>

const Phone = {
  id: part.DeviceIdPart,
  label: Type.String(),
  status: part.literals(['active', 'revoked']),
  enrolledAt: part.TimePart,
  lastSeenAt: orNull(part.TimePart),
}
const WaitingPhones = Type.Array(
  part.Closed({
    request: RequestIdPart,
    label: Type.String(),
    requestedAt: part.TimePart,
    readyAt: part.TimePart,
  }),
  { description: 'asked for by mail and password; any phone here can refuse them' },
)
export const DevicesView = part.Closed({
  devices: Type.Array(
    part.Closed({ ...Phone, isThis: Type.Boolean(), approvesWith: part.literals(['any', 'security-key']) }),
  ),
  waiting: WaitingPhones,
})
export type DevicesView = Static<typeof DevicesView>

export const RecoveryView = part.Closed({
  ...ScramAsk,
  devices: Type.Array(part.Closed(Phone)),
  waiting: WaitingPhones,
})
export type RecoveryView = Static<typeof RecoveryView>

export const PasskeysView = part.Closed({
  passkeys: Type.Array(
    part.Closed({
      credential: part.Base64urlPart(1400, 'credential id'),
      kind: part.literals(STRENGTHS),
      addedAt: part.TimePart,
    }),
  ),
})
export type PasskeysView = Static<typeof PasskeysView>

const StaffRow = { id: StaffIdPart, name: Type.String(), role: part.literals(STAFF_ROLES) }
/** What a terminal shows of its merchant's people. */
export const StaffHereView = part.Closed({
  needed: Type.Boolean({ description: 'somebody must sign in before this terminal does anything' }),
  cashier: orNull(part.Closed(StaffRow)),
  staff: Type.Array(part.Closed({ ...StaffRow, hasPin: Type.Boolean() })),
})
export type StaffHereView = Static<typeof StaffHereView>

/** What the office shows to a manager or owner. */
export const StaffView = part.Closed({
  staff: Type.Array(
    part.Closed({
      ...StaffRow,
      hasPin: Type.Boolean(),
      status: part.literals(['active', 'ended']),
      addedAt: part.TimePart,
    }),
  ),
  terminals: Type.Array(
    part.Closed({
      id: part.TerminalIdPart,
      kind: part.literals(INVITED_TERMINALS),
      label: Type.String(),
      status: part.literals(['active', 'revoked']),
      enrolledAt: part.TimePart,
      lastSeenAt: orNull(part.TimePart),
      cashier: orNull(Type.String()),
      isThis: Type.Boolean(),
    }),
  ),
})
export type StaffView = Static<typeof StaffView>

const device = { who: 'device', problems: [] } as const
const read = { method: 'GET', access: 'token' } as const
const write = { method: 'POST', access: 'signed' } as const
const open = { method: 'POST', access: 'open' } as const

/** Codes a proof can end with, where it is no payment's. */
const PROOF_PROBLEMS = [
  'signature-invalid',
  'approval-expired',
  'device-revoked',
  'proof-needed',
  'proof-wrong',
  'proof-locked',
  'security-key-needed',
] as const

export const IDENTITY_ROUTES = {
  signUpMail: {
    ...open,
    path: '/v1/sign-up/mail',
    summary: 'Sends a code to an address. Whether somebody has it already is not told; then the mail says so.',
    body: part.Closed({ email: EmailPart, language: LanguagePart, asking: AskingPart }),
    response: Done,
    problems: ['mail-unavailable', 'too-many-tries'],
  },
  signUp: {
    ...open,
    path: '/v1/sign-up',
    summary: 'Makes a person with an account and this phone. The same key may repeat it when the answer was lost.',
    body: part.Closed({
      email: EmailPart,
      code: AnyMailCodePart,
      asking: AskingPart,
      displayName: part.TextPart(LIMITS.nameLength),
      legalName: part.TextPart(LIMITS.nameLength),
      language: LanguagePart,
      birthDate: orNull(DayPart),
      key: part.Base64urlPart(87, 'uncompressed P-256 public key, 65 bytes'),
      label: part.TextPart(LIMITS.nameLength),
      signature: part.Base64urlPart(86, 'by that key over "WE1" | code | key'),
    }),
    response: Enrolled,
    problems: ['code-not-found', 'signature-invalid', 'too-many-tries', 'day-invalid', 'device-revoked'],
  },
  profile: {
    ...read,
    ...device,
    path: '/v1/profile',
    summary: 'What the hub knows of this person.',
    response: ProfileView,
  },
  setProfile: {
    ...write,
    who: 'device',
    path: '/v1/profile',
    summary: 'Changes what the person says of themselves.',
    body: part.Closed({
      displayName: part.TextPart(LIMITS.nameLength),
      language: LanguagePart,
      birthDate: orNull(DayPart),
    }),
    response: ProfileView,
    problems: ['day-invalid'],
  },
  setPortrait: {
    ...write,
    who: 'device',
    path: '/v1/profile/portrait',
    summary:
      'The picture: a JPEG, which the hub reads and writes anew without anything but the picture. Null removes it.',
    body: part.Closed({ picture: orNull(part.Base64urlPart(LIMITS.pictureSentBytes, 'JPEG')) }),
    bodyBytes: LIMITS.pictureSentBytes + 1024,
    response: ProfileView,
    problems: ['picture-invalid', 'too-large', 'too-many-tries'],
  },
  setEmail: {
    ...write,
    who: 'device',
    path: '/v1/profile/email',
    summary: 'Sends a code to a new address; with the code it becomes the address of this person.',
    body: part.Closed({ email: EmailPart, code: orNull(MailCodePart), presence: orNull(PresencePart) }),
    response: ProfileView,
    problems: ['mail-unavailable', 'code-not-found', 'too-many-tries', ...PROOF_PROBLEMS],
  },
  setUserCode: {
    ...write,
    who: 'device',
    path: '/v1/profile/user-code',
    summary: 'A code that a site must know before it may ask this person unasked (CIBA user_code); null for none.',
    body: part.Closed({ userCode: orNull(Type.String({ pattern: '^[0-9A-Za-z]{4,20}$' })) }),
    response: ProfileView,
    problems: [],
  },
  releases: {
    ...read,
    ...device,
    path: '/v1/releases',
    summary: 'What this person shows, to everybody and to single shops.',
    response: ReleasesView,
  },
  setReleases: {
    ...write,
    who: 'device',
    path: '/v1/releases',
    summary: 'Changes what is shown, to everybody (merchant null) or one shop; null releases forget the shop.',
    body: part.Closed({ merchant: orNull(part.PartyIdPart), releases: orNull(ReleasesPart) }),
    response: ReleasesView,
    problems: ['party-unknown', 'too-many-contacts'],
  },

  presenceNonce: {
    ...write,
    who: 'device',
    path: '/v1/presence/nonce',
    summary: 'Sixteen bytes for the next proof that is no payment; good for five minutes and once.',
    body: part.Closed({}),
    response: part.Closed({ nonce: part.NoncePart, expiresAt: part.TimePart }),
    problems: [],
  },
  unlock: {
    ...write,
    who: 'device',
    path: '/v1/unlock',
    summary: 'The owner proves to be there: for a while small payments need no proof.',
    body: part.Closed({ presence: PresencePart }),
    response: part.Closed({ provedAt: part.TimePart, until: part.TimePart }),
    problems: PROOF_PROBLEMS,
  },
  changeSecret: {
    ...write,
    who: 'device',
    path: '/v1/secret/change',
    summary: 'A new PIN or password, with a proof of the owner.',
    body: part.Closed({ ...Verifier, presence: PresencePart }),
    response: Done,
    problems: PROOF_PROBLEMS,
  },
  passkeys: { ...read, ...device, path: '/v1/passkeys', summary: "The person's passkeys.", response: PasskeysView },
  removePasskey: {
    ...write,
    who: 'device',
    path: '/v1/passkeys/remove',
    summary: 'Forgets a passkey.',
    body: part.Closed({ credential: part.Base64urlPart(1400, 'credential id'), presence: PresencePart }),
    response: PasskeysView,
    problems: ['not-found', ...PROOF_PROBLEMS],
  },

  devices: {
    ...read,
    ...device,
    path: '/v1/devices',
    summary: "The person's phones, and those that wait to be let in.",
    response: DevicesView,
  },
  deviceCode: {
    ...write,
    who: 'device',
    path: '/v1/devices/codes',
    summary: 'A one-time code for a further phone.',
    body: part.Closed({ presence: PresencePart }),
    response: part.Closed(Code),
    problems: ['too-many-devices', ...PROOF_PROBLEMS],
  },
  revokeDevice: {
    ...write,
    who: 'device',
    path: '/v1/devices/revoke',
    summary: 'This phone may do nothing any more, at once; its streams are cut.',
    body: part.Closed({ device: part.DeviceIdPart }),
    response: DevicesView,
    problems: ['not-found'],
  },
  refuseDevice: {
    ...write,
    who: 'device',
    path: '/v1/devices/refuse',
    summary: 'A phone that waits is not let in.',
    body: part.Closed({ request: RequestIdPart }),
    response: DevicesView,
    problems: ['not-found'],
  },
  approvesWith: {
    ...write,
    who: 'device',
    path: '/v1/devices/approves-with',
    summary: 'Whether this phone approves with its security key alone. Needs a proof by a security key either way.',
    body: part.Closed({ with: part.literals(['any', 'security-key']), presence: PresencePart }),
    response: DevicesView,
    problems: PROOF_PROBLEMS,
  },

  recoveryMail: {
    ...open,
    path: '/v1/recovery/mail',
    summary:
      'A phone is lost or new: sends a code, if somebody has this address. The answer is the same if nobody has.',
    body: part.Closed({ email: EmailPart, language: LanguagePart, asking: AskingPart }),
    response: Done,
    problems: ['mail-unavailable', 'too-many-tries'],
  },
  recovery: {
    ...open,
    path: '/v1/recovery/devices',
    summary: 'With the code from the mail: the phones, and what a proof of the password needs.',
    body: part.Closed({ email: EmailPart, code: AnyMailCodePart, asking: AskingPart }),
    response: RecoveryView,
    problems: ['code-not-found', 'too-many-tries'],
  },
  recoveryRevoke: {
    ...open,
    path: '/v1/recovery/revoke',
    summary:
      'With the code from the mail: a phone may do nothing any more, or one that waits is not let in; from any browser.',
    body: part.Closed({
      email: EmailPart,
      code: AnyMailCodePart,
      asking: AskingPart,
      device: Type.Union([part.DeviceIdPart, RequestIdPart]),
    }),
    response: RecoveryView,
    problems: ['code-not-found', 'too-many-tries', 'not-found'],
  },
  recoveryRequest: {
    ...open,
    path: '/v1/recovery/request',
    summary: 'With code and password: asks for this phone to be let in after a wait, of which the others hear.',
    body: part.Closed({
      email: EmailPart,
      code: AnyMailCodePart,
      asking: AskingPart,
      key: part.Base64urlPart(87, 'uncompressed P-256 public key, 65 bytes'),
      label: part.TextPart(LIMITS.nameLength),
      signature: part.Base64urlPart(86, 'by that key over "WE1" | code | key'),
      ...ScramAnswer,
    }),
    response: part.Closed({ request: RequestIdPart, readyAt: part.TimePart }),
    problems: ['code-not-found', 'proof-wrong', 'too-many-tries', 'too-many-devices', 'signature-invalid'],
  },
  recoveryFinish: {
    ...open,
    path: '/v1/recovery/finish',
    summary: 'After the wait: the phone is let in, unless an older one has refused it.',
    body: part.Closed({
      request: RequestIdPart,
      signature: part.Base64urlPart(86, 'by the waiting key over "WF1" | request 16'),
    }),
    response: Enrolled,
    problems: [
      'not-found',
      'device-waiting',
      'request-refused',
      'signature-invalid',
      'device-revoked',
      'too-many-devices',
    ],
  },

  pushKey: {
    method: 'GET',
    access: 'open',
    path: '/v1/push/key',
    summary: 'The VAPID key for a subscription, and the key that signs what is pushed.',
    response: part.Closed({
      vapid: part.Base64urlPart(87, 'uncompressed P-256 public key'),
      signer: part.Base64urlPart(87, "the scheme's public key"),
    }),
    problems: [],
  },
  push: {
    ...write,
    who: 'device',
    path: '/v1/push',
    summary: 'Where this wallet is reached when it is closed (RFC 8030); null for nowhere.',
    body: part.Closed({
      subscription: orNull(
        part.Closed({
          endpoint: Type.String({ pattern: '^https://[!-~]{1,1000}$' }),
          p256dh: part.Base64urlPart(87, 'public key of the subscription'),
          auth: part.Base64urlPart(22, 'its secret'),
        }),
      ),
      detail: Type.Boolean({ description: 'names and amounts may stand on the lock screen' }),
    }),
    response: Done,
    problems: ['field-invalid'],
  },
  presence: {
    ...open,
    path: '/v1/presence',
    summary:
      'A closed wallet answers a pushed command by itself: its stored, still valid proof of the owner, signed by the device.',
    body: part.Closed({
      device: part.DeviceIdPart,
      command: Type.String({ pattern: '^[0-9a-f]{32}$', description: "the pushed command's id" }),
      provedAt: part.TimePart,
      until: part.TimePart,
      signature: part.Base64urlPart(86, 'by the device key over "WP1" | device 16 | command 16 | provedAt 8 | until 8'),
    }),
    response: part.Closed({ isThere: Type.Boolean() }),
    problems: ['signature-invalid', 'device-revoked', 'not-found'],
  },
  certificate: {
    ...write,
    path: '/v1/certificates',
    summary:
      "A client certificate of the hub's own authority for the enrolled key: it opens the same routes by mutual TLS.",
    body: part.Closed({}),
    response: part.Closed({
      certificate: Type.String({ description: 'PEM' }),
      authority: Type.String({ description: 'PEM' }),
      notAfter: part.TimePart,
    }),
    problems: [],
  },

  portraitAtCounter: {
    ...read,
    who: 'terminal',
    path: '/v1/deals/{deal}/portrait',
    summary: 'The picture of who has joined, where it was released to this shop and the deal is not over.',
    params: part.Closed({ deal: part.DealIdPart }),
    response: part.Closed({ picture: Type.String({ description: 'base64 of the JPEG' }) }),
    problems: ['not-found'],
  },
  staffHere: {
    ...read,
    who: 'terminal',
    path: '/v1/staff/here',
    summary: 'Who may sign in at this terminal, and who has.',
    response: StaffHereView,
    problems: [],
  },
  staffNonce: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/nonce',
    summary: 'What the PIN of one of the staff is proved with, once and within two minutes.',
    body: part.Closed({ staff: StaffIdPart }),
    response: part.Closed(ScramAsk),
    problems: ['not-found'],
  },
  staffSignIn: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/sign-in',
    summary: 'Somebody of the staff takes over this terminal.',
    body: part.Closed({ staff: StaffIdPart, ...ScramAnswer }),
    response: StaffHereView,
    problems: ['not-found', 'proof-wrong', 'proof-locked'],
  },
  staffSignOut: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/sign-out',
    summary: 'Nobody stands at this terminal any more.',
    body: part.Closed({}),
    response: StaffHereView,
    problems: [],
  },
  staffEnrol: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/enrol',
    summary: 'With the one-time code somebody of the staff sets a PIN, and stands at this terminal.',
    body: part.Closed({ code: Type.String({ pattern: '^[0-9A-Za-z -]{8,40}$' }), ...Verifier }),
    response: StaffHereView,
    problems: ['code-not-found', 'too-many-tries'],
  },
  staff: {
    ...read,
    who: 'terminal',
    path: '/v1/staff',
    summary: "The merchant's people and machines, for a manager or owner who has signed in here.",
    response: StaffView,
    problems: ['cashier-needed', 'not-permitted'],
  },
  staffAdd: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/add',
    summary: 'A further person, or (staff given) a new code for one who forgot the PIN.',
    body: part.Closed({
      staff: orNull(StaffIdPart),
      name: part.TextPart(LIMITS.nameLength),
      role: part.literals(STAFF_ROLES),
    }),
    response: part.Closed({ ...Code, staff: StaffIdPart }),
    problems: ['cashier-needed', 'not-permitted', 'not-found', 'too-many-staff'],
  },
  staffEnd: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/end',
    summary: 'Somebody may not work here any more, at once. The last owner stays.',
    body: part.Closed({ staff: StaffIdPart }),
    response: StaffView,
    problems: ['cashier-needed', 'not-permitted', 'not-found', 'last-owner'],
  },
  staffTerminal: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/terminals',
    summary: 'A one-time code for a further machine of this merchant.',
    body: part.Closed({ label: part.TextPart(LIMITS.nameLength), terminal: part.literals(INVITED_TERMINALS) }),
    response: part.Closed(Code),
    problems: ['cashier-needed', 'not-permitted'],
  },
  staffRevoke: {
    ...write,
    who: 'terminal',
    path: '/v1/staff/terminals/revoke',
    summary: 'A machine of this merchant may do nothing any more, at once.',
    body: part.Closed({ terminal: part.TerminalIdPart }),
    response: StaffView,
    problems: ['cashier-needed', 'not-permitted', 'not-found'],
  },
  demoMail: {
    method: 'GET',
    access: 'open',
    path: '/v1/demo/mail',
    summary: 'The newest mails of the demo town, which go no further. Exists only in a scheme marked demo.',
    response: part.Closed({
      mails: Type.Array(
        part.Closed({
          to: Type.String(),
          subject: Type.String(),
          text: Type.String(),
          at: part.TimePart,
        }),
      ),
    }),
    problems: ['not-found'],
  },
} as const satisfies Record<string, Route>

export type IdentityRouteName = keyof typeof IDENTITY_ROUTES
type PartOf<Name extends IdentityRouteName, Part extends 'query' | 'body'> =
  (typeof IDENTITY_ROUTES)[Name] extends Readonly<Record<Part, infer Schema extends TSchema>> ? Static<Schema> : unknown
export type IdentityBody<Name extends IdentityRouteName> = PartOf<Name, 'body'>
export type IdentityView<Name extends IdentityRouteName> = Static<(typeof IDENTITY_ROUTES)[Name]['response']>

export const ALL_IDENTITY_ROUTES: readonly Route[] = Object.values(IDENTITY_ROUTES)
