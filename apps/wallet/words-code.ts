// What the wallet says of the code that its owner shows at a register, and of a payment that came of one.
import { catalogue } from '#ui/i18n.ts'

export const codeWords = catalogue({
  en: {
    tile: 'My code',
    title: 'My code',
    show: 'Hold this to the shop’s reader. You are asked here before anything is paid.',
    fetching: 'Getting a code from the hub',
    qr: 'Your code for the shop’s reader',
    bars: 'The same code as bars',
    digits: 'Digits to read out',
    renews: 'A new code comes by itself.',
    offline: 'This phone has made the code itself.',
    offlineText: 'The shop reads it all the same. To approve, this phone has to be online again.',
    emv: 'For other readers (EMVCo)',
    notEmv: 'The usual code',
    tryAgain: 'Try again',

    readBy: (name: string) => `${name} has read your code.`,
    readByElse: (name: string, time: string) => `At ${time} ${name} has read a code of this phone.`,
    notThere: 'If you are not at this shop, decline. Nothing has been paid.',
  },
  ja: {
    tile: 'マイコード',
    title: 'マイコード',
    show: 'お店の読み取り機にかざしてください。支払う前に、この画面で確認します。',
    fetching: 'コードを取得しています',
    qr: 'お店に見せるコード',
    bars: '同じコードのバーコード',
    digits: '読み上げる数字',
    renews: 'コードは自動で新しくなります。',
    offline: 'このスマホで作ったコードです。',
    offlineText: 'お店では同じように読み取れます。承認するときは接続が必要です。',
    emv: 'ほかの読み取り機用（EMVCo）',
    notEmv: 'いつものコード',
    tryAgain: 'もう一度',

    readBy: (name: string) => `${name}がコードを読み取りました。`,
    readByElse: (name: string, time: string) => `${time}に${name}がこのスマホのコードを読み取りました。`,
    notThere: 'このお店にいないときは断ってください。まだ何も支払われていません。',
  },
})
