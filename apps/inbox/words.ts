// What the demo town's mail page says, in both languages. The letters themselves are in the language of who gets them.
import { catalogue } from '#ui/i18n.ts'

export const words = catalogue({
  en: {
    title: 'The town’s mail',
    about: 'All mail of this demonstration ends here and goes no further. The newest comes first.',
    letters: 'Letters',
    empty: 'No mail yet',
    emptyText: 'Codes for signing up and words about new phones appear here.',
    to: (address: string, time: string) => `To ${address} at ${time}`,
    copy: 'Copy the code',
    copied: 'Copied.',
    notCopied: 'The browser does not let this page copy. Select the code and copy it yourself.',
    offline: 'No connection to the hub. This is what was there last.',
    none: 'There is no mail here: this hub is not a demonstration, or sends its mail elsewhere.',
    cameIn: (subject: string) => `New mail: ${subject}`,
  },
  ja: {
    title: '町の郵便',
    about: 'このデモのメールはすべてここに届き、外には出ません。新しいものが上です。',
    letters: '手紙',
    empty: 'まだメールはありません',
    emptyText: '登録の確認コードや、新しいスマートフォンのお知らせがここに届きます。',
    to: (address, time) => `${address} 宛、${time}`,
    copy: 'コードをコピー',
    copied: 'コピーしました。',
    notCopied: 'このブラウザではコピーできません。コードを選んでコピーしてください。',
    offline: 'ハブに接続できません。最後に届いたものです。',
    none: 'ここにはメールがありません。デモではないか、メールを別のところへ送っています。',
    cameIn: (subject) => `新しいメール：${subject}`,
  },
})
