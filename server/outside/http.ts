// Asking another program over HTTP, with a secret that both have: the operator's bank, the vault. The address is the operator's setting and
// nobody else's; no redirect is followed, and no answer is read beyond its length.

/** unreachable: certainly not asked · no-answer: perhaps asked, and nothing heard that can be believed */
export type Unheard = Readonly<{ kind: 'unreachable' }> | Readonly<{ kind: 'no-answer' }>
export type Answered = Readonly<{ status: number; body: Uint8Array }> | Unheard

const NOT_REACHED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])

/** Asks once. Whatever happens on the way is an answer of its own, never an error. */
export async function askOutside(
  address: URL,
  asked: Readonly<{
    method: 'GET' | 'POST' | 'PUT'
    secret: string
    /** the body's type; there is one where a body is */
    type: string
    body: Uint8Array | null
    withinMs: number
    mostBytes: number
    /** ends what is under way: the hub stops */
    life: AbortSignal
  }>,
): Promise<Answered> {
  const { method, secret, type, body, withinMs, mostBytes, life } = asked
  try {
    const response = await fetch(address, {
      method,
      headers: { authorization: `Bearer ${secret}`, ...(body !== null && { 'content-type': type }) },
      // Border: the types of fetch want a body of their own kind of bytes; these are never shared memory.
      ...(body !== null && { body: body as Uint8Array<ArrayBuffer> }),
      redirect: 'error',
      signal: AbortSignal.any([life, AbortSignal.timeout(Math.max(1, Math.ceil(withinMs)))]),
    })
    return { status: response.status, body: await bytesOf(response, mostBytes) }
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
    return { kind: NOT_REACHED.has(code) ? 'unreachable' : 'no-answer' }
  }
}

async function bytesOf(response: Response, mostBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    // Border: a response's body gives bytes; its type does not say so everywhere.
    const bytes = part as Uint8Array
    length += bytes.length
    if (length > mostBytes) throw new Error('the answer is too long')
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}

/** What the bytes say; undefined where they are no JSON. */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
