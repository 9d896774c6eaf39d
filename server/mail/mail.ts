// The hub's mail, put together: letters go into the outbox, and from there by SMTP; in a demo without SMTP to the town's own inbox.
import type { Message, Outbox, Sent } from './outbox.ts'
import { demoInbox, type DemoMail } from './demo-inbox.ts'
import { smtpSender, type MailSettings } from './sender.ts'
import type { SilenceMail } from '../reach/reach.ts'
import { mailOf, type Letter, type Mail } from './words.ts'
import type { Language } from '#protocol/identity.ts'

/** Puts a letter into the outbox, not to be sent after `lifeMs`; with an `id` (32 hex digits) once. */
export type Post = (to: string, language: Language, letter: Letter, lifeMs: number, id?: string) => Promise<void>

export type MailOffice = ReturnType<typeof mailOffice>

/** `settings` null: no mail, unless this is a demo. */
export function mailOffice(
  parts: Readonly<{
    settings: MailSettings | null
    scheme: Readonly<{ name: string; demo: boolean }>
    outbox: Pick<Outbox, 'add'>
    /** the hub's clock */
    now: () => number
    /** why a mail was not taken, without whose it was */
    onFailure: (code: string) => void
  }>,
) {
  const { settings, scheme, outbox, now } = parts
  const inbox = settings === null && scheme.demo ? demoInbox(now) : null
  const sender =
    settings === null && inbox === null ? null : smtpSender(settings ?? (() => openInbox()), parts.onFailure)

  const openInbox = (): Promise<MailSettings> => {
    if (inbox === null) throw new Error('only a demo has an inbox')
    return inbox.settings()
  }

  const post: Post | null =
    sender === null
      ? null
      : (to, language, letter, lifeMs, id) =>
          outbox.add({
            ...(id !== undefined && { id }),
            kind: 'mail',
            receiver: to,
            body: mailOf(letter, { language, scheme: scheme.name }),
            expiresAt: now() + lifeMs,
          })

  /** A mail that is written already; else as `post`. */
  const postReady =
    sender === null
      ? null
      : (to: string, mail: Mail, lifeMs: number): Promise<void> =>
          outbox.add({ kind: 'mail', receiver: to, body: mail, expiresAt: now() + lifeMs })

  return {
    /** null where this hub sends no mail */
    post,
    postReady,
    /** what the outbox's loop sends mails with */
    send:
      sender === null
        ? null
        : ({ id, receiver, body }: Message): Promise<Sent> =>
            // Border: rows of kind mail are written by `post` alone.
            sender.send({ ...(body as Mail), to: receiver, id }),
    /** the demo town's mails, newest first */
    demoMails: (): readonly DemoMail[] => inbox?.mails() ?? [],
    /** where a further hub of this demo sends its mail, so that it is shown here */
    inboxSettings: openInbox,
    stop: async (): Promise<void> => inbox?.stop(),
  }
}

/** The last word about what was sent to a person whose phones stay silent, with a link to it; null where there is no mail. */
export const writeAbout = (
  post: Post | null,
  wallet: () => string,
  now: () => number,
): ((mail: SilenceMail) => Promise<void>) | null =>
  post &&
  (({ id, email, language, kind, payment, expiresAt }) =>
    post(
      email,
      language,
      { kind: kind === 'payment' ? 'payment-waits' : 'question-waits', link: `${wallet()}#payment=${payment}` },
      expiresAt - now(),
      id,
    ))
