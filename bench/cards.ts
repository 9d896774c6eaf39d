// cards: payments by card beside payments by account, in the same run. The hub, the vault and the issuers are processes of their own, the tills
// and phones are this one, with the SDK; a payment by card is over when the phone has seen the issuer's yes in its view. Between two
// programs stand HTTP and ISO 8583 over TCP on one machine: the network between towns is not in it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { cardBill, cardsOf, demoClient, meet, payByCard, registerCard } from '../torture/cards-people.ts'
import { openCardSite, testCards } from '../torture/cards-site.ts'
import { openIn } from '../torture/cards-books.ts'
import { until } from '../torture/until.ts'
import { during, median, percentile, rateOf, type Round } from './measure.ts'

type Pair = Readonly<{ till: Client; phone: Client; card: string }>

const PEOPLE = ['hanako', 'kenji'] as const
/** One yen: the poorer of the two has 3,000, which lasts for every round here. */
const BILL = cardBill(1n)
/** A view is over; a pair that waits longer than this for one has found a bug. */
const SEEN_WITHIN_MS = 60_000

export async function cards(options: {
  rounds: number
  seconds: number
  pairs: number
  note: (text: string) => void
}): Promise<object> {
  const { rounds, seconds, note } = options
  const folder = mkdtempSync(join(tmpdir(), 'warifu-bench-cards-'))
  const known = testCards(PEOPLE.length)
  note('Starting hub, vault and issuers …')
  const site = await openCardSite({ folder, cards: known })
  const pairs: Pair[] = []
  try {
    for (let index = 0; index < options.pairs; index++) {
      const phone = await demoClient(site.hub.url(), PEOPLE[index % PEOPLE.length] ?? 'hanako')
      const card = known[index]
      if (card !== undefined) mustBeTaken(await registerCard(phone, card))
      const [id = ''] = await cardsOf(phone)
      pairs.push({ till: await demoClient(site.hub.url(), 'register'), phone, card: id })
    }
    const run = (by: 'account' | 'card', forSeconds: number): Promise<Round> =>
      during(forSeconds, pairs.length, async (index) => {
        const pair = pairs[index]
        if (pair === undefined) throw new Error('one line of work, one pair')
        await pay(pair, by)
      })
    note('Warming up …')
    // The first approval unlocks each phone for the hour.
    for (const { till, phone, card } of pairs) {
      const bought = await meet(till, phone, BILL)
      if (bought === undefined) throw new Error('till and phone meet')
      await payByCard(phone, bought.payment, card, 'lump')
    }
    await run('account', seconds / 2)
    await run('card', seconds / 2)
    const measured: Readonly<{ account: Round; card: Round }>[] = []
    for (let round = 1; round <= rounds; round++) {
      const account = await run('account', seconds)
      const card = await run('card', seconds)
      // Captures go on behind the payments: the next round does not pay for them.
      await until('captures are done', async () => (await openIn(site)) === 0)
      measured.push({ account, card })
      note(`round ${round}: account ${rateOf(account).toFixed(1)}/s, card ${rateOf(card).toFixed(1)}/s`)
    }
    return figures(measured, pairs.length)
  } finally {
    for (const { till, phone } of pairs) {
      till.close()
      phone.close()
    }
    await site.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}

async function pay({ till, phone, card }: Pair, by: 'account' | 'card'): Promise<void> {
  const bought = await meet(till, phone, BILL)
  if (bought === undefined) throw new Error('till and phone meet')
  const { payment } = bought
  if (by === 'card') {
    const means = { kind: 'card', id: card, method: 'lump' } as const
    const chosen = await phone.send('choose-means', { payment, means })
    if (!chosen.ok) throw new Error(`choose-means: ${chosen.problem.code}`)
  }
  const settled = seen(phone, payment)
  // Where something else fails before, that is what is told.
  settled.catch(() => {})
  const read = await phone.payment(payment)
  if (!read.ok) throw new Error(`payment: ${read.problem.code}`)
  const approved = await approve(phone, read.view)
  if (!approved.ok) throw new Error(`approve: ${approved.problem.code}`)
  await settled
}

/** The phone's own view says that it is paid. */
async function seen(phone: Client, payment: string): Promise<void> {
  const over = Promise.withResolvers<void>()
  const end = phone.watch({ topic: 'payment', payment }, ({ state, means }) => {
    if (state === 'settled') over.resolve()
    if (state === 'joined' && means.kind === 'card' && means.refused !== null)
      over.reject(new Error(`the issuer said ${means.refused}`))
  })
  const late = setTimeout(() => over.reject(new Error(`${payment} never settled`)), SEEN_WITHIN_MS)
  try {
    await over.promise
  } finally {
    clearTimeout(late)
    end()
  }
}

function mustBeTaken(code: string | null): void {
  if (code !== null) throw new Error(`a card was refused: ${code}`)
}

function figures(measured: readonly Readonly<{ account: Round; card: Round }>[], pairs: number): object {
  const one = (value: number): number => Math.round(value * 10) / 10
  const two = (value: number): number => Math.round(value * 100) / 100
  const spread = (values: readonly number[], round: (value: number) => number) => ({
    median: round(median(values)),
    low: round(Math.min(...values)),
    high: round(Math.max(...values)),
  })
  const rates = (by: 'account' | 'card'): number[] => measured.map((round) => rateOf(round[by]))
  const latency = (by: 'account' | 'card', share: number): number =>
    one(
      percentile(
        measured.flatMap((round) => round[by].latenciesMs),
        share,
      ),
    )
  return {
    bench: 'cards',
    card_per_s: spread(rates('card'), one),
    account_per_s: spread(rates('account'), one),
    ratio_account: spread(
      measured.map(({ account, card }) => rateOf(card) / rateOf(account)),
      two,
    ),
    card_p50_ms: latency('card', 0.5),
    card_p99_ms: latency('card', 0.99),
    account_p50_ms: latency('account', 0.5),
    account_p99_ms: latency('account', 0.99),
    pairs,
    rounds: measured.length,
  }
}
