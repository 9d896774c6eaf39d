// The reference bank: what an order's id stands for in every order of events, the same books after any crash, and who may ask at all.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { collect, enter, pay, reverse, type Booked, type Books } from '#bank/books.ts'
import { readReversal, readTransfer, writeReversal, writeTransfer } from '#bank/iso20022-back.ts'
import { openJournal } from '#bank/journal.ts'
import { startBank, type BankProgram } from '#bank/program.ts'
import { moneyIn, openBooks, openingRecords } from '#bank/town.ts'
import { unitOf } from '#core/money.ts'
import { bankOverHttp } from '#server/bank/bank-http.ts'
import { customerOf, orderId } from '#server/bank/bank.ts'
import { idFrom } from '#core/ids.ts'

const JPY = unitOf('JPY') ?? assert.fail()
const DAY = '2026-11-21'
const ACCOUNT = '0310-001-1-1234567'
const HANAKO = { bank: '0310', branch: '001', kind: '1', number: '1234567', holder: 'ﾊﾅｺ' } as const

function town(): Books {
  const books = openBooks()
  const records: Booked[] = [...openingRecords(), { what: 'mandate', id: 'm', account: ACCOUNT, day: DAY }]
  for (const record of records) enter(books, record)
  return books
}

const enterAll = (books: Books, records: readonly Booked[] | undefined): void => {
  for (const record of records ?? []) enter(books, record)
}

test('collect and reverse in any order and number: at most one booking, and money is only moved', () => {
  const debit = { id: 'd', mandate: 'm', account: ACCOUNT, day: DAY }
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('collect', 'reverse', 'other'), { maxLength: 8 }),
      fc.bigInt(1n, 60_000n),
      (steps, amount) => {
        const books = town()
        const all = moneyIn(books)
        for (const step of steps) {
          if (step === 'collect') enterAll(books, collect(books, { ...debit, amount }))
          if (step === 'reverse') enterAll(books, reverse(books, { id: 'd', amount, day: DAY }))
          if (step === 'other') {
            const known = books.debits.get('d')
            const said = collect(books, { ...debit, amount: amount + 1n })
            if (known !== undefined && known.state !== 'withdrawn') assert.equal(said, undefined)
            else if (known?.state === 'withdrawn') assert.deepEqual(said, [])
          }
        }
        const bookings = books.entries.filter(({ isCredit }) => isCredit).length
        const reversals = books.entries.length - bookings
        assert.ok(bookings <= 1 && reversals <= bookings)
        assert.equal(moneyIn(books), all)
        const first = steps.find((step) => step !== 'other')
        const state = books.debits.get('d')?.state
        if (first === 'reverse') assert.equal(state, 'withdrawn')
        if (state === 'booked') assert.ok(first === 'collect' && !steps.includes('reverse'))
        if (steps.includes('reverse')) assert.notEqual(state, 'booked')
      },
    ),
    { numRuns: 500 },
  )
})

test('why a debit is not taken: no such account, no permission, another account’s permission, too little money', () => {
  const books = town()
  for (const [over, reason] of [
    [{ account: '0310-001-1-0000000' }, 'AC01'],
    [{ mandate: 'none' }, 'MD01'],
    [{ account: '0310-001-1-7654321' }, 'MD01'],
    [{ amount: 30_001n }, 'AM04'],
  ] as const) {
    const asked = {
      id: `d-${reason}-${JSON.stringify(over, (_, value: unknown) => String(value))}`,
      mandate: 'm',
      account: ACCOUNT,
      amount: 1n,
      day: DAY,
      ...over,
    }
    enterAll(books, collect(books, asked))
    assert.deepEqual([books.debits.get(asked.id)?.state, books.debits.get(asked.id)?.reason], ['refused', reason])
  }
  assert.deepEqual(books.entries, [])
})

test('a payment is made once by its id, and an id never stands for another', () => {
  const books = town()
  const asked = { id: 'p', account: ACCOUNT, amount: 5n, day: DAY }
  enterAll(books, pay(books, asked))
  assert.deepEqual(pay(books, asked), [])
  assert.equal(pay(books, { ...asked, amount: 6n }), undefined)
  assert.equal(books.accounts.get(ACCOUNT)?.balance, 30_005n)
})

test('a journal whose last line was torn is read up to the line before, and goes on after it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'warifu-journal-'))
  const path = join(folder, 'bank.jsonl')
  const first = openJournal(path)
  first.append(openingRecords())
  first.close()
  appendFileSync(path, '[{"what":"debited","id":"half')
  const second = openJournal(path)
  assert.deepEqual(second.records, openingRecords())
  second.append([{ what: 'mandate', id: 'm', account: ACCOUNT, day: DAY }])
  second.close()
  assert.equal(openJournal(path).records.length, openingRecords().length + 1)
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 3)
  rmSync(folder, { recursive: true })
})

test('reversal and transfer are read as what was written; one wrong sum is no message', () => {
  const head = { message: 'M1', createdAt: '2026-11-21T09:00:00Z' }
  const reversal = { ...head, original: 'abc-1', unit: JPY, amount: 7n }
  const read = readReversal(writeReversal(reversal))
  assert.ok(read.ok)
  assert.deepEqual({ ...read.message }, reversal)
  const holder = { name: 'ﾊﾅｺ', account: '00111234567', bank: '0310' }
  const transfer = {
    ...head,
    day: DAY,
    id: 'abc-2',
    unit: JPY,
    amount: 9n,
    payer: holder,
    payee: { ...holder, name: 'ﾜﾘﾌ' },
  }
  const bytes = writeTransfer(transfer)
  const back = readTransfer(bytes)
  assert.ok(back.ok)
  assert.deepEqual(back.message.payee, transfer.payee)
  const wrong = Buffer.from(bytes).toString('utf8').replace('<CtrlSum>9', '<CtrlSum>8')
  const refused = readTransfer(Buffer.from(wrong))
  assert.ok(!refused.ok && refused.faults.some(({ what }) => what === 'sum'))
})

test('an order’s ids fit what they are written into, and no two orders share one', () => {
  const payment = idFrom('pay', new Uint8Array(16).fill(255))
  for (const number of [1, 35, 36, 1_295]) {
    assert.ok(orderId(payment, number).length <= 35)
    assert.match(customerOf({ payment, number }), /^\d{20}$/u)
  }
  const ids = Array.from({ length: 1_000 }, (_, index) => customerOf({ payment, number: index + 1 }))
  assert.equal(new Set(ids).size, ids.length)
})

let folder: string
let program: BankProgram
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'warifu-bank-'))
  program = await startBank({ data: folder, port: 0, demo: true, zone: 'Asia/Tokyo' })
})
after(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

const asked = (secret: string) =>
  bankOverHttp({
    url: program.url,
    secret,
    zone: () => 'Asia/Tokyo',
    now: () => Date.now(),
    life: new AbortController().signal,
  })

test('without the secret nobody is told anything, and the secret’s file is its owner’s alone', async () => {
  assert.deepEqual(await asked('wrong').directory(), { kind: 'no-answer' })
  for (const path of ['/banks', '/collections/x', '/notices', '/files/x', '/demo/faults'])
    assert.equal((await fetch(new URL(path, program.url))).status, 401)
  assert.equal(statSync(join(folder, 'secret')).mode & 0o777, 0o600)
  const page = await fetch(program.url)
  assert.equal(page.status, 200)
  assert.ok(!(await page.text()).includes(program.secret))
  // How it misbehaves is said in words, in both languages.
  for (const [lang, words] of [
    ['en', 'How the bank answers now: At once.'],
    ['ja', 'いまの応答：すぐに答える'],
  ] as const) {
    const said = await (await fetch(`${program.url}/?lang=${lang}`)).text()
    assert.ok(said.includes(`<html lang="${lang}">`) && said.includes(`<p>${words}</p>`), lang)
  }
})

test('through the wire: allowed, collected, asked about, taken back, paid, told; and all of it again after a start', async () => {
  const bank = asked(program.secret)
  const opened = await bank.openMandate('w', HANAKO)
  assert.ok(opened.kind === 'active')
  assert.deepEqual(await bank.openMandate('x', { ...HANAKO, holder: 'ｹﾝｼﾞ' }), { kind: 'refused' })
  const debit = { id: 'order-1', unit: JPY, amount: 70n, from: HANAKO, mandate: { id: 'w', signedOn: opened.signedOn } }
  const booked = { kind: 'booked', unit: JPY, amount: 70n }
  assert.deepEqual(await bank.collect(debit, 5_000), booked)
  assert.deepEqual(await bank.collect(debit, 5_000), booked)
  assert.deepEqual(await bank.status('order-1'), booked)
  assert.deepEqual(await bank.status('never'), { kind: 'unknown' })
  assert.equal(await bank.reverse({ id: 'order-1', unit: JPY, amount: 70n }), true)
  assert.deepEqual(await bank.status('order-1'), { kind: 'refused', reason: 'DS02' })
  assert.equal(await bank.reverse({ id: 'order-2', unit: JPY, amount: 1n }), true)
  assert.deepEqual(await bank.collect({ ...debit, id: 'order-2', amount: 1n }, 5_000), {
    kind: 'refused',
    reason: 'DS02',
  })
  assert.deepEqual(await bank.giveBack({ id: 'order-3', unit: JPY, amount: 3n, to: HANAKO }), { ...booked, amount: 3n })
  const entries = await bank.notices('')
  assert.ok(!('kind' in entries))
  assert.deepEqual(
    entries.map(({ id, isCredit, isReversal, amount }) => [id, isCredit, isReversal, amount]),
    [
      ['order-1', true, false, 70n],
      ['order-1', false, true, 70n],
      ['order-3', false, false, 3n],
    ],
  )
  const last = entries.at(-1)?.reference ?? assert.fail()
  assert.deepEqual(await bank.notices(last), [])
  assert.equal(await bank.endMandate('w'), true)
  const before = program.books
  await program.stop()
  program = await startBank({ data: folder, port: 0, demo: true, zone: 'Asia/Tokyo' })
  assert.deepEqual(program.books, before)
})
