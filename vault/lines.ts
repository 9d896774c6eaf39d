// The lines to all issuers of the tables: some connections to each. A question goes over the one on which the fewest wait.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Trace } from '#issuer/elements.ts'
import type { Message } from '#issuer/iso8583.ts'
import { writeAsk, type Ask } from '#issuer/messages.ts'
import { zoneKeysOf, type ZoneKeys } from '#issuer/one-time.ts'
import { openLine, type Heard, type Line, type LineTimes } from './line.ts'
import type { Numbered, Numbering } from './numbering.ts'
import type { TableIssuer } from './wire.ts'

/** unreachable: no line was up, so it was certainly not asked */
export type Told = Heard | Readonly<{ kind: 'unreachable' }>
/** What is asked, without what the line knows itself. */
export type Question = Ask extends infer Each ? (Each extends Ask ? Omit<Each, 'trace'> : never) : never

export type Lines = Readonly<{
  /** Opens, closes and moves lines as the tables now say. */
  follow(issuers: readonly TableIssuer[]): void
  /** Issuers that can be asked now. */
  up(): readonly string[]
  /** By which this issuer knows us; undefined where the tables have no such issuer. */
  acquirer(code: string): string | undefined
  /** Waits for a line at most `reachMs`, and from then for an answer until `withinMs` are over. `onSent`: it is on its way. */
  ask(
    code: string,
    question: Question,
    trace: Omit<Trace, 'acquirer'>,
    within: Readonly<{ withinMs: number; reachMs: number; onSent?: () => void }>,
  ): Promise<Told>
  /** The keys that are shared with this issuer; undefined where there is no file. */
  keys(code: string): ZoneKeys | undefined
  stop(): void
}>

/** One that is busy or about to die leaves the other. */
const TO_EACH = 2
const LOOK_AGAIN_MS = 25

export function createLines(
  parts: Readonly<{
    numbering: Numbering
    /** a file with 32 bytes in hex, or a folder of such files named by issuer: 0001.key */
    zoneKey: string
    onAsk: (issuer: string, message: Message) => Promise<Message | undefined>
    /** the first line of an issuer has come up */
    onUp: (issuer: string) => void
    times?: Partial<LineTimes>
  }>,
): Lines {
  const { numbering, zoneKey, onAsk, onUp, times } = parts
  const open = new Map<string, Readonly<{ place: string; acquirer: string; lines: readonly Line[] }>>()

  const keys = (code: string): ZoneKeys | undefined => zoneKeysIn(zoneKey, code)
  const upOf = (code: string): readonly Line[] => open.get(code)?.lines.filter((line) => line.isUp()) ?? []

  function begin({ code, host, port, acquirer }: TableIssuer): readonly Line[] {
    return Array.from({ length: TO_EACH }, () =>
      openLine({
        host,
        port,
        key: () => keys(code)?.mac,
        trace: async () => traceOf(await numbering.next(), acquirer),
        onAsk: (message) => onAsk(code, message),
        onChange: () => {
          if (upOf(code).length === 1) onUp(code)
        },
        ...(times !== undefined && { times }),
      }),
    )
  }

  async function lineOf(code: string, reachMs: number): Promise<Line | undefined> {
    const over = performance.now() + reachMs
    for (;;) {
      const [best] = upOf(code).toSorted((left, right) => left.waiting() - right.waiting())
      if (best !== undefined || performance.now() >= over) return best
      await new Promise((again) => setTimeout(again, LOOK_AGAIN_MS))
    }
  }

  return {
    follow(issuers) {
      const wanted = new Map(issuers.map((issuer) => [issuer.code, issuer]))
      for (const [code, { place, lines }] of open) {
        const issuer = wanted.get(code)
        if (issuer !== undefined && placeOf(issuer) === place) continue
        for (const line of lines) line.stop()
        open.delete(code)
      }
      for (const issuer of issuers)
        if (!open.has(issuer.code))
          open.set(issuer.code, { place: placeOf(issuer), acquirer: issuer.acquirer, lines: begin(issuer) })
    },
    up: () => [...open.keys()].filter((code) => upOf(code).length > 0),
    acquirer: (code) => open.get(code)?.acquirer,
    async ask(code, question, trace, { withinMs, reachMs, onSent }) {
      const over = performance.now() + withinMs
      const line = await lineOf(code, Math.min(reachMs, withinMs))
      const acquirer = open.get(code)?.acquirer
      if (line === undefined || acquirer === undefined) return { kind: 'unreachable' }
      const message = writeAsk({ ...question, trace: { ...trace, acquirer } })
      const heard = line.ask(message, Math.max(1, over - performance.now()))
      onSent?.()
      return heard
    },
    keys,
    stop() {
      for (const { lines } of open.values()) for (const line of lines) line.stop()
      open.clear()
    },
  }
}

const placeOf = ({ host, port, acquirer }: TableIssuer): string => `${host} ${port} ${acquirer}`
const traceOf = ({ trace }: Numbered, acquirer: string): Trace => ({ ...trace, acquirer })

function zoneKeysIn(path: string, code: string): ZoneKeys | undefined {
  try {
    const isFolder = statSync(path).isDirectory()
    const text = readFileSync(isFolder ? join(path, `${code}.key`) : path, 'utf8').trim()
    return /^[0-9a-f]{64}$/u.test(text) ? zoneKeysOf(Buffer.from(text, 'hex')) : undefined
  } catch {
    // Not there yet: the issuer makes it at its first start, and the line looks again.
    return undefined
  }
}
