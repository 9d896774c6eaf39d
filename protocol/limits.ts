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
  /** what a register reads off a phone: the longest of ours is some 130 characters, another wallet's at most 512 */
  codeLength: 512,
  /** a signed purchase as text: 200 lines in Japanese */
  purchaseLength: 24_000,
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
  /** the longest a register may go on without the hub: a long weekend */
  offlineMs: 4 * 24 * 3_600_000,
  /** phones of one person: a family's drawer */
  devices: 20,
  /** people of one merchant: a department store has its own system */
  staff: 200,
  /** bank accounts of one person: more banks than anybody has */
  means: 10,
  /** cards of one person: a card case full */
  cards: 20,
  /** an encrypted card number is some 600 characters */
  cardEnvelopeLength: 2_048,
  /** signs of one merchant that are in use: a car park has one a row, a festival one a stand */
  points: 200,
  /** a code from a mail is typed within a quarter of an hour, and six digits stand five wrong tries */
  mailCodeMs: 15 * 60_000,
  mailCodeTries: 5,
  /** the code in the last mail to an address that was asked for too often: until the next may be sent, which is a day at most */
  lastMailCodeMs: 24 * 3_600_000,
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
  /** the line that a shop has at the foot of its receipts: five of a roll of 80 mm */
  receiptTextLength: 240,
  /** a receipt that could not be mailed within a day is asked for again, or looked at in the wallet */
  receiptMailMs: 24 * 3_600_000,
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
  /** API keys of one merchant: a server, its test twin, one to change over with, for a handful of shops */
  apiKeys: 20,
  /** webhook endpoints of one merchant */
  webhooks: 10,
  webhookUrlLength: 500,
  /** deliveries of one endpoint that are over and kept for its log */
  webhookLog: 200,
  /** deliveries that wait for one endpoint: a busy shop's whole day; past this it is switched off */
  webhookWaiting: 20_000,
  /** a receiver that has taken nothing for so long is switched off */
  webhookFailingMs: 3 * 24 * 3_600_000,
  /** a receiver that has not answered by then has not answered */
  webhookAnswerMs: 10_000,
  /** bytes of a receiver's answer that are kept for the log */
  webhookAnswerBytes: 200,
  /** after a new secret the one before signs too: a shop changes over within a day */
  webhookOverlapMs: 24 * 3_600_000,
  /** payment links of one merchant that are open: a club that bills each member */
  paymentLinks: 500,
  /** a payment link lives a quarter of an hour to a month */
  linkLifeMinMs: 15 * 60_000,
  linkLifeMs: 30 * 24 * 3_600_000,
  /** goods of one merchant: a large supermarket; a department store has its own system */
  goods: 50_000,
  /** a price file of so many goods with Japanese names is some 6 MB */
  goodsFileBytes: 8 * 1024 * 1024,
  /** changes and wrong rows of a price file that are listed by name; more nobody reads */
  goodsListed: 100,
  /** price files that one hub reads, and as many that it sends, at once: each is some 30 MB while it lasts */
  goodsFilesAtOnce: 4,
  /** exchange rates set at once: a sheet of every currency */
  rateRows: 200,
  rateFileBytes: 32 * 1024,
  /** the farthest end of a rate: a peg that nobody looks at again */
  rateLifeMs: 5 * 366 * 24 * 3_600_000,
  /** of rates that a source has told: over a night and a morning without it */
  sourceRateLifeMs: 26 * 3_600_000,
  /** a source publishes on working days; older than a long weekend with holidays it has died */
  sourceRateAgeMs: 7 * 24 * 3_600_000,
  /** every currency with its rate is some 4 KB */
  sourceAnswerBytes: 64 * 1024,
  sourceAnswerMs: 10_000,
  /** of each of the tables of cards: every issuer's ranges, or every merchant of a town with each issuer */
  cardTableRows: 5_000,
  /** such a file: 5,000 rows of merchants with what they take */
  cardTableBytes: 512 * 1024,
  /** a menu: a large restaurant's card with its wine list */
  menuItems: 400,
  menuSections: 40,
  /** groups of options, which items share; choices in one of them */
  menuOptions: 100,
  menuChoices: 30,
  /** groups of options of one item: more nobody reads at a table */
  itemOptions: 10,
  /** when something is to come: with the coffee, first, after the meal */
  menuCourses: 20,
  /** lines of opening hours: two a day */
  menuHours: 14,
  /** 400 items in two languages, with options, are some 200 KB */
  menuBytes: 256 * 1024,
  /** what is left of a counted item */
  stock: 99_999,
  /** a wish to the kitchen: one line of its list */
  noteLength: 80,
  /** lines of one order, and pieces of one line: a party's round */
  orderLines: 40,
  orderQuantity: 50,
  /** orders of one table in one evening; its lines are as many as a bill may have, because one guest may pay them all */
  tabOrders: 60,
  /** at one table: a long one */
  tabGuests: 30,
  /** of one tab that are under way or paid: two for each guest */
  tabShares: 60,
  /** how many parts an equal share has */
  shareParts: 20,
  /** at one counter that are not paid yet: a queue; more are somebody's joke */
  openTabs: 30,
  /** nobody sits longer at a table; what is open then was paid at the till or not at all */
  tabMs: 12 * 3_600_000,
  /** an order that is to be paid first and was not: what it has taken from the stock goes back */
  unpaidOrderMs: 15 * 60_000,
  /** tabs that the kitchen's list shows at once: an inn with its garden */
  kitchenTabs: 200,
  /** a tab that is over is kept for questions; the payments are kept anyway */
  tabKeptMs: 30 * 24 * 3_600_000,
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
  /** mails of one purpose to one address: whoever writes somebody else's address must not fill the mailbox */
  mails: { burst: 6, perHour: 8, perDay: 16 },
  /** those that one network has sent there: half, so that somebody else's network is left some */
  'mails-asker': { burst: 3, perHour: 4, perDay: 8 },
  /** the one after the last, whose code is good for a day: see server/people/codes.ts */
  'mails-last': { burst: 1, perHour: 1, perDay: 1 },
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
  /** questions put on one person's phones by codes that somebody has read: a day's shopping, and no more from whoever photographs codes */
  prompts: { burst: 10, perHour: 30, perDay: 100 },
  /** customers' codes that a terminal, or one block of addresses, read in vain: a busy counter meets many that have run out, and a guess
   * hits one of a thousand live codes once in a thousand million */
  codes: { burst: 30, perHour: 120, perDay: 1_000 },
  /** new user ids of one phone's cards: each ends the one before, and nobody needs more than after a lost picture of it */
  'card-users': { burst: 10, perHour: 20, perDay: 50 },
  /** bills of payment links opened by browsers of one block of addresses: each draws a number, which then rests for half an hour */
  links: { burst: 30, perHour: 120, perDay: 1_000 },
  /** pictures that one person sends: each takes a processor for up to half a second */
  portraits: { burst: 20, perHour: 30, perDay: 100 },
  /** receipts that one person has sent to the own address: a day's shopping */
  receipts: { burst: 5, perHour: 20, perDay: 50 },
  /** what a shop says of itself, changed: each change is kept for ever */
  'shop-details': { burst: 10, perHour: 10, perDay: 20 },
  /** changes to one merchant's price file: each may be 8 MB to read, and a day's price tags are some hundred */
  goods: { burst: 30, perHour: 200, perDay: 1_000 },
  /** signs looked at from one block of addresses: a town's phones behind one translator */
  points: { burst: 120, perHour: 1_200, perDay: 10_000 },
  /** deals that one phone opens at signs: each draws a number, which then rests */
  'point-phone': { burst: 10, perHour: 60, perDay: 300 },
  /** deals opened at one sign: a busy machine has a hundred customers an hour */
  'point-sign': { burst: 60, perHour: 600, perDay: 5_000 },
  /** orders of one phone: an evening at a bar */
  'order-phone': { burst: 10, perHour: 60, perDay: 200 },
  /** orders at one table or counter: a kiosk at noon */
  'order-point': { burst: 60, perHour: 600, perDay: 5_000 },
  /** shares that one phone reserves: each draws a number, which then rests */
  'share-phone': { burst: 10, perHour: 60, perDay: 200 },
  /** bank accounts that one person tries to register in vain: a mistyped digit or two, and no search for numbers */
  mandates: { burst: 5, perHour: 5, perDay: 10 },
  /** those tried from one block of addresses: a household's, and a thief's many identities */
  'mandates-from': { burst: 10, perHour: 20, perDay: 60 },
  /** cards that one person tries to register in vain: a slip or two, and no search for numbers that are good */
  cards: { burst: 5, perHour: 5, perDay: 10 },
  /** those tried from one block of addresses */
  'cards-from': { burst: 10, perHour: 20, perDay: 60 },
  /** names asked for by account number */
  lookups: { burst: 10, perHour: 30, perDay: 100 },
} as const
