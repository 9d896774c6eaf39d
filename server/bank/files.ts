// The banks' file: what was taken on trust is gathered, sent, and read again with what became of each debit. Each step can be repeated: the
// file is kept with its debits in one commit, sent under its id, and its results are entered once.
import { randomBytes } from 'node:crypto'
import { dayOf } from '#core/calendar.ts'
import { readDebits, writeDebits, type Account } from '#bank/zengin.ts'
import type { BankFile, Debits, FileDebit } from '../postgres/reconcile-debits.ts'
import type { Bank, BankPlace, Collector } from './bank.ts'

export type FilesParts = Readonly<{
  bank: Pick<Bank, 'directory' | 'sendFile' | 'fileResults'>
  debits: Pick<Debits, 'banksDue' | 'makeFile' | 'openFiles' | 'fileSent' | 'fileWrong' | 'fileDone' | 'inFile'>
  /** how long a debit waits for others */
  fileAfterMs: number
  zone: () => string
  now: () => number
}>

export function createFiles({ bank, debits, fileAfterMs, zone, now }: FilesParts) {
  /** Makes what is due, sends what is made, reads what is answered. Throws StoreUnavailable when there is no database. */
  async function look(): Promise<void> {
    for (const code of await debits.banksDue(fileAfterMs)) await make(code)
    for (const file of await debits.openFiles()) await carry(file)
  }

  async function make(code: string): Promise<void> {
    const known = await bank.directory()
    if ('kind' in known) return
    const place = known.banks.find((each) => each.code === code)
    if (place === undefined) return
    const id = randomBytes(16).toString('hex')
    const day = String(dayOf(now(), zone())).slice(4)
    await debits.makeFile(id, code, (rows) =>
      fileOf(rows, { place, collector: known.collector, banks: known.banks, day }),
    )
  }

  async function carry(file: BankFile): Promise<void> {
    if (file.state === 'made') {
      if (!(await bank.sendFile(file.id, file.body))) return
      await debits.fileSent(file.id)
    }
    const answer = await bank.fileResults(file.id)
    if (answer === null || 'kind' in answer) return
    const read = readDebits(answer)
    if (!read.ok) return debits.fileWrong(file.id, `unreadable: record ${read.faults[0]?.record ?? 0}`)
    const asked = await debits.inFile(file.id)
    const { debits: results, isAnswered } = read.file
    const isOurs =
      isAnswered &&
      results.length === asked.size &&
      new Set(results.map(({ customer }) => customer)).size === asked.size &&
      results.every(({ customer, amount }) => asked.get(customer) === amount)
    if (!isOurs) return debits.fileWrong(file.id, 'not what was sent')
    await debits.fileDone(file.id, results)
  }

  return { look }
}

function fileOf(
  rows: readonly FileDebit[],
  of: Readonly<{ place: BankPlace; collector: Collector; banks: readonly BankPlace[]; day: string }>,
): Uint8Array {
  const { place, collector, banks, day } = of
  const own = banks.find(({ code }) => code === collector.bank)
  const account: Account = {
    bank: { code: collector.bank, name: own?.kana ?? '' },
    branch: { code: collector.branch, name: '' },
    kind: collector.kind,
    number: collector.number,
  }
  return writeDebits({
    companyCode: collector.company,
    company: collector.name,
    day,
    collector: account,
    isAnswered: false,
    debits: rows.map(({ customer, amount, means }) => ({
      bank: { code: place.code, name: place.kana },
      branch: { code: means.account.branch, name: '' },
      kind: means.account.kind,
      number: means.account.number,
      payer: means.account.holder,
      amount,
      newness: '0',
      customer,
      result: '0',
    })),
  })
}
