// growth: does an old bank post as fast as a young one? Two grounds side by side, one with a tenth of the other's accounts and
// transfers; each round measures both, one after the other. Then pages of history in the large one, people's and shops'.
import type { AccountNumber } from '#core/accounts.ts'
import { LIMITS } from '#protocol/limits.ts'
import { entryView } from '#switch/views.ts'
import { fill, FILLED_BY, PEOPLE_PER_SHOP } from './fill.ts'
import { accountAt, bucketAt, BUCKETS, openGround, UNIT, type Ground } from './ground.ts'
import { openPosting, pick } from './journal.ts'
import { median, percentile, rateOf, type Round } from './measure.ts'

export type GrowthFigures = Readonly<{
  bench: 'growth'
  accounts: [small: number, large: number]
  transfers: [small: number, large: number]
  rate_small_per_s: number
  rate_large_per_s: number
  ratio_growth: number
  history_p50_ms: number
  history_p99_ms: number
  bytes_per_transfer: number
  rounds: number
  spread: { ratio_growth: [number, number] }
}>

export const LARGE = 1_000_000
/** For the test: the same run, sixty times smaller. */
export const LARGE_IN_SMALL = 16_000
const READERS = 4
const PAGES = 2_000

/** Runs it whole: fills, warms up, measures. `note` hears how far it is. */
export async function growth(options: {
  /** of the large one */
  accounts: number
  ground: Parameters<typeof openGround>[0]
  rounds: number
  seconds: number
  clients: number
  note: (text: string) => void
}): Promise<GrowthFigures> {
  const { rounds, seconds, clients, note } = options
  // 1,001,600 and 99,200: whole shops in every bucket.
  const sizes = [options.accounts / 10, options.accounts].map(
    (accounts) => Math.round(accounts / FILLED_BY) * FILLED_BY,
  )
  const grounds: Ground[] = []
  try {
    const banks = []
    for (const accounts of sizes) {
      const ground = await openGround(options.ground)
      grounds.push(ground)
      const started = performance.now()
      const bytes = await fill(ground, accounts)
      note(
        `filled ${accounts} accounts, ${5 * accounts} transfers in ${((performance.now() - started) / 1000).toFixed(1)} s`,
      )
      const keys = Array.from({ length: accounts }, (_, n) => accountAt(n))
      const anyone = (): AccountNumber => pick(keys)
      const byBucket = Array.from({ length: BUCKETS }, (_, bucket) => keys.filter((_, n) => bucketAt(n) === bucket))
      const post = openPosting(ground, { payer: (bucket) => pick(byBucket[bucket]), payee: anyone, clients })
      banks.push({ ground, accounts, bytes, post, anyone })
    }
    const [young, old] = banks
    if (young === undefined || old === undefined) throw new Error('two banks')
    note('Warming up …')
    await young.post(seconds)
    await old.post(seconds)
    const measured: { young: Round; old: Round }[] = []
    for (let round = 1; round <= rounds; round++) {
      // Taking turns at being first: what one leaves to the disk is the other's to bear.
      const first = round % 2 === 0 ? old : young
      const one = await first.post(seconds)
      const two = await (first === young ? old : young).post(seconds)
      const pair = first === young ? { young: one, old: two } : { young: two, old: one }
      measured.push(pair)
      note(`round ${round}: small ${Math.round(rateOf(pair.young))}/s, large ${Math.round(rateOf(pair.old))}/s`)
    }
    const history = await pagesOf(old.ground, old.anyone, old.accounts, PAGES)
    const ratios = measured.map((each) => rateOf(each.old) / rateOf(each.young))
    const two = (value: number): number => Math.round(value * 100) / 100
    return {
      bench: 'growth',
      accounts: [young.accounts, old.accounts],
      transfers: [5 * young.accounts, 5 * old.accounts],
      rate_small_per_s: Math.round(median(measured.map((each) => rateOf(each.young)))),
      rate_large_per_s: Math.round(median(measured.map((each) => rateOf(each.old)))),
      ratio_growth: two(median(ratios)),
      history_p50_ms: two(percentile(history, 0.5)),
      history_p99_ms: two(percentile(history, 0.99)),
      bytes_per_transfer: Math.round(old.bytes / (5 * old.accounts)),
      rounds,
      spread: { ratio_growth: [two(Math.min(...ratios)), two(Math.max(...ratios))] },
    }
  } finally {
    for (const ground of grounds) await ground.close()
  }
}

/** How long a page takes, as the API makes it: half of them people's first pages, half from anywhere in a shop's long history. */
async function pagesOf(
  ground: Ground,
  anyone: () => AccountNumber,
  accounts: number,
  pages: number,
): Promise<readonly number[]> {
  const shops = accounts / PEOPLE_PER_SHOP
  const latenciesMs: number[] = []
  const each = pages / READERS
  await Promise.all(
    Array.from({ length: READERS }, async () => {
      for (let page = 0; page < each; page++) {
        const isShop = page % 2 === 0
        const account = isShop ? accountAt(Math.floor(Math.random() * shops)) : anyone()
        const before = isShop ? BigInt(1 + Math.floor(Math.random() * PEOPLE_PER_SHOP)) : null
        const started = performance.now()
        const everything = { since: null, until: null, kind: null, limit: LIMITS.pageSize }
        const { entries } = await ground.store.readEntries({ account, unit: UNIT, before, ...everything })
        JSON.stringify(entries.map(entryView))
        latenciesMs.push(performance.now() - started)
      }
    }),
  )
  return latenciesMs
}
