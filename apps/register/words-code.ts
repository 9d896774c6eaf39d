// What the register says when it reads a customer's code.
import { catalogue } from '#ui/i18n.ts'

export const codeWords = catalogue({
  en: {
    way: 'Customer’s code',
    title: 'Read the customer’s code',
    text: 'With the scanner or the camera, or type the 15 digits. The customer is asked on their phone and pays there.',
    noBill: 'Nothing is keyed in yet. The phone will wait for the amount.',
    field: 'Code',
    hint: 'Blanks do not matter.',
    go: 'Ask the phone',
    camera: 'Use the camera',
    noCamera: 'Stop the camera',
    asking: 'Asking the customer’s phone',
    slip: 'A digit is wrong. Compare it with the customer’s screen.',
    unknown: 'This is no code of this wallet. Ask the customer to open “My code”.',
    foreign: (wallet: string) => `This is a code of ${wallet}, which cannot pay here. Ask for the code of this wallet.`,
    foreignOther: 'This is no code to pay with here. Ask the customer to open “My code”.',
  },
  ja: {
    way: 'お客様のコード',
    title: 'お客様のコードを読み取る',
    text: 'スキャナーかカメラで読み取るか、15桁の数字を入力してください。お客様はご自分のスマホで確認してお支払いになります。',
    noBill: 'まだ何も入力されていません。金額はあとから送れます。',
    field: 'コード',
    hint: '空白があってもかまいません。',
    go: 'スマホに確認',
    camera: 'カメラで読み取る',
    noCamera: 'カメラを止める',
    asking: 'お客様のスマホに確認しています',
    slip: '数字に誤りがあります。お客様の画面と見比べてください。',
    unknown: 'このウォレットのコードではありません。お客様に「マイコード」を開いてもらってください。',
    foreign: (wallet: string) =>
      `${wallet}のコードです。ここではお支払いいただけません。このウォレットのコードを見せてもらってください。`,
    foreignOther: '支払いのコードではありません。お客様に「マイコード」を開いてもらってください。',
  },
})
