// What a notification says where the owner wants no names and amounts on the lock screen. The service worker's own words: it has no pages.
import type { PushedKind } from '#protocol/pushed.ts'

export type PushedWords = Readonly<Record<PushedKind | 'neutral', Readonly<{ title: string; body: string }>>>

const en: PushedWords = {
  payment: { title: 'A bill for you', body: 'Open the wallet to see it.' },
  question: {
    title: 'Somebody asks who you are',
    body: 'Open the wallet to see who. If you do not expect it, decline.',
  },
  challenge: { title: 'The shop asks for your password', body: 'Open the wallet to answer.' },
  'new-phone': {
    title: 'A new phone wants into your account',
    body: 'If it is not yours, open the wallet and refuse it.',
  },
  presence: { title: 'Warifu', body: 'Open the wallet.' },
  card: { title: 'A shop asks for your card', body: 'Open the wallet to see shop and amount, and decide.' },
  neutral: { title: 'Warifu', body: 'Open the wallet.' },
}

const ja: PushedWords = {
  payment: { title: '請求が届いています', body: 'ウォレットを開いてご確認ください。' },
  question: {
    title: '確認の依頼が届いています',
    body: 'ウォレットを開いて相手をご確認ください。心当たりがなければ断ってください。',
  },
  challenge: { title: 'お店がパスワードの入力を求めています', body: 'ウォレットを開いて答えてください。' },
  'new-phone': {
    title: '新しいスマートフォンがアカウントの利用を求めています',
    body: '心当たりがなければ、ウォレットを開いて拒否してください。',
  },
  presence: { title: 'Warifu', body: 'ウォレットを開いてください。' },
  card: {
    title: 'お店がカードでの支払いを確認しています',
    body: 'ウォレットを開いて、お店と金額を確かめてください。',
  },
  neutral: { title: 'Warifu', body: 'ウォレットを開いてください。' },
}

export const pushedWords: Readonly<Record<'en' | 'ja', PushedWords>> = { en, ja }
