// The reference bank's way of speaking: ISO 20022 messages over HTTP, with a secret that the bank and the hub have. The address is the
// operator's setting and nobody else's; no redirect is followed, and no answer is read beyond its length.
import { randomBytes } from 'node:crypto'
import { dayOf } from '#core/calendar.ts'
import { writeReversal, writeTransfer } from '#bank/iso20022-back.ts'
import { readNotice, readStatus, writeCollection, type Fate, type Holder } from '#bank/iso20022.ts'
import { askOutside, jsonIn, type Answered } from '../outside/http.ts'
import type { Bank, BankAccount, BankPlace, Collector, NoAnswer, Said } from './bank.ts'

const ANSWER_MS = 10_000
/** Screens are drawn with it; it is asked for until it was told once. */
const DIRECTORY_MS = 1_500
/** The results of a day's file. */
const MOST_BYTES = 14 * 1024 * 1024
const NO_ANSWER: NoAnswer = { kind: 'no-answer' }
export function bankOverHttp(settings: {
  url: string
  secret: string
  /** whose days the messages name (IANA name) */
  zone: () => string
  now: () => number
  answerMs?: number
  /** ends what is under way: the hub stops */
  life: AbortSignal
}): Bank {
  const { url, secret, zone, now, life, answerMs = ANSWER_MS } = settings
  let known: Readonly<{ banks: readonly BankPlace[]; collector: Collector }> | undefined

  const ask = (
    method: 'GET' | 'POST',
    path: string,
    body: Uint8Array | null = null,
    withinMs: number = answerMs,
  ): Promise<Answered> =>
    askOutside(new URL(path, url), {
      method,
      secret,
      type: 'application/octet-stream',
      body,
      withinMs,
      mostBytes: MOST_BYTES,
      life,
    })

  const message = (): string => `M${randomBytes(16).toString('hex')}`
  const createdAt = (): string => new Date(now()).toISOString()
  function today(): string {
    const day = String(dayOf(now(), zone()))
    return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`
  }

  async function directory(): ReturnType<Bank['directory']> {
    if (known !== undefined) return known
    const answer = await ask('GET', '/banks', null, DIRECTORY_MS)
    if ('kind' in answer) return answer
    const found = answer.status === 200 ? directoryIn(answer.body) : undefined
    if (found === undefined) return NO_ANSWER
    known = found
    return found
  }

  async function collector(): Promise<Holder | NoAnswer> {
    const found = await directory()
    if ('kind' in found) return found
    const { name, ...account } = found.collector
    return holderOf({ ...account, holder: name })
  }

  return {
    directory,
    async openMandate(id, account) {
      const answer = await ask('POST', '/mandates', Buffer.from(JSON.stringify({ id, ...account })))
      if ('kind' in answer) return answer
      const said = answer.status === 200 ? jsonIn(answer.body) : undefined
      const status = textIn(said, 'status')
      const signedOn = textIn(said, 'signedOn')
      if (status === 'refused') return { kind: 'refused' }
      return status === 'active' && /^\d{4}-\d{2}-\d{2}$/u.test(signedOn) ? { kind: 'active', signedOn } : NO_ANSWER
    },
    async endMandate(id) {
      const answer = await ask('POST', `/mandates/${id}/end`)
      return !('kind' in answer) && answer.status === 200
    },
    async collect({ id, unit, amount, from, mandate }, withinMs) {
      const until = now() + withinMs
      const own = await collector()
      if ('kind' in own) return { kind: 'unreachable' }
      const head = { message: message(), createdAt: createdAt(), day: today(), unit, collector: own }
      const body = writeCollection({ ...head, debits: [{ id, amount, payer: holderOf(from), mandate }] })
      return saidOf(await ask('POST', '/collections', body, until - now()), id)
    },
    status: async (id) => saidOf(await ask('GET', `/collections/${id}`), id),
    async reverse({ id, unit, amount }) {
      const body = writeReversal({ message: message(), createdAt: createdAt(), original: id, unit, amount })
      // Refused: the debit was, and stays so.
      return fatesOf(await ask('POST', '/reversals', body), id).some(({ status }) => status !== 'pending')
    },
    async giveBack({ id, unit, amount, to }) {
      const own = await collector()
      if ('kind' in own) return own
      const head = { message: message(), createdAt: createdAt(), day: today() }
      const body = writeTransfer({ ...head, id, unit, amount, payer: own, payee: holderOf(to) })
      return saidOf(await ask('POST', '/transfers', body), id)
    },
    async notices(after) {
      const answer = await ask('GET', `/notices?after=${encodeURIComponent(after)}`)
      if ('kind' in answer) return answer
      const read = answer.status === 200 ? readNotice(answer.body) : undefined
      return read?.ok === true ? read.message.entries : NO_ANSWER
    },
    async sendFile(id, bytes) {
      const answer = await ask('POST', `/files/${id}`, bytes)
      return !('kind' in answer) && answer.status === 202
    },
    async fileResults(id) {
      const answer = await ask('GET', `/files/${id}`)
      if ('kind' in answer) return answer
      if (answer.status === 200) return answer.body
      return answer.status === 202 ? null : NO_ANSWER
    },
  }
}

/** What a pain.002 says of this id; said twice, it must say the same. Of another id, or unreadable, it says nothing. */
function saidOf(answer: Answered, id: string): Said {
  if ('kind' in answer) return answer
  if (answer.status === 404) return { kind: 'unknown' }
  const said = fatesOf(answer, id).map((fate): Said => {
    if (fate.status === 'refused') return { kind: 'refused', reason: fate.reason }
    return fate.status === 'settled' && fate.booked !== undefined
      ? { kind: 'booked', ...fate.booked }
      : { kind: 'pending' }
  })
  const [first] = said
  const isOne = said.every((each) => inWords(each) === inWords(first))
  return first !== undefined && isOne ? first : NO_ANSWER
}

function fatesOf(answer: Answered, id: string): readonly Fate[] {
  const read = 'kind' in answer || answer.status !== 200 ? undefined : readStatus(answer.body)
  return read?.ok === true ? read.message.fates.filter((fate) => fate.id === id) : []
}

const inWords = (said: Said | undefined): string =>
  JSON.stringify(said, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

const holderOf = ({ bank, branch, kind, number, holder }: BankAccount): Holder => ({
  name: holder,
  bank,
  account: `${branch}${kind}${number}`,
})

function textIn(from: unknown, name: string): string {
  const value: unknown = typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined
  return typeof value === 'string' ? value : ''
}

function directoryIn(bytes: Uint8Array): Readonly<{ banks: readonly BankPlace[]; collector: Collector }> | undefined {
  const said = jsonIn(bytes)
  if (typeof said !== 'object' || said === null) return undefined
  const list: unknown = Reflect.get(said, 'banks')
  const own: unknown = Reflect.get(said, 'collector')
  const banks = (Array.isArray(list) ? (list as unknown[]) : []).map((each) => ({
    code: textIn(each, 'code'),
    name: textIn(each, 'name'),
    nameJa: textIn(each, 'nameJa'),
    kana: textIn(each, 'kana'),
    isInstant: typeof each === 'object' && each !== null && Reflect.get(each, 'isInstant') === true,
  }))
  const collector = {
    bank: textIn(own, 'bank'),
    branch: textIn(own, 'branch'),
    kind: textIn(own, 'kind'),
    number: textIn(own, 'number'),
    name: textIn(own, 'name'),
    company: textIn(own, 'company'),
  }
  const isRight =
    banks.length > 0 &&
    banks.every(({ code, name }) => /^\d{4}$/u.test(code) && name !== '' && name.length <= 60) &&
    /^\d{4}\d{3}\d\d{7}\d{10}$/u.test(
      `${collector.bank}${collector.branch}${collector.kind}${collector.number}${collector.company}`,
    )
  return isRight ? { banks, collector } : undefined
}
