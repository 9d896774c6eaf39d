// Everything that can grow has a limit here, with its reason.

export const LIMITS = {
  /** a bill of 200 lines in Japanese is some 40 KB */
  bodyBytes: 64 * 1024,
  /** deepest honest body: bill → lines → conditions */
  jsonDepth: 8,
  /** a full shopping trolley; keeps the snapshot row far below PostgreSQL's 1 GB and a view below the WebSocket limit */
  billLines: 200,
  /** what fits two lines on a receipt, in code points */
  textLength: 120,
  /** a display name as it fits a register's screen at 2 m */
  nameLength: 60,
  lineQuantity: 99_999,
  /** the answer of a plugged-in proof, in base64url: some seconds of a voice or one picture; the body's limit leaves room for the rest */
  proofAnswerLength: 40_000,
  /** of one payment: each is kept in its snapshot, and nobody gives a sale back in more than a hundred pieces */
  refunds: 100,
  /** a membership's name as the operator writes it */
  membershipLength: 40,
  /** of one person: a card case full */
  memberships: 50,
  /** RFC 5321's longest path is 254 characters */
  emailLength: 254,
  /** a picture as the wallet sends it: 512 × 512 in good quality is 100 KB, in base64 a third more, and some phones write worse JPEG */
  pictureSentBytes: 400 * 1024,
  /** a picture as it is stored */
  pictureBytes: 100 * 1024,
  /** its edge in pixels: what a register shows at arm's length */
  pictureEdge: 512,
  /** decoded, at most: 2048 × 2048; a picture that says more is not decoded at all */
  picturePixels: 4 * 1024 * 1024,
  /** phones of one person: a family's drawer */
  devices: 20,
  /** people of one merchant: a department store has its own system */
  staff: 200,
  /** a code from a mail is typed within a quarter of an hour, and six digits stand five wrong tries */
  mailCodeMs: 15 * 60_000,
  mailCodeTries: 5,
  /** a phone asked for by mail and password waits a day, so that a thief of both is seen in time; in a demo a minute */
  deviceWaitMs: 24 * 3_600_000,
  demoDeviceWaitMs: 60_000,
  /** a phone that may come in and does not for a week is forgotten */
  deviceRequestMs: 7 * 24 * 3_600_000,
  /** a cashier who does nothing is signed out: a coffee break */
  cashierIdleMs: 30 * 60_000,
  /** a proof that is no payment */
  presenceMs: 5 * 60_000,
  /** mails of the demo town that are kept */
  demoMails: 50,
  /** pushes in a row that a push service did not take: the subscription is given up */
  pushFailures: 50,
  /** the longest quiet that a push service can ask for */
  quietMs: 3_600_000,
  /** a pushed command that a closed wallet answers by itself */
  pushedCommandMs: 60_000,
  /** a person whose phones stay silent for this long after a bill or question was sent to them gets a mail */
  silenceMs: 30_000,
  /** an operator's reason: a sentence or two, kept for ever */
  whyLength: 200,
  /** people one bills or pays: a village */
  contacts: 1_000,
  /** currencies in one account: each is a row that every balance and payment reads */
  units: 20,
  /** days of one file of entries: a year that may be a leap year */
  statementDays: 366,
  /** such files on their way to one party: a year of a busy shop is a million rows, and whoever reads it slowly holds up only himself */
  statementsAtOnce: 2,
  /** rows of a file of credits: a town's staff or a school's allowances in one commit of some hundred milliseconds */
  creditRows: 5_000,
  /** such a file: 5,000 rows of account, amount and a text in Japanese */
  creditFileBytes: 1024 * 1024,
  /** entries looked at for one page: a rare kind in a long history answers with a short page and where to go on */
  scannedEntries: 5_000,
  /** entries of a history page: one screenful on a desktop, three on a phone */
  pageSize: 50,
  /** one register's chatter: hello, a few subscriptions, pings */
  watchMessageBytes: 32 * 1024,
  watchMessagesPerSecond: 20,
  watchSubscriptions: 20,
  /** a watcher that says nothing holds a place that somebody else could use */
  helloWithinMs: 10_000,
  /** a town's phones behind one address translator are hundreds; one attacker should not hold thousands */
  watchPerAddress: 500,
  watchTotal: 10_000,
  /** commands waiting in the hub; past this the hub answers 503 at once instead of being late for everybody */
  waitingCommands: 5_000,
  /** a client's header section: signature, digest and token are some 700 bytes */
  headerBytes: 16 * 1024,
  /** slow clients */
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 15_000,
  /** an operator's passkey is asked for once in a working day; until then the key alone renews the session */
  operatorProofMs: 8 * 3_600_000,
  /** a session reads for this long at most; the SDK renews it */
  sessionMs: 10 * 60_000,
  /** an enrolment code is typed or scanned within a day */
  enrolmentCodeMs: 24 * 3_600_000,
  /** signatures older than this are refused, so that a captured request is worthless soon */
  signatureAgeMs: 5 * 60_000,
} as const

/** Budgets against guessing: `burst` tries at once, then `perHour`, never more than `perDay` wrong ones. */
export const BUDGETS = {
  device: { burst: 5, perHour: 20, perDay: 30 },
  account: { burst: 5, perHour: 20, perDay: 30 },
  address: { burst: 60, perHour: 60, perDay: 600 },
  /** enrolment codes have 50 random bits and a day to live */
  enrolment: { burst: 10, perHour: 30, perDay: 100 },
  /** bills sent to people unasked: a club's treasurer is quick, a swindler is stopped (UPI had to ban the feature for want of it) */
  bills: { burst: 20, perHour: 20, perDay: 50 },
  /** mails to one address: whoever writes somebody else's address must not fill the mailbox */
  mails: { burst: 3, perHour: 6, perDay: 12 },
  /** mails asked for from one block of addresses */
  mailing: { burst: 10, perHour: 30, perDay: 100 },
  /** passwords tried for one account by phones that are not enrolled; those that are have their own count in their own row */
  recovery: { burst: 5, perHour: 5, perDay: 10 },
  /** questions put to one person unasked (CIBA): more is harassment (MFA bombing) */
  questions: { burst: 5, perHour: 10, perDay: 30 },
  /** sign-ins begun by browsers of one block of addresses: each draws a number, which then rests for half an hour */
  'sign-in': { burst: 30, perHour: 120, perDay: 1_000 },
  /** codes that sites give to ask one person unasked (CIBA user_code): four signs fall to guessing */
  'user-code': { burst: 5, perHour: 5, perDay: 10 },
  /** names asked for by account number */
  lookups: { burst: 10, perHour: 30, perDay: 100 },
} as const
