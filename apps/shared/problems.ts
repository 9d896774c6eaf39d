// What an app says for each problem code: what happened, whether money moved, and the next step, in both languages.
// The codes are closed (protocol/problems.ts), so a new one does not compile until it has its words here.
import type { Problem, ProblemCode } from '#protocol/problems.ts'
import type { Locale } from '#ui/i18n.ts'

/** Who reads it: the person with the phone, or the one at the register. */
export type Reader = 'payer' | 'biller'

/** `none`: this step moved no money. `look`: it is not known here; the payment's own screen shows it. */
export type MoneyMoved = 'none' | 'look'

export type ProblemText = Readonly<{ sentence: string; next: string; money: MoneyMoved; moneySentence: string }>

type Words = readonly [sentence: string, next: string]
type Said = Readonly<{ en: Words; ja: Words; biller?: Readonly<{ en: Words; ja: Words }>; money?: MoneyMoved }>

/** The words for a problem. A code this app does not know yet (a newer hub) is shown with the hub's own sentence. */
export function problemText(
  problem: Pick<Problem, 'code' | 'title' | 'next'>,
  locale: Locale,
  reader: Reader,
): ProblemText {
  const said: Said | undefined = Object.hasOwn(SAID, problem.code) ? SAID[problem.code] : undefined
  const words = said === undefined ? undefined : ((reader === 'biller' ? said.biller : undefined) ?? said)[locale]
  const [sentence, next] = words ?? [problem.title, problem.next]
  const money = said === undefined ? 'look' : (said.money ?? 'none')
  return { sentence, next, money, moneySentence: moneySentence(money, locale) }
}

export const moneySentence = (money: MoneyMoved, locale: Locale): string => MONEY[money][locale]

const MONEY: Readonly<Record<MoneyMoved, Readonly<Record<Locale, string>>>> = {
  none: { en: 'No money moved.', ja: 'お金は動いていません。' },
  look: {
    en: 'The payment itself shows whether money moved. It is paid at most once.',
    ja: 'お金が動いたかどうかは、お支払いの画面で確かめられます。二重に支払われることはありません。',
  },
}

/** What only a broken app or connection can meet: there is nothing for a person to learn from the difference. */
const MISUNDERSTOOD: Said = {
  en: [
    'This app and the hub did not understand each other.',
    'Reload the page. If that does not help, tell the operator.',
  ],
  ja: [
    'アプリとハブのやりとりがうまくいきませんでした。',
    'ページを再読み込みしてください。直らないときは運営者にお知らせください。',
  ],
}

const SIGN_IN: Said = {
  en: ['The connection has to be set up anew.', 'Wait a moment. If nothing happens, reload the page.'],
  ja: ['接続をやり直しています。', '少しお待ちください。変わらないときは、ページを再読み込みしてください。'],
}

const HUB_AWAY: Said = {
  en: ['The hub is not available at the moment.', 'Nothing needs to be done: it goes on by itself, once.'],
  ja: ['ハブが一時的に利用できません。', 'そのままお待ちください。自動で続きを行い、二重になることはありません。'],
  money: 'look',
}

const SAID: Readonly<Record<ProblemCode, Said>> = {
  // finding
  'not-found': {
    en: ['This is not there any more.', 'Look at the list again.'],
    ja: ['見つかりませんでした。', '一覧をもう一度ご確認ください。'],
  },
  'number-not-found': {
    en: ['No bill is waiting under this number.', 'Compare it with the shop’s screen and type it again.'],
    ja: ['この番号のお会計は見つかりません。', 'お店の画面の番号を確かめて、もう一度入力してください。'],
  },

  // the shop on the web
  'key-unknown': {
    en: ['This API key is not known, or was ended.', 'Use a key that the shop has made and not ended.'],
    ja: ['この APIキーは登録されていないか、終了しています。', '有効な APIキーをお使いください。'],
  },
  'scope-missing': {
    en: ['This API key is not good for this.', 'Make a key that may do it.'],
    ja: ['この APIキーではこの操作はできません。', '必要な権限のあるキーを作ってください。'],
  },
  'too-many-keys': {
    en: ['This shop has as many API keys as it may.', 'End one that is not used any more.'],
    ja: ['APIキーの数が上限に達しています。', '使っていないキーを終了してください。'],
  },
  'key-made': {
    en: ['This key was made, but its secret cannot be shown any more.', 'End it in the list, and make another one.'],
    ja: ['このキーは作成済みですが、もう表示できません。', '一覧から終了して、新しいキーを作ってください。'],
  },
  'too-many-webhooks': {
    en: ['This shop has as many webhooks as it may.', 'End one that is not used any more.'],
    ja: ['Webhook の数が上限に達しています。', '使っていないものを終了してください。'],
  },
  'webhook-off': {
    en: ['This webhook is switched off.', 'Switch it on, then send again.'],
    ja: ['この Webhook は停止しています。', '再開してから、もう一度送ってください。'],
  },
  'address-invalid': {
    en: [
      'The hub does not send to this address.',
      'Enter an address that begins with https:// and can be reached from the internet.',
    ],
    ja: ['このアドレスには送信できません。', 'インターネットから届く https:// のアドレスを入力してください。'],
  },
  'too-many-links': {
    en: ['This shop has as many open payment links as it may.', 'End one that is not needed any more.'],
    ja: ['支払いリンクの数が上限に達しています。', '不要なリンクを終了してください。'],
  },
  'link-over': {
    en: ['This payment link has run out, was ended, or was paid.', 'Ask the shop for a new one.'],
    ja: ['この支払いリンクは期限切れか、終了しているか、支払い済みです。', 'お店に新しいリンクをお求めください。'],
  },

  // the deal has moved on
  'state-conflict': {
    en: ['The payment has moved on in the meantime.', 'Look at it as it is now and decide again.'],
    ja: ['お支払いの状態が変わりました。', '今の状態を確かめてから、もう一度お選びください。'],
    money: 'look',
  },
  'joined-meanwhile': {
    en: ['A phone has joined in the meantime.', 'Look at the bill as it is now and decide again.'],
    ja: ['その間にスマートフォンがつながりました。', '今の状態を確かめてから、もう一度お選びください。'],
  },
  'bill-changed': {
    en: ['The shop has changed the bill.', 'Read the new bill, then approve that one.'],
    ja: ['お店がお会計を変更しました。', '新しい内容を確かめてから、承認してください。'],
    biller: {
      en: ['The bill was changed in the meantime.', 'Look at the bill as it is now and change that one.'],
      ja: ['お会計はその間に変更されています。', '今の内容を確かめてから、変更してください。'],
    },
  },
  'bill-missing': {
    en: ['The shop has not sent the amount yet.', 'Wait for the bill.'],
    ja: ['お店からまだ金額が届いていません。', '金額が届くまでお待ちください。'],
  },
  'challenge-open': {
    en: ['The shop asked for your PIN first.', 'Enter the PIN, then approve.'],
    ja: ['お店が暗証番号の確認を求めています。', '先に暗証番号を入力してから、承認してください。'],
    biller: {
      en: ['The phone is already being asked for the PIN.', 'Wait for the answer.'],
      ja: ['すでに暗証番号の確認を求めています。', '返事をお待ちください。'],
    },
  },
  'no-challenge': {
    en: ['The shop no longer asks for the PIN.', 'Look at the payment as it is now.'],
    ja: ['暗証番号の確認はもう求められていません。', '今の状態をご確認ください。'],
  },
  'deal-exists': {
    en: ['This deal already exists with another bill.', 'Start a new bill.'],
    ja: ['この取引は別の内容ですでに登録されています。', '新しいお会計を始めてください。'],
  },
  'already-refunded': {
    en: ['That is more than is left to refund.', 'Refund at most what is left.'],
    ja: ['返金できる残りの額を超えています。', '残りの額の範囲で返金してください。'],
  },
  'not-settled': {
    en: ['The payment is not complete yet.', 'A refund is possible once it is paid.'],
    ja: ['お支払いがまだ完了していません。', '完了してから返金できます。'],
  },
  'cooling-off': {
    en: ['The cancellation period is not over yet.', 'Wait until it ends.'],
    ja: ['取り消しできる期間がまだ終わっていません。', '期間が終わるまでお待ちください。'],
  },

  'too-late': {
    en: ['The cancellation period is over.', 'Ask the shop for a refund.'],
    ja: ['取り消しできる期間が終わっています。', 'お店に返金をご相談ください。'],
  },
  restricted: {
    en: ['Something on this bill may not be sold to you.', 'Ask the shop to take it off the bill.'],
    ja: ['お会計の中に、お客様には販売できない品があります。', 'お店にその品を外してもらってください。'],
  },
  'shop-asked': {
    en: ['The shop is deciding whether it may sell this.', 'Wait a moment, then approve.'],
    ja: ['販売できるかどうかをお店が確認しています。', '少し待ってから、承認してください。'],
  },
  'not-asked': {
    en: ['The question is no longer open.', 'Look at the payment as it is now.'],
    ja: ['確認はもう求められていません。', '今の状態をご確認ください。'],
  },

  // who
  'device-revoked': {
    en: ['This phone may not pay any more.', 'Enrol it again with a new code from the operator.'],
    ja: [
      'このスマートフォンではお支払いできなくなっています。',
      '運営者から新しいコードを受け取り、登録し直してください。',
    ],
  },
  'terminal-inactive': {
    en: ['This register may not be used any more.', 'Enrol it again with a new code from the office or the operator.'],
    ja: ['このレジは使えなくなっています。', '事務所か運営者から新しいコードを受け取り、登録し直してください。'],
  },
  'signature-invalid': {
    en: ['The approval did not fit this bill.', 'Read the bill again and approve it again.'],
    ja: ['承認がこのお会計と合いませんでした。', 'お会計をもう一度確かめて、承認し直してください。'],
  },
  'approval-expired': {
    en: ['The approval came too late.', 'Approve again.'],
    ja: ['承認が間に合いませんでした。', 'もう一度承認してください。'],
  },
  'proof-needed': {
    en: ['Please show that it is you.', 'Use the passkey or enter the PIN.'],
    ja: ['ご本人の確認が必要です。', 'パスキーを使うか、暗証番号を入力してください。'],
  },
  'proof-wrong': {
    en: ['That PIN is not right.', 'Enter it again.'],
    ja: ['暗証番号が違います。', 'もう一度入力してください。'],
  },
  'security-key-needed': {
    en: [
      'This phone approves with its security key alone.',
      'Plug in the key or hold it to the phone, and approve again.',
    ],
    ja: ['この端末はセキュリティキーでだけ承認できます。', 'キーを差し込むか端末に当てて、もう一度承認してください。'],
  },
  'proof-too-weak': {
    en: ['This kind of proof is not good for so much.', 'Approve with a passkey of this phone or with a security key.'],
    ja: ['この金額には、より強い本人確認が必要です。', 'この端末のパスキーかセキュリティキーで承認してください。'],
  },
  'too-many-questions': {
    en: ['This person was asked too often.', 'Wait a while, or show a number instead.'],
    ja: ['この方への問い合わせが多すぎます。', 'しばらく待つか、番号を表示してください。'],
  },
  'goods-invalid': {
    en: ['Some rows of the price file are not right; nothing was changed.', 'Put them right and send the file again.'],
    ja: ['価格表に正しくない行があります。何も変更していません。', 'その行を直して、もう一度取り込んでください。'],
  },
  'goods-changed': {
    en: ['Somebody else has changed the price file meanwhile.', 'Look at the new one, and make your change again.'],
    ja: ['価格表がほかの人によって変更されました。', '新しい内容を確認して、もう一度変更してください。'],
  },
  'picture-invalid': {
    en: ['This picture cannot be used.', 'Choose another picture, a JPEG.'],
    ja: ['この画像は使えません。', '別の画像（JPEG）を選んでください。'],
  },
  'too-many-devices': {
    en: ['There are as many phones as there may be.', 'Remove one that you no longer use.'],
    ja: ['登録できる端末の数に達しています。', '使っていない端末を外してください。'],
  },
  'too-many-points': {
    en: ['This shop has as many signs as it may.', 'End one first.'],
    ja: ['この店舗で登録できる掲示コードの数に達しています。', '使っていないものを終了してください。'],
  },
  'menu-invalid': {
    en: ['The menu does not fit together.', 'Put the marked part right and save it again.'],
    ja: ['メニューの内容に合わないところがあります。', '示された箇所を直して、もう一度保存してください。'],
  },
  'menu-changed': {
    en: ['The menu was changed meanwhile.', 'Look at what is new, then send it again.'],
    ja: ['メニューが変わりました。', '新しい内容を確かめて、もう一度送ってください。'],
  },
  'menu-closed': {
    en: ['Nothing is served at this time.', 'Look at the opening hours.'],
    ja: ['今は注文を受け付けていない時間です。', '営業時間をご確認ください。'],
  },
  'sold-out': {
    en: ['There is not enough of this left.', 'Order less of it, or something else.'],
    ja: ['品切れ、または残りが足りません。', '数を減らすか、別の品をお選びください。'],
  },
  'order-invalid': {
    en: ['The order does not fit the menu.', 'Open the menu again and choose from it.'],
    ja: ['注文の内容がメニューと合いません。', 'メニューを開き直して、選び直してください。'],
  },
  'tab-closed': {
    en: ['This table’s bill was closed.', 'Order again to open a new one.'],
    ja: ['このテーブルのお会計は締め切られました。', '続けるには、あらためて注文してください。'],
  },
  'tab-full': {
    en: [
      'This table has as many orders, guests or shares as it may.',
      'Pay or give back something first, or ask the staff.',
    ],
    ja: [
      'このテーブルの注文・人数・分け方が上限に達しました。',
      '先にお支払いか取り消しをするか、店員にお声がけください。',
    ],
  },
  'too-many-tabs': {
    en: ['Too many orders wait to be paid here.', 'Wait a moment and order again.'],
    ja: ['お支払い待ちの注文が混み合っています。', '少し待ってから、もう一度注文してください。'],
  },
  'line-taken': {
    en: ['Somebody else is paying this, or it was refused.', 'Look at the table again and choose from what is open.'],
    ja: ['ほかの人がお支払い中か、お断りになった品です。', 'テーブルの内容を見直して、選び直してください。'],
  },
  'nothing-open': {
    en: ['There is nothing left to pay here.', 'The table shows who pays what.'],
    ja: ['お支払いが残っているものはありません。', 'だれが何を払うかは、テーブルの画面で確かめられます。'],
  },
  'share-differs': {
    en: ['The table is already being shared in another way.', 'Take one of those shares.'],
    ja: ['別の人数での割り勘がすでに始まっています。', 'その割り勘に加わってください。'],
  },
  'share-too-small': {
    en: ['There is too little left to share it like this.', 'Share it among fewer.'],
    ja: ['残りの金額が少なく、この人数では分けられません。', '人数を減らしてください。'],
  },
  'share-under-way': {
    en: ['Somebody at this table is paying right now.', 'Wait until that is paid or given back, then close it.'],
    ja: ['このテーブルでお支払い中の人がいます。', 'お支払いか取り消しが済んでから締めてください。'],
  },
  'line-moved-on': {
    en: ['This line is in another state by now.', 'Look at the list and decide again.'],
    ja: ['この品の状態はすでに変わっています。', '一覧を見直して、もう一度操作してください。'],
  },
  'point-ended': {
    en: ['This sign is not in use any more.', 'Ask the shop for another way to pay.'],
    ja: ['この掲示コードは現在使われていません。', 'お店に別の支払い方法をお尋ねください。'],
  },
  'too-many-staff': {
    en: ['There are as many people as there may be.', 'End somebody who no longer works here.'],
    ja: ['登録できるスタッフの数に達しています。', 'もう働いていない方を終了にしてください。'],
  },
  'device-waiting': {
    en: ['This phone is not let in yet.', 'Wait until the time shown. A phone you already use can refuse it.'],
    ja: ['この端末はまだ使えません。', '表示された時刻までお待ちください。お使いの端末から断ることもできます。'],
  },
  'request-refused': {
    en: ['Another phone of yours has refused this one.', 'Add this phone from one you already use.'],
    ja: ['お使いの別の端末が、この端末を断りました。', 'すでに使っている端末から追加してください。'],
  },
  'cashier-needed': {
    en: ['Nobody has signed in at this register.', 'Sign in with your PIN.'],
    ja: ['このレジには、まだ誰もサインインしていません。', 'ご自分の暗証番号でサインインしてください。'],
  },
  'not-permitted': {
    en: ['Your role does not allow this.', 'Ask a manager or the owner.'],
    ja: ['この操作の権限がありません。', '店長かオーナーにお願いしてください。'],
  },
  'last-owner': {
    en: ['A shop keeps at least one owner.', 'Make somebody else an owner first.'],
    ja: ['お店には少なくとも一人のオーナーが必要です。', '先に別の方をオーナーにしてください。'],
  },
  'passkey-needed': {
    en: ['Operators sign in with a passkey.', 'Use your passkey, or add one.'],
    ja: ['運営者はパスキーでサインインします。', 'パスキーを使うか、追加してください。'],
  },
  'proof-locked': {
    en: ['Too many wrong PINs.', 'Wait until the lock ends, then enter it again.'],
    ja: ['暗証番号を続けて間違えました。', 'ロックが終わるまで待ってから、もう一度入力してください。'],
  },
  'too-many-tries': {
    en: ['Too many wrong numbers from here.', 'Wait a while, or scan the code instead.'],
    ja: ['番号の間違いが続きました。', 'しばらく待つか、QRコードを読み取ってください。'],
    biller: {
      en: ['Too many tries from here.', 'Wait a while and try again.'],
      ja: ['試行の回数が多すぎます。', 'しばらく待ってから、もう一度お試しください。'],
    },
  },
  'own-bill': {
    en: ['This bill is your own.', 'A bill cannot be paid by the one who made it.'],
    ja: ['ご自身のお会計です。', 'ご自分のお会計を支払うことはできません。'],
  },

  'not-a-contact': {
    en: ['This person has not listed you as a contact.', 'Send a link or show a code instead.'],
    ja: ['相手の方の連絡先に登録されていません。', 'リンクを送るか、コードを見せてください。'],
  },
  'too-many-bills': {
    en: ['That is enough bills to people for today.', 'Show a code instead, or go on tomorrow.'],
    ja: ['本日送れる請求の数を超えました。', 'コードを見せるか、明日お試しください。'],
  },
  'party-unknown': {
    en: ['Nobody has this account number.', 'Check the number.'],
    ja: ['この口座番号の方はいません。', '番号をご確認ください。'],
  },
  'payer-refused': {
    en: ['It was refused on the side of the payer.', 'Ask them to look at their wallet, or to pay in another way.'],
    ja: [
      'お支払いになる方の側で受け付けられませんでした。',
      'ウォレットを確かめてもらうか、別の方法でお支払いいただいてください。',
    ],
  },
  'too-many-contacts': {
    en: ['The list of contacts is full.', 'Remove one first.'],
    ja: ['連絡先がいっぱいです。', 'どなたかを外してから登録してください。'],
  },
  'account-busy': {
    en: ['Something is still arriving, held or open in this account.', 'Wait until it is over, then close it.'],
    ja: ['この口座には、入金待ち・お預かり・進行中の取引が残っています。', '終わってから解約してください。'],
  },
  'balance-left': {
    en: ['There is still money in this account.', 'Pay it out, then close the account.'],
    ja: ['この口座には残高があります。', '払い出してから解約してください。'],
  },

  // money
  'insufficient-funds': {
    en: ['The balance is not enough.', 'Add money, then try again.'],
    ja: ['残高が足りません。', 'チャージしてから、もう一度お試しください。'],
    biller: {
      en: ['The shop’s balance is not enough for this refund.', 'Wait until payments have arrived, then try again.'],
      ja: ['返金に使えるお店の残高が足りません。', '入金を待ってから、もう一度お試しください。'],
    },
  },
  'account-frozen': {
    en: ['The account is frozen.', 'Ask the operator.'],
    ja: ['口座が凍結されています。', '運営者にお問い合わせください。'],
  },
  'account-closed': {
    en: ['The account is closed.', 'Ask the operator.'],
    ja: ['口座は解約されています。', '運営者にお問い合わせください。'],
  },
  'account-unknown': {
    en: ['There is no such account.', 'Check the account number.'],
    ja: ['その口座はありません。', '口座番号をご確認ください。'],
  },
  'rate-missing': {
    en: ['There is no exchange rate for this at the moment.', 'Choose another way to pay.'],
    ja: ['現在、この通貨の為替レートがありません。', '別の支払い方法をお選びください。'],
  },
  'rate-expired': {
    en: ['The exchange rate has run out.', 'Look at the new amount, then approve that one.'],
    ja: ['為替レートの有効期限が切れました。', '新しい金額をご確認のうえ、もう一度承認してください。'],
  },
  'means-changed': {
    en: ['The way to pay, or its amount, has changed.', 'Look at it again, then approve.'],
    ja: ['支払い方法または金額が変わりました。', '内容をご確認のうえ、もう一度承認してください。'],
  },
  'means-not-found': {
    en: ['This bank account or card is not registered any more.', 'Choose another way to pay.'],
    ja: ['この銀行口座またはカードは登録されていません。', '別の支払い方法をお選びください。'],
  },
  'card-number-invalid': {
    en: ['This is no card number.', 'Compare it with your card.'],
    ja: ['カード番号が正しくありません。', 'カードの表示をご確認ください。'],
  },
  'card-issuer-unknown': {
    en: ['Cards of this company are not taken here.', 'Register another card.'],
    ja: ['このカード会社のカードはご利用いただけません。', '別のカードをご登録ください。'],
  },
  'card-refused': {
    en: [
      'The card company does not confirm this card.',
      'Compare number, month and security code with your card, or ask the card company.',
    ],
    ja: [
      'カード会社でこのカードを確認できませんでした。',
      'カード番号・有効期限・セキュリティコードをご確認いただくか、カード会社にお問い合わせください。',
    ],
  },
  'card-envelope-invalid': {
    en: ['The card could not be registered.', 'Enter it once more.'],
    ja: ['カードを登録できませんでした。', 'もう一度入力してください。'],
  },
  'too-many-cards': {
    en: ['You have as many cards here as you may.', 'Remove one first.'],
    ja: ['登録できるカードの上限に達しています。', '先に一つ削除してください。'],
  },
  'card-number-none': {
    en: ['No card number waits to be sent.', 'Look at the deal again.'],
    ja: ['送信待ちのカード番号はありません。', 'お取引の状態をもう一度ご確認ください。'],
  },
  'card-not-accepted': {
    en: ['This shop does not take this card.', 'Choose another way to pay.'],
    ja: ['このお店では、このカードはご利用いただけません。', '別の支払い方法をお選びください。'],
  },
  'method-not-accepted': {
    en: ['This way to repay is not offered for this bill.', 'Choose another one of those shown.'],
    ja: ['このお会計では、この支払い回数・方法はご利用いただけません。', '表示された中からお選びください。'],
  },
  'card-expired': {
    en: ['This card has expired.', 'Register the new card, or choose another way to pay.'],
    ja: ['このカードは有効期限が切れています。', '新しいカードをご登録いただくか、別の支払い方法をお選びください。'],
  },
  'cards-unavailable': {
    en: ['Cards cannot be used at the moment.', 'Try again later, or choose another way to pay.'],
    ja: [
      '現在、カードをご利用いただけません。',
      'しばらくしてからもう一度お試しいただくか、別の支払い方法をお選びください。',
    ],
  },
  'other-device': {
    en: ['This payment waits on another phone of yours.', 'Use the phone whose card the register has read.'],
    ja: ['このお支払いは、お持ちの別のスマートフォンで行います。', 'レジで読み取ったスマートフォンをお使いください。'],
  },
  'means-refused': {
    en: ['The bank does not know this account under this name.', 'Compare it with your cash card, and try again.'],
    ja: [
      'この名義の口座を銀行で確認できませんでした。',
      'キャッシュカードの表示をご確認のうえ、もう一度お試しください。',
    ],
  },
  'bank-unavailable': {
    en: ['The bank cannot be reached at the moment.', 'Try again later, or choose another way to pay.'],
    ja: ['現在、銀行に接続できません。', 'しばらくしてからもう一度お試しいただくか、別の支払い方法をお選びください。'],
  },
  'too-many-means': {
    en: ['You have as many bank accounts here as you may.', 'Remove one first.'],
    ja: ['登録できる銀行口座の上限に達しています。', '先に一つ削除してください。'],
  },
  'over-bank-limit': {
    en: ['This is more than may be taken from this bank account.', 'Choose another way to pay.'],
    ja: ['この銀行口座から引き落とせる金額を超えています。', '別の支払い方法をお選びください。'],
  },
  'over-limit': {
    en: ['The amount is over the limit for one payment.', 'Ask the shop for a smaller bill, or ask the operator.'],
    ja: ['一回のお支払いの上限を超えています。', 'お店に会計を分けてもらうか、運営者にお問い合わせください。'],
    biller: {
      en: ['The amount is over the limit for one payment.', 'Make a smaller bill, or ask the operator.'],
      ja: ['一回のお支払いの上限を超えています。', '会計を分けるか、運営者にお問い合わせください。'],
    },
  },
  'over-offline-limit': {
    en: [
      'This is more than may be taken without a network, or it was handed in too late.',
      'Take the payment again while the network is there.',
    ],
    ja: [
      '通信なしで受け付けられる額を超えたか、提出が遅すぎました。',
      '通信のあるときに、もう一度お会計をしてください。',
    ],
  },
  'over-day-limit': {
    en: ['The amount is over what is left for today.', 'Pay less, or pay tomorrow.'],
    ja: ['本日お支払いできる残りの額を超えています。', '金額を減らすか、明日お支払いください。'],
  },
  'over-month-limit': {
    en: ['The amount is over what is left for this month.', 'Pay less, or ask the operator.'],
    ja: ['今月お支払いできる残りの額を超えています。', '金額を減らすか、運営者にお問い合わせください。'],
  },
  'unit-mismatch': {
    en: ['The account does not hold this currency.', 'Pay in another way.'],
    ja: ['この口座では、この通貨のお支払いはできません。', '別の方法でお支払いください。'],
  },

  // the door
  'command-mismatch': MISUNDERSTOOD,
  'could-not-decide': {
    en: ['The hub could not decide this.', 'Ask the operator.'],
    ja: ['ハブで処理できませんでした。', '運営者にお問い合わせください。'],
  },

  // the border
  'json-invalid': MISUNDERSTOOD,
  'request-invalid': MISUNDERSTOOD,
  'amount-invalid': {
    en: ['The amount is not right.', 'Enter it again.'],
    ja: ['金額が正しくありません。', 'もう一度入力してください。'],
  },
  'unit-invalid': MISUNDERSTOOD,
  'bill-invalid': {
    en: ['The bill does not add up.', 'Ask the shop to send it again. Do not pay it.'],
    ja: ['お会計の計算が合いません。', 'お店に送り直してもらってください。お支払いにならないでください。'],
    biller: {
      en: ['The bill does not add up.', 'Check the lines; the total must be above zero.'],
      ja: ['お会計の計算が合いません。', '明細をご確認ください。合計は0より大きい必要があります。'],
    },
  },
  'id-invalid': MISUNDERSTOOD,
  'unknown-field': MISUNDERSTOOD,
  'field-invalid': MISUNDERSTOOD,
  'text-invalid': {
    en: ['A text is too long or has characters that cannot be shown.', 'Make it shorter and plain.'],
    ja: ['文字が長すぎるか、使えない文字が入っています。', '短くして、使えない文字を除いてください。'],
  },
  'card-tables-changed': {
    en: ['Somebody else has changed these tables meanwhile.', 'Look at the new ones, and make the change again.'],
    ja: ['ほかの人がこの表を変更しました。', '新しい表を確かめて、もう一度変更してください。'],
  },
  'card-number-in-text': {
    en: [
      'A text holds what looks like a card number. Nothing was kept.',
      'Leave the number out. A card is registered under “Cards” in the wallet and written nowhere else.',
    ],
    ja: [
      'カード番号のような数字が入っています。保存はしていません。',
      '番号を除いてください。カードの登録はウォレットの「カード」でだけ行います。',
    ],
  },
  'day-invalid': {
    en: ['These days are not right.', 'Choose the first day, then the last, at most a year apart.'],
    ja: ['日付が正しくありません。', '初めの日と終わりの日を、一年以内で選んでください。'],
  },
  'too-many-units': {
    en: ['This account counts in as many currencies as it can.', 'Use one of those.'],
    ja: ['開設できる通貨の数の上限に達しています。', 'すでにある通貨をお使いください。'],
  },
  'period-invalid': {
    en: ['The cancellation period is not right.', 'Choose it again; ten years at most.'],
    ja: ['取り消しできる期間が正しくありません。', '十年以内で選び直してください。'],
  },
  'restriction-invalid': {
    en: ['The restriction is not right.', 'Choose it again; a daily quantity needs the code of the article.'],
    ja: ['販売の条件が正しくありません。', '選び直してください。一日の数には商品のコードが必要です。'],
  },
  'rows-invalid': {
    en: ['Some rows of the file are not right; none was booked.', 'Put the named rows right and send the file again.'],
    ja: ['ファイルに誤った行があります。1件も記帳されていません。', '示された行を直して、もう一度送ってください。'],
  },
  'operator-revoked': {
    en: ['This operator may not work here any more.', 'Ask another operator for a new code.'],
    ja: ['この運営者は登録を取り消されています。', '別の運営者から新しいコードを受け取ってください。'],
  },
  'type-unsupported': MISUNDERSTOOD,
  'too-large': {
    en: ['This is too much at once.', 'Send less at once.'],
    ja: ['一度に送る量が多すぎます。', '分けて送ってください。'],
  },
  'method-not-allowed': MISUNDERSTOOD,
  'route-not-found': MISUNDERSTOOD,
  'session-needed': SIGN_IN,
  'session-ended': SIGN_IN,
  'signature-needed': SIGN_IN,
  'signature-wrong': SIGN_IN,
  'not-allowed': {
    en: ['This app may not do that.', 'Use the wallet for payments and the register for bills.'],
    ja: ['このアプリではできない操作です。', 'お支払いはウォレット、お会計はレジをお使いください。'],
  },
  'code-not-found': {
    en: ['This code is not known, was used, or has run out.', 'Ask the operator for a new code.'],
    ja: [
      'このコードは使えません（間違い、使用済み、または期限切れです）。',
      '運営者から新しいコードを受け取ってください。',
    ],
    // At a register it may be the customer's code as well as the one that enrols the machine.
    biller: {
      en: ['This code has run out, was used, or is not known.', 'Ask for a new one.'],
      ja: ['このコードは期限切れか使用済み、または間違いです。', '新しいコードをもらってください。'],
    },
  },
  'code-foreign': {
    en: ['This code is of another wallet.', 'Ask for a code of this one, or show a number.'],
    ja: ['別のウォレットのコードです。', 'このウォレットのコードを出してもらうか、番号をお見せください。'],
  },
  'purchase-invalid': {
    en: ['This is no purchase from a register here.', 'Read the code on the register again.'],
    ja: ['このレジのお会計ではありません。', 'レジの画面のコードをもう一度読み取ってください。'],
  },
  'purchase-expired': {
    en: ['This purchase has run out.', 'Ask the register for a new one.'],
    ja: ['このお会計は期限切れです。', 'レジで新しいお会計を出してもらってください。'],
  },
  'code-clock': {
    en: ["The phone's clock is wrong, or the code is an old one.", "Set the phone's clock, then show a new code."],
    ja: ['スマホの時計が合っていないか、古いコードです。', 'スマホの時計を合わせて、新しいコードを表示してください。'],
    biller: {
      en: [
        "The clock of the customer's phone is wrong, or the code is an old one.",
        'Ask for a new code. If that does not help, let them type the number instead.',
      ],
      ja: [
        'お客様のスマホの時計が合っていないか、古いコードです。',
        '新しいコードを見せてもらってください。それでもだめなときは、番号でお支払いいただけます。',
      ],
    },
  },
  'invoice-number-invalid': {
    en: ['This is no registration number.', 'Compare it with the notice of the tax office: T and 13 digits.'],
    ja: ['登録番号が正しくありません。', '税務署の通知書の番号（Tと13桁の数字）と見比べてください。'],
  },
  'no-receipt': {
    en: ['Nothing was paid here, so there is no receipt.', 'Look at the payment first.'],
    ja: ['お支払いがないため、領収書はありません。', 'お支払いの状態を確認してください。'],
  },
  'email-missing': {
    en: ['There is no mail address for you yet.', 'Add one under “You”, then ask again.'],
    ja: ['メールアドレスが登録されていません。', '「あなた」で登録してから、もう一度お試しください。'],
  },
  'mail-unavailable': {
    en: [
      'This hub sends no mail, so nobody can sign up or come back by mail.',
      'Ask the operator for a one-time code.',
    ],
    ja: [
      'このハブはメールを送れないため、メールでの登録や復旧はできません。',
      '運営窓口で一回限りのコードをもらってください。',
    ],
  },
  'no-host-name': {
    en: ['Passkeys need a host name, and this hub is reached by its address.', 'The PIN does the same here.'],
    ja: ['パスキーにはホスト名が必要ですが、このハブには番地で接続しています。', '暗証番号をお使いください。'],
  },
  'request-timeout': HUB_AWAY,
  'headers-too-large': MISUNDERSTOOD,
  busy: HUB_AWAY,
  unavailable: HUB_AWAY,

  // found by the client itself
  'no-answer': {
    en: ['The hub does not answer.', 'Check the connection; it goes on by itself.'],
    ja: ['ハブから返事がありません。', '接続をご確認ください。つながると自動で続きを行います。'],
    money: 'look',
  },
  'passkey-failed': {
    en: ['The passkey was not used.', 'Try it again, or enter the PIN.'],
    ja: ['パスキーは使われませんでした。', 'もう一度試すか、暗証番号を入力してください。'],
  },
}
