// What a closed wallet is told: a word to look, with names and amounts only where the owner wants them on the lock screen.
import { sign } from 'node:crypto'
import { toBase64url } from '#core/bytes.ts'
import type { DeviceId, SchemeId } from '#core/ids.ts'
import { formatAmount } from '#core/money.ts'
import type { Payment } from '#core/payment.ts'
import type { Language } from '#protocol/identity.ts'
import { pushedJson, signedJson, type PushedKind, type PushedMessage } from '#protocol/pushed.ts'
import { pushedBytes } from '#protocol/signed-bytes.ts'
import type { SchemeKey } from '../operator-log.ts'

export type Text = NonNullable<PushedMessage['text']>

/** What there is to tell, before it is known whom and in which words. Kept in the outbox, so it is plain JSON. */
export type Word = Readonly<{
  kind: PushedKind
  payment: string | null
  until: number
  /** in both languages, for those who want it */
  detail: Readonly<Record<Language, Text>> | null
}>

/** The signed message for one device. */
export function pushedText(
  word: Word,
  to: Readonly<{ scheme: SchemeId; device: DeviceId; id: string; language: Language; detail: boolean; at: number }>,
  key: Pick<SchemeKey, 'privateKey'>,
): string {
  const message: PushedMessage = {
    v: 1,
    scheme: to.scheme,
    device: to.device,
    id: to.id,
    at: to.at,
    until: word.until,
    kind: word.kind,
    payment: word.payment,
    text: to.detail && word.detail !== null ? word.detail[to.language] : null,
  }
  const bytes = pushedBytes(pushedJson(message))
  return signedJson(message, toBase64url(sign('sha256', bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })))
}

/** A bill or a question that was sent to a person. */
export function wordOfSent({ id, biller, bill, question, expiresAt }: Payment): Word {
  const amount = (locale: Language): string =>
    bill === null ? '' : formatAmount({ unit: bill.unit, amount: bill.total }, locale)
  if (question !== null) {
    return {
      kind: 'question',
      payment: id,
      until: expiresAt,
      detail: {
        en: { title: `${biller.name} asks who you are`, body: question.reason },
        ja: { title: `${biller.name}からの確認です`, body: question.reason },
      },
    }
  }
  const note = bill?.lines[0]?.text ?? ''
  return {
    kind: 'payment',
    payment: id,
    until: expiresAt,
    detail: {
      en: { title: `${biller.name} asks for ${amount('en')}`, body: note },
      ja: { title: `${biller.name}から${amount('ja')}の請求です`, body: note },
    },
  }
}

/** A register has read a code of this phone: a bill is asked, or is still to come. */
export function wordOfCode(payment: Payment): Word {
  const { id, biller, bill, expiresAt } = payment
  if (bill !== null) return wordOfSent(payment)
  return {
    kind: 'payment',
    payment: id,
    until: expiresAt,
    detail: {
      en: { title: `${biller.name} has read your code`, body: 'If you are not there, decline in the wallet.' },
      ja: { title: `${biller.name}がコードを読み取りました`, body: '心当たりがないときは、ウォレットで断れます。' },
    },
  }
}

/** A register has read the user id of a card: the wallet answers by itself, and then its owner looks. */
export const wordOfCard = (payment: Payment): Word => ({ ...wordOfSent(payment), kind: 'card' })

/** The cashier, or the hub, wants to be sure of who pays. */
export const wordOfChallenge = ({ id, biller, expiresAt }: Payment): Word => ({
  kind: 'challenge',
  payment: id,
  until: expiresAt,
  detail: {
    en: { title: `${biller.name} asks for your password`, body: 'Answer in the wallet.' },
    ja: { title: `${biller.name}がパスワードの入力を求めています`, body: 'ウォレットで答えてください。' },
  },
})

/** A phone waits to be let into the account. */
export const wordOfNewPhone = (label: string, until: number): Word => ({
  kind: 'new-phone',
  payment: null,
  until,
  detail: {
    en: { title: 'A new phone wants into your account', body: label },
    ja: { title: '新しいスマートフォンがアカウントの利用を求めています', body: label },
  },
})

/** Is the owner there? The wallet answers by itself. */
export const wordOfPresence = (until: number): Word => ({ kind: 'presence', payment: null, until, detail: null })
