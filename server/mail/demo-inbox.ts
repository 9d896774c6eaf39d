// The demo town's post office: a small SMTP server in this process takes every mail, and the newest are kept in memory for a page.
import type { AddressInfo } from 'node:net'
import type { SMTPServer } from 'smtp-server'
import { LIMITS } from '#protocol/limits.ts'
import type { MailSettings } from './sender.ts'

export type DemoMail = Readonly<{ to: string; subject: string; text: string; at: number }>

const MOST_BYTES = 256 * 1024

export type DemoInbox = ReturnType<typeof demoInbox>

/** Starts its server with the first mail, on this machine only. `now` is the hub's clock. */
export function demoInbox(now: () => number) {
  const mails: DemoMail[] = []
  let opening: Promise<SMTPServer> | undefined

  async function open(): Promise<SMTPServer> {
    const { SMTPServer: Server } = await import('smtp-server')
    const server = new Server({
      disabledCommands: ['AUTH', 'STARTTLS'],
      logger: false,
      size: MOST_BYTES,
      onData(stream, session, callback) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address).join(', ')
          void keep(to, Buffer.concat(chunks), callback)
        })
      },
    })
    // A sender that goes away is no reason to stop.
    server.on('error', () => {})
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return server
  }

  async function keep(to: string, raw: Buffer, taken: (error?: Error) => void): Promise<void> {
    try {
      const { default: PostalMime } = await import('postal-mime')
      const { subject = '', text = '' } = await PostalMime.parse(raw)
      mails.unshift({ to, subject, text, at: now() })
      mails.splice(LIMITS.demoMails)
      taken()
    } catch (error) {
      taken(error instanceof Error ? error : new Error('the mail cannot be read'))
    }
  }

  return {
    /** newest first */
    mails: (): readonly DemoMail[] => mails,
    async settings(): Promise<MailSettings> {
      const { server } = await (opening ??= open())
      // Border: a server that listens at a port has an address of this kind.
      const { port } = server.address() as AddressInfo
      return { url: `smtp://127.0.0.1:${port}`, from: 'Warifu <post@warifu.example>' }
    },
    async stop(): Promise<void> {
      const server = await opening?.catch(() => undefined)
      if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
