// What the wallet says at a sign where nobody stands, and of tags.
import { catalogue } from '#ui/i18n.ts'

export const pointWords = catalogue({
  en: {
    title: 'Pay at this sign',
    looking: 'Looking up the sign',
    isHere: 'Is this where you are standing?',
    isHereText:
      'Compare name, place and picture with what is before you. If they differ, the sign may have been pasted over: do not pay.',
    picture: 'Picture of the place',
    noPicture: 'The shop has not added a picture.',
    paidTo: (name: string) => `Paid to ${name}`,
    amount: 'Amount',
    amountBetween: (least: string, most: string) => `From ${least} to ${most}`,
    costs: 'Price',
    next: 'Next',
    opening: 'Asking the hub',
    check: 'Pay here?',
    number: 'Number',
    numberText: 'Where the machine has a screen, it shows the same number.',
    confirm: 'I am here',
    notHere: 'Not here',
    otherAmount: 'Another amount',
    again: 'Try again',

    tagHold: 'Or hold the phone to the sign’s tag.',
    tagAsk: 'Read a tag',
    tagRefused: 'Tags are not allowed for this page. Allow NFC in the browser’s settings, or scan the code.',
    tagTrouble: 'The tag could not be read. Turn NFC on in the phone’s settings, or scan the code.',
  },
  ja: {
    title: 'この掲示で支払う',
    looking: '掲示を確認しています',
    isHere: 'いま目の前にあるのは、これですか',
    isHereText:
      '名前・場所・写真を見比べてください。違う場合は、コードが貼り替えられているおそれがあります。支払わないでください。',
    picture: '設置場所の写真',
    noPicture: 'お店は写真を登録していません。',
    paidTo: (name: string) => `支払い先：${name}`,
    amount: '金額',
    amountBetween: (least: string, most: string) => `${least}から${most}まで`,
    costs: '料金',
    next: '次へ',
    opening: 'ハブに確認しています',
    check: 'ここで支払いますか',
    number: '番号',
    numberText: '機械に画面がある場合は、同じ番号が表示されます。',
    confirm: 'はい、ここです',
    notHere: 'ここではない',
    otherAmount: '金額を変える',
    again: 'もう一度試す',

    tagHold: '掲示のタグにスマホをかざしても読み取れます。',
    tagAsk: 'タグを読み取る',
    tagRefused:
      'このページではタグの読み取りが許可されていません。ブラウザの設定でNFCを許可するか、コードを読み取ってください。',
    tagTrouble: 'タグを読み取れませんでした。スマホの設定でNFCをオンにするか、コードを読み取ってください。',
  },
})

export type PointWords = (typeof pointWords)['en']
