// What the hub writes to people, in both languages: plain text, the same as simple HTML, and never more than needed.
import type { Language } from '#protocol/identity.ts'

export type Mail = Readonly<{ subject: string; text: string; html: string }>

/** In the place of a code: there is an account already, there is none, or the address is another account's. */
export type NoCode = Readonly<{ kind: 'have-account' | 'no-account' | 'address-taken' }>

export type Letter =
  | NoCode
  /** `isLast`: more were asked for than one address is sent, and this code has to do for a day */
  | Readonly<{ kind: 'sign-up' | 'recover' | 'change-email'; code: string; isLast: boolean }>
  | Readonly<{ kind: 'email-changed' }>
  /** `readyAt` as the person reads it */
  | Readonly<{ kind: 'new-phone'; readyAt: string }>
  /** sent to a person whose phones stay silent; neither name nor amount, which a mail would show to whoever looks */
  | Readonly<{ kind: 'payment-waits' | 'question-waits'; link: string }>

/** The mail of a letter; `scheme` is the name of this deployment. A code stands in a line of its own. */
export function mailOf(letter: Letter, { language, scheme }: Readonly<{ language: Language; scheme: string }>): Mail {
  const name = oneLine(scheme)
  const { subject, lines } = WORDS[language](letter, name)
  const code = 'code' in letter ? fives(letter.code) : null
  const [first = '', life = '', ...more] = lines
  const isLast = 'isLast' in letter && letter.isLast
  const all = code === null ? lines : [first, code, isLast ? LAST[language] : life, ...more]
  const paragraphs = all.map((line) =>
    line === code
      ? `<p style="font-size:32px;letter-spacing:4px;font-weight:600;margin:24px 0">${line}</p>`
      : `<p>${line.startsWith('http') ? linked(line) : escaped(line)}</p>`,
  )
  return {
    subject,
    text: `${[...all, name].join('\n\n')}\n`,
    html: `<!doctype html><html lang="${language}"><body style="font:16px/1.5 sans-serif">${paragraphs.join('')}<p>${escaped(name)}</p></body></html>`,
  }
}

/** Long codes in fives, as they are typed. */
const fives = (code: string): string => (code.length > 6 ? (code.match(/.{1,5}/g) ?? []).join(' ') : code)

/** In the place of how long a code is good. */
const LAST: Readonly<Record<Language, string>> = {
  en: 'Codes for this address have been asked for very often, perhaps not by you. So this is the last mail for now, and its twenty digits are good for 24 hours. In the wallet choose “I have a mail with a code”. Tell it to nobody, not even somebody who calls you.',
  ja: 'このメールアドレスあてのコードが何度も求められました。ご本人ではないかもしれません。そのため、いまお送りするメールはこれが最後です。この20桁のコードは24時間有効です。ウォレットでは「コードのメールが届いている」を選んでください。電話で聞かれても、だれにも教えないでください。',
}

/** When something happens, as a person in this zone reads it. */
export const timeText = (at: number, { language, zone }: Readonly<{ language: Language; zone: string }>): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: zone }).format(at)

type Words = (letter: Letter, name: string) => Readonly<{ subject: string; lines: readonly string[] }>

const WORDS: Readonly<Record<Language, Words>> = {
  en(letter, name) {
    switch (letter.kind) {
      case 'sign-up':
        return {
          subject: `Your code for ${name}`,
          lines: [
            'This is your code to sign up:',
            'It is good for 15 minutes. Tell it to nobody, not even somebody who calls you.',
            'If it was not you who asked for it, there is nothing to do.',
          ],
        }
      case 'recover':
        return {
          subject: `Your code for ${name}`,
          lines: [
            'This is your code to remove a lost phone or to add a new one:',
            'It is good for 15 minutes. Tell it to nobody, not even somebody who calls you.',
            'If it was not you who asked for it, there is nothing to do: without the code nothing happens.',
          ],
        }
      case 'change-email':
        return {
          subject: `Your code for ${name}`,
          lines: [
            'This is your code to use this address:',
            'It is good for 15 minutes. Tell it to nobody, not even somebody who calls you.',
            'If it was not you who asked for it, there is nothing to do.',
          ],
        }
      case 'have-account':
        return {
          subject: `You have an account at ${name}`,
          lines: [
            'Somebody, probably you, wants to sign up with this address. There is an account already.',
            'In the wallet choose “I have an account”.',
            'If it was not you, there is nothing to do.',
          ],
        }
      case 'no-account':
        return {
          subject: `No account at ${name}`,
          lines: [
            'Somebody, probably you, looks for an account with this address. There is none.',
            'Try your other addresses, or choose “New here” in the wallet.',
            'If it was not you, there is nothing to do.',
          ],
        }
      case 'address-taken':
        return {
          subject: `This address has an account at ${name}`,
          lines: [
            'Somebody, probably you, wants to use this address for an account. It belongs to another one already.',
            'If it was not you, there is nothing to do.',
          ],
        }
      case 'email-changed':
        return {
          subject: `Your address at ${name} was changed`,
          lines: [
            'From now on mail goes to a new address.',
            'If it was not you: somebody has your phone and your PIN. Ask the operator to freeze the account at once.',
          ],
        }
      case 'payment-waits':
        return {
          subject: `A payment waits for you at ${name}`,
          lines: ['Somebody has sent you something to pay. Nothing is paid unless you approve it.', letter.link],
        }
      case 'question-waits':
        return {
          subject: `A question waits for you at ${name}`,
          lines: ['Somebody asks who you are. If you did not start this, decline.', letter.link],
        }
      case 'new-phone':
        return {
          subject: 'A new phone wants to use your account',
          lines: [
            `Somebody, probably you, asked for a new phone at ${name}. It will be let in on ${letter.readyAt}.`,
            'If it was not you, refuse it before: in the wallet on a phone that you have, under “Phones”. Without a phone choose “I have an account” in any wallet.',
          ],
        }
    }
  },
  ja(letter, name) {
    switch (letter.kind) {
      case 'sign-up':
        return {
          subject: `${name}の確認コード`,
          lines: [
            '登録のための確認コードです。',
            '15分間有効です。電話で聞かれても、だれにも教えないでください。',
            'お心当たりがない場合は、何もする必要はありません。',
          ],
        }
      case 'recover':
        return {
          subject: `${name}の確認コード`,
          lines: [
            'なくしたスマートフォンの停止、または新しいスマートフォンの追加のための確認コードです。',
            '15分間有効です。電話で聞かれても、だれにも教えないでください。',
            'お心当たりがない場合は、何もする必要はありません。コードがなければ何も起こりません。',
          ],
        }
      case 'change-email':
        return {
          subject: `${name}の確認コード`,
          lines: [
            'このメールアドレスを使うための確認コードです。',
            '15分間有効です。電話で聞かれても、だれにも教えないでください。',
            'お心当たりがない場合は、何もする必要はありません。',
          ],
        }
      case 'have-account':
        return {
          subject: `${name}の口座はすでにあります`,
          lines: [
            'このメールアドレスで登録の操作がありました。口座はすでにあります。',
            'ウォレットで「口座をもっている」を選んでください。',
            'お心当たりがない場合は、何もする必要はありません。',
          ],
        }
      case 'no-account':
        return {
          subject: `${name}の口座はありません`,
          lines: [
            'このメールアドレスの口座を探す操作がありましたが、口座はありません。',
            'ほかのメールアドレスを試すか、ウォレットで「はじめての方」を選んでください。',
            'お心当たりがない場合は、何もする必要はありません。',
          ],
        }
      case 'address-taken':
        return {
          subject: `このアドレスには${name}の口座があります`,
          lines: [
            'このメールアドレスを口座に使う操作がありましたが、すでに別の口座のものです。',
            'お心当たりがない場合は、何もする必要はありません。',
          ],
        }
      case 'email-changed':
        return {
          subject: `${name}のメールアドレスが変わりました`,
          lines: [
            'これからのメールは新しいアドレスに届きます。',
            'お心当たりがない場合は、だれかがあなたのスマートフォンと暗証番号を使っています。すぐに運営窓口に口座の停止を頼んでください。',
          ],
        }
      case 'payment-waits':
        return {
          subject: `${name}にお支払いの確認があります`,
          lines: ['支払いの依頼が届いています。承認するまで、何も支払われません。', letter.link],
        }
      case 'question-waits':
        return {
          subject: `${name}に本人確認の問い合わせがあります`,
          lines: ['本人かどうかの問い合わせが届いています。お心当たりがない場合は断ってください。', letter.link],
        }
      case 'new-phone':
        return {
          subject: '新しいスマートフォンの申し込みがありました',
          lines: [
            `${name}で新しいスマートフォンの申し込みがありました。${letter.readyAt}から使えるようになります。`,
            'お心当たりがない場合は、それまでに断ってください。お持ちのスマートフォンのウォレットの「スマートフォン」から断れます。手元にないときは、どのウォレットでも「口座をもっている」を選んでください。',
          ],
        }
    }
  },
}

/** A header is one line, whatever the operator called the scheme. */
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
export const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '')

const linked = (link: string): string => `<a href="${escaped(link)}">${escaped(link)}</a>`
