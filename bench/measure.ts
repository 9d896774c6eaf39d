// Measuring: interleaved rounds of the product and its baselines in one run, medians with their spread, latencies by percentile.

export type Round = Readonly<{ count: number; seconds: number; latenciesMs: readonly number[] }>

export const rateOf = ({ count, seconds }: Round): number => count / seconds

/** Repeats `work` on `clients` lines of work for `seconds`; each call is one operation (or as many as it says). */
export async function during(
  seconds: number,
  clients: number,
  work: (client: number) => Promise<number | void>,
): Promise<Round> {
  const latenciesMs: number[] = []
  const start = performance.now()
  const end = start + seconds * 1000
  let count = 0
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < end) {
        const before = performance.now()
        const done = await work(client)
        count += done ?? 1
        latenciesMs.push(performance.now() - before)
      }
    }),
  )
  return { count, seconds: (performance.now() - start) / 1000, latenciesMs }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export type Figures = Readonly<{
  bench: string
  rate_per_s: number
  p50_ms: number
  p99_ms: number
  p999_ms: number
  tpcb_per_s: number
  naive_per_s: number
  ratio_tpcb: number
  ratio_naive: number
  ratio_hot: number
  /** journal only: against the insert-only run of the same rows */
  ratio_insert_only?: number
  insert_only_per_s?: number
  /** settle and payments: tables and indexes, and write-ahead log */
  disk_bytes_per_payment?: number
  log_bytes_per_payment?: number
  rounds: number
  spread: {
    rate_per_s: [number, number]
    tpcb_per_s: [number, number]
    naive_per_s: [number, number]
    ratio_tpcb: [number, number]
  }
}>

/** Rounds of one bench: the product's rate is compared with the baselines measured right beside it. */
export function figuresOf(
  bench: string,
  rounds: readonly Readonly<{
    product: Round
    tpcb: Round
    naive: Round
    hot: Round | null
    insertOnly: Round | null
    diskBytes: number | null
    logBytes: number | null
  }>[],
): Figures {
  const whole = (value: number): number => Math.round(value)
  const two = (value: number): number => Math.round(value * 100) / 100
  const range = (values: readonly number[], round: (value: number) => number): [number, number] => [
    round(Math.min(...values)),
    round(Math.max(...values)),
  ]
  const product = rounds.map((round) => rateOf(round.product))
  const tpcb = rounds.map((round) => rateOf(round.tpcb))
  const naive = rounds.map((round) => rateOf(round.naive))
  const ratios = rounds.map((round) => rateOf(round.product) / rateOf(round.tpcb))
  const latencies = rounds.flatMap((round) => round.product.latenciesMs)
  const hot = rounds.flatMap((round) => (round.hot === null ? [] : [rateOf(round.hot) / rateOf(round.product)]))
  const inserted = rounds.flatMap(({ product, insertOnly }) => (insertOnly === null ? [] : [{ product, insertOnly }]))
  const payments = rounds.reduce((total, { product, hot }) => total + product.count + (hot?.count ?? 0), 0)
  const perPayment = (bytes: readonly (number | null)[]): number | undefined =>
    bytes.includes(null) ? undefined : whole(bytes.reduce<number>((total, each) => total + (each ?? 0), 0) / payments)
  const disk = perPayment(rounds.map(({ diskBytes }) => diskBytes))
  const log = perPayment(rounds.map(({ logBytes }) => logBytes))
  return {
    bench,
    rate_per_s: whole(median(product)),
    p50_ms: two(percentile(latencies, 0.5)),
    p99_ms: two(percentile(latencies, 0.99)),
    p999_ms: two(percentile(latencies, 0.999)),
    tpcb_per_s: whole(median(tpcb)),
    naive_per_s: whole(median(naive)),
    ratio_tpcb: two(median(ratios)),
    ratio_naive: two(median(rounds.map((round) => rateOf(round.product) / rateOf(round.naive)))),
    ratio_hot: two(hot.length === 0 ? 0 : median(hot)),
    ...(inserted.length > 0 && {
      insert_only_per_s: whole(median(inserted.map(({ insertOnly }) => rateOf(insertOnly)))),
      ratio_insert_only: two(median(inserted.map((each) => rateOf(each.product) / rateOf(each.insertOnly)))),
    }),
    ...(disk !== undefined && { disk_bytes_per_payment: disk }),
    ...(log !== undefined && { log_bytes_per_payment: log }),
    rounds: rounds.length,
    spread: {
      rate_per_s: range(product, whole),
      tpcb_per_s: range(tpcb, whole),
      naive_per_s: range(naive, whole),
      ratio_tpcb: range(ratios, two),
    },
  }
}
