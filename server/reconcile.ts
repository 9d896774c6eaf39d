// npm run reconcile: what the bank has booked on a business day, and the card issuers have done, against orders and clearing accounts, as the
// hub has heard it. Changes nothing. Exit code 0: no differences. 1: differences, or something for a person to put right. 2: it could not run.
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { BankReportView } from '#protocol/bank-report.ts'
import type { CardReportView } from '#protocol/card-tables.ts'
import { bankReport } from './bank/report.ts'
import { cardReport } from './cards/report.ts'
import { reachDatabase } from './postgres/reach.ts'
import type { Row } from './postgres/rows.ts'
import { readScheme } from './postgres/scheme.ts'

const HELP = `Reconciliation: what the bank and the card issuers say against what the hub has, order by order, with or without a running hub.

  npm run reconcile                          today, of the hub of ./data
  npm run reconcile -- --day 2026-12-03      another business day
  npm run reconcile -- --data FOLDER         another data folder; or set DATABASE_URL
  npm run reconcile -- --json                one JSON object instead of lines

Exit code 0: no differences. 1: differences, unpaid debits, an issuer out of balance or orders that are stuck. 2: could not run.
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: 'data' },
      day: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const progress = (line: string): void => void (values.json || process.stderr.write(`  ${line}\n`))
  const database = await reachDatabase({ data: values.data, url: process.env.DATABASE_URL, progress })
  const client = new pg.Client({ ...database.settings, options: '-c default_transaction_read_only=on' })
  try {
    const scheme = await readScheme(database.settings)
    if (scheme === undefined) throw new Error('there is no scheme in this database')
    await client.connect()
    // One connection asks one thing after the other, however many are wanted at once.
    let last: Promise<unknown> = Promise.resolve()
    const ask = (text: string, asked: unknown[]): Promise<Row[]> => {
      const rows = last.then(async () => (await client.query<Row>(text, asked)).rows)
      last = rows.catch(() => {})
      return rows
    }
    const report = await bankReport({ ask, scheme, isConnected: true, now: () => Date.now() }, values.day ?? null)
    const cards = await cardReport({ ask, scheme, now: () => Date.now() }, values.day ?? null)
    if (report === undefined || cards === undefined)
      throw new Error(`there is no day ${values.day}: give one such as 2026-12-03`)
    const isAllRight = isRight(report) && areCardsRight(cards)
    process.stdout.write(values.json ? `${JSON.stringify({ ...report, cards })}\n` : told(report, cards))
    return isAllRight ? 0 : 1
  } finally {
    await client.end()
    await database.close()
  }
}

const isRight = ({ differences, unpaid, stuck, wrongFiles }: BankReportView): boolean =>
  [differences, unpaid, stuck, wrongFiles].every((list) => list.length === 0)

const areCardsRight = ({ differences, stuck, issuers }: CardReportView): boolean =>
  differences.length === 0 && stuck.length === 0 && issuers.every(({ inBalance }) => inBalance !== false)

function told(report: BankReportView, cards: CardReportView): string {
  const { clearing, unit } = report
  const lines = [
    `Day ${report.day}, ${unit}`,
    `  clearing accounts ${clearing.ledger}, orders ${clearing.orders}, bank ${clearing.bank}, on trust ${clearing.trusted}`,
    `  ${report.open} orders wait for the bank`,
    ...report.differences.map(
      ({ kind, order, expected, booked }) => `  ${kind}: ${order} expected ${expected}, booked ${booked}`,
    ),
    ...report.unpaid.map(({ payment, label, amount, result }) => `  unpaid: ${payment} ${label} ${amount} (${result})`),
    ...report.stuck.map(({ order, kind, amount, trouble }) => `  stuck: ${order} ${kind} ${amount} (${trouble})`),
    ...report.wrongFiles.map(({ file, trouble }) => `  file ${file}: ${trouble}`),
    ...cardLines(cards),
    isRight(report) && areCardsRight(cards) ? 'No differences.' : 'A person must look.',
  ]
  return `${lines.join('\n')}\n`
}

const BALANCE = { true: 'in balance', false: 'OUT OF BALANCE', null: 'has not said' } as const

const cardLines = ({ askedAt, clearing, open, issuers, differences, stuck }: CardReportView): string[] => [
  `  cards: clearing accounts ${clearing.ledger}, orders ${clearing.orders}, vault ${clearing.vault}`,
  `  cards: ${open} orders wait for an issuer`,
  ...(askedAt === null ? ['  cards: the vault has not been asked about this day'] : []),
  ...issuers.map(({ issuer, inBalance }) => `  cards: issuer ${issuer} ${BALANCE[`${inBalance}`]}`),
  ...differences.map(
    ({ kind, what, order, expected, there }) =>
      `  cards: ${kind}: ${what} ${order} expected ${expected}, there ${there}`,
  ),
  ...stuck.map(({ order, kind, amount, trouble }) => `  cards: stuck: ${order} ${kind} ${amount} (${trouble})`),
]

main().then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(
      `The reconciliation could not run: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exitCode = 2
  },
)
