// What the component says. It has no catalogue of the kit's: on other people's pages every kilobyte counts.
export type Locale = 'en' | 'ja'

export const WORDS = {
  en: {
    scan: 'Scan this code with your phone, or type the number in your wallet.',
    qr: 'Code for the wallet',
    number: 'Number',
    open: 'Open the wallet on this device',
    left: (minutes: number) =>
      minutes > 1 ? `This number works for ${minutes} minutes.` : 'This number works for less than a minute.',
    loading: 'One moment…',
    waiting: 'Waiting for your phone',
    joined: 'Your phone has joined. Confirm there.',
    paid: 'Paid',
    held: 'Paid. The money is set aside until delivery.',
    ended: 'Not paid. No money moved.',
    expired: 'This number has run out. No money moved.',
    renew: 'Get a new number',
    offline: 'No connection. It goes on by itself.',
  },
  ja: {
    scan: 'スマートフォンでコードを読み取るか、ウォレットに番号を入力してください。',
    qr: 'ウォレット用のコード',
    number: '番号',
    open: 'この端末でウォレットを開く',
    left: (minutes: number) =>
      minutes > 1 ? `この番号はあと${minutes}分使えます。` : 'この番号はまもなく使えなくなります。',
    loading: 'お待ちください…',
    waiting: 'スマートフォンを待っています',
    joined: 'スマートフォンがつながりました。画面の内容を確かめて承認してください。',
    paid: '支払い済み',
    held: '支払い済み(お届けまでお預かりします)',
    ended: '支払われませんでした。お金は動いていません。',
    expired: 'この番号は期限切れです。お金は動いていません。',
    renew: '新しい番号を表示',
    offline: '接続がありません。自動でつながり直します。',
  },
} as const

/** The language of the place where it stands, else the browser's. */
export const localeOf = (element: Element): Locale =>
  (element.closest('[lang]')?.getAttribute('lang') ?? navigator.language).toLowerCase().startsWith('ja') ? 'ja' : 'en'
