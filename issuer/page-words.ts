// The words of the issuer's page, in English and Japanese.
import type { Method } from '#core/method.ts'
import { countOf } from '#core/method.ts'
import { NO_FAULTS, type Faults } from './faults.ts'

export type Locale = 'en' | 'ja'

const en = {
  title: 'Card issuers: books',
  about:
    'The demo’s card companies. A hub asks them over their own lines, as real ones are asked. These cards exist here only.',
  other: '日本語',
  behaviour: 'How they answer',
  now: (mode: string) => `Now: ${mode}.`,
  mixed: 'a mixture, set by a program',
  cards: 'Cards',
  number: 'Number',
  goodTo: (expires: string) => `Good to ${expires}`,
  code: 'Security code',
  limit: (open: string, limit: string) => `${open} used of ${limit}`,
  expired: 'Expired',
  stopped: 'Stopped',
  stop: 'Stop this card',
  free: 'Let it pay again',
  statement: 'Statement',
  noStatement: 'Nothing to pay. Purchases will be here once a shop has taken them.',
  due: 'Due',
  shop: 'Shop',
  method: 'Repaid',
  part: (part: number, parts: number) => (parts === 1 ? '' : `payment ${part} of ${parts}`),
  withFee: (purchase: string, fee: string) => `${purchase}, fee ${fee}`,
  pending: (amount: string, shop: string) => `${amount} set aside for ${shop}`,
  sales: 'Sales by shop',
  noSales: 'No sales yet. Each shop that is paid by these cards will be here.',
  count: 'Purchases',
  sold: 'Sold',
  back: 'Given back',
  aside: 'Set aside',
  last: 'Last requests',
  noLast: 'Nobody has asked yet.',
  amount: 'Amount',
  state: 'State',
  approval: 'Approval',
  states: { approved: 'approved', refused: 'refused', reversed: 'taken back' },
  sale: 'at a card machine',
  methods: { lump: 'at once', bonus: 'from the next bonus', revolving: 'monthly, revolving' },
  instalments: (count: number) => `in ${count} payments`,
  partBonus: (count: number) => `in ${count} payments and from bonuses`,
  modes: {
    atOnce: 'Answer at once',
    slow: 'Slow: five seconds',
    late: 'Decide, and answer only when this is off',
    silent: 'Say nothing',
    twice: 'Answer twice',
    stan: 'Answer another request’s number',
    otherAmount: 'Answer another amount',
    refuses: 'Refuse every purchase',
    over: 'Refuse: over the limit',
    cut: 'Hang up in the middle of an answer',
  },
}

const ja: typeof en = {
  title: 'カード会社の帳簿',
  about:
    'デモ用のカード会社です。実際のカード会社と同じように、専用の回線で照会を受けます。ここにあるカードは、このデモの中だけのものです。',
  other: 'English',
  behaviour: '応答のしかた',
  now: (mode) => `現在：${mode}`,
  mixed: 'プログラムによる個別の設定',
  cards: 'カード',
  number: 'カード番号',
  goodTo: (expires) => `有効期限 ${expires}`,
  code: 'セキュリティコード',
  limit: (open, limit) => `ご利用残高 ${open} ／ ご利用枠 ${limit}`,
  expired: '有効期限切れ',
  stopped: '利用停止中',
  stop: 'このカードを停止する',
  free: '停止を解除する',
  statement: 'ご利用明細',
  noStatement: 'お支払いはありません。お店の売上が届くと、ここに表示されます。',
  due: 'お支払日',
  shop: 'お店',
  method: 'お支払い方法',
  part: (part, parts) => (parts === 1 ? '' : `${part}回目／全${parts}回`),
  withFee: (purchase, fee) => `${purchase}（手数料 ${fee}）`,
  pending: (amount, shop) => `${shop}のために${amount}を確保しています`,
  sales: 'お店ごとの売上',
  noSales: 'まだ売上はありません。カードで支払われたお店が、ここに表示されます。',
  count: '件数',
  sold: '売上',
  back: '返金',
  aside: '確保中',
  last: '最近の照会',
  noLast: 'まだ照会はありません。',
  amount: '金額',
  state: '結果',
  approval: '承認番号',
  states: { approved: '承認', refused: '拒否', reversed: '取り消し済み' },
  sale: 'カード端末から',
  methods: { lump: '1回払い', bonus: 'ボーナス一括払い', revolving: 'リボ払い' },
  instalments: (count) => `${count}回払い`,
  partBonus: (count) => `${count}回払い（ボーナス併用）`,
  modes: {
    atOnce: 'すぐに応答する',
    slow: '遅い：5秒かかる',
    late: '処理だけして、解除されるまで応答しない',
    silent: 'まったく応答しない',
    twice: '応答を2回送る',
    stan: '別の照会の番号で応答する',
    otherAmount: '違う金額で応答する',
    refuses: 'すべての購入を拒否する',
    over: '拒否：ご利用枠の超過',
    cut: '応答の途中で回線を切る',
  },
}

export type Words = typeof en
export const WORDS: Readonly<Record<Locale, Words>> = { en, ja }

/** What each button sets. */
export const MODES = {
  atOnce: NO_FAULTS,
  slow: { ...NO_FAULTS, slowMs: 5_000 },
  late: { ...NO_FAULTS, holds: 'answer' },
  silent: { ...NO_FAULTS, silent: true },
  twice: { ...NO_FAULTS, twice: true },
  stan: { ...NO_FAULTS, other: 'stan' },
  otherAmount: { ...NO_FAULTS, other: 'amount' },
  refuses: { ...NO_FAULTS, refuses: '05' },
  over: { ...NO_FAULTS, refuses: '51' },
  cut: { ...NO_FAULTS, cutsAfter: 20 },
} as const satisfies Record<keyof Words['modes'], Faults>

export function methodWords(words: Words, method: Method): string {
  const count = countOf(method)
  if (count === null) return words.methods[method === 'bonus' || method === 'revolving' ? method : 'lump']
  return method.startsWith('instalments') ? words.instalments(count) : words.partBonus(count)
}
