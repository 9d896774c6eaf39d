// What the load tells the checker, one line each, written before the load goes on.

export type Line =
  /** before a command is sent for the first time */
  | Readonly<{ is: 'sent'; id: string; name: string; body: object }>
  /** its answer; `refusal` is null for a yes */
  | Readonly<{ is: 'answered'; id: string; refusal: string | null; payment: string | null; refund: string | null }>
  /** the same command sent once more after its answer */
  | Readonly<{ is: 'repeated'; id: string; refusal: string | null; payment: string | null; refund: string | null }>
  /** the answer to an approval said settled */
  | Readonly<{ is: 'settled'; payment: string; amount: string; payer: string; payee: string }>
  /** the payment has ended without money: cancelled, declined */
  | Readonly<{ is: 'ended'; payment: string }>
  /** the terminal saw its deal settled */
  | Readonly<{ is: 'seen'; payment: string; amount: string }>
  /** money back, acknowledged to the terminal */
  | Readonly<{ is: 'refunded'; payment: string; refund: string; amount: string }>

/** What main and the checker say to each other over the process's channel. */
export type Question =
  /** what was acknowledged is there; at any moment */
  | Readonly<{ ask: 'kept'; database: object }>
  /** everything, when nothing is under way any more */
  | Readonly<{ ask: 'whole'; database: object }>
  | Readonly<{ ask: 'count' }>

export type Verdict = Readonly<{ faults: readonly string[]; acknowledged: number; settled: number }>
