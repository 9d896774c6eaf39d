// npm run audit: checks the books of a hub that runs, or does not, and changes nothing. A line for each fault, then what was read.
// Exit code 0: everything follows from everything. 1: faults. 2: the audit could not run.
import { parseArgs } from 'node:util'
import { audit } from './audit/audit.ts'
import { told } from './audit/told.ts'
import { reachDatabase } from './postgres/reach.ts'

const HELP = `The audit: reads the books in one snapshot, with or without a running hub, and names every row that is wrong.

  npm run audit                        the hub of ./data
  npm run audit -- --data FOLDER       another data folder; or set DATABASE_URL
  npm run audit -- --json              one JSON object instead of lines
  npm run audit -- --no-signatures     leaves out the signatures of the payers' phones (some 5,000 a second and core)

Exit code 0: no faults. 1: faults. 2: could not run.
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: 'data' },
      json: { type: 'boolean', default: false },
      'no-signatures': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const progress = (line: string): void => void (values.json || process.stderr.write(`  ${line}\n`))
  const database = await reachDatabase({ data: values.data, url: process.env.DATABASE_URL, progress })
  try {
    const found = await audit(database.settings, { signatures: !values['no-signatures'], progress })
    process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : told(found, !values['no-signatures']))
    return found.faults.length === 0 ? 0 : 1
  } finally {
    await database.close()
  }
}

main().then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`The audit could not run: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  },
)
