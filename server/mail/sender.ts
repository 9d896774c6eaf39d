// Mail over SMTP. The library is loaded with the first mail; addresses and texts come checked (EmailPart) and never become headers by hand.
import type { Sent } from './outbox.ts'
import type { Mail } from './words.ts'

export type MailSettings = Readonly<{
  /** smtp://user:password@host:587 or smtps://… */
  url: string
  /** as in `Warifu <no-reply@pay.example.org>` */
  from: string
}>

export type MailSender = Readonly<{
  /** `id` makes the Message-ID, so that the same mail sent twice is seen to be one. */
  send(mail: Mail & Readonly<{ to: string; id: string }>): Promise<Sent>
}>

/** Of each step of the connection; a whole mail is then over before anybody takes it again. */
const PATIENCE_MS = 10_000

/** Over the settings; where they come later (the demo's own server) they are asked for at each mail. `onFailure` gets the library's code. */
export function smtpSender(
  settings: MailSettings | (() => Promise<MailSettings>),
  onFailure: (code: string) => void,
): MailSender {
  return {
    async send({ to, id, subject, text, html }) {
      const { url, from } = typeof settings === 'function' ? await settings() : settings
      const { createTransport } = await import('nodemailer')
      const transport = createTransport({
        url,
        connectionTimeout: PATIENCE_MS,
        greetingTimeout: PATIENCE_MS,
        socketTimeout: PATIENCE_MS,
        // A mail holds what is given here and nothing that a text could name.
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${id}@${domainOf(from)}>`,
          // RFC 3834: nobody's holiday answers this.
          headers: { 'auto-submitted': 'auto-generated' },
        })
        return 'sent'
      } catch (error) {
        const { code, status } = faultOf(error)
        onFailure(`${code} ${status}`)
        // What a server refuses for good is about this receiver or this mail; everything else (no connection, no login) may pass.
        return status >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE') ? 'never' : 'later'
      } finally {
        transport.close()
      }
    },
  }
}

const domainOf = (from: string): string => /@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1] ?? 'localhost'

/** The error's own text may name the receiver: only its codes go on. */
function faultOf(error: unknown): { code: string; status: number } {
  if (!(error instanceof Error)) return { code: 'unknown', status: 0 }
  const status: unknown = Reflect.get(error, 'responseCode')
  return { code: String(Reflect.get(error, 'code') ?? error.name), status: typeof status === 'number' ? status : 0 }
}
