// JSON as money needs it: well-formed UTF-8, each name once in an object, no deep nests, no prototype names, no lone surrogates.
// JSON.parse alone keeps the last of two equal names, so that two readers of one request could see two amounts.

export class JsonFault extends Error {
  override name = 'JsonFault'
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses strictly. Throws JsonFault, whose message names the fault and never what was sent. */
export function parseStrict(bytes: Uint8Array, maxDepth: number): unknown {
  const text = decode(bytes)
  checkNames(text, maxDepth)
  try {
    return JSON.parse(text)
  } catch {
    throw new JsonFault('not JSON')
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new JsonFault('not UTF-8')
  }
}

/** One walk over the text: strings are skipped or taken as names; everything else is left to JSON.parse. */
function checkNames(text: string, maxDepth: number): void {
  const names: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    switch (text.charAt(at)) {
      case '{':
      case '[':
        names.push(text[at] === '{' ? new Set() : null)
        if (names.length > maxDepth) throw new JsonFault('too deep')
        break
      case '}':
      case ']':
        names.pop()
        break
      case '"': {
        const end = endOfString(text, at)
        const raw = text.slice(at, end + 1)
        // Only an escape can write a surrogate without its other half: the decoder has refused all others.
        if (raw.includes('\\') && !parsedString(raw).isWellFormed()) throw new JsonFault('a lone surrogate')
        if (isName(text, end)) takeName(names.at(-1), raw)
        at = end
        break
      }
    }
  }
}

function endOfString(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  if (end >= text.length) throw new JsonFault('not JSON')
  return end
}

function isName(text: string, end: number): boolean {
  let next = end + 1
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\t' || text[next] === '\r') next++
  return text[next] === ':'
}

function takeName(names: Set<string> | null | undefined, raw: string): void {
  const name = parsedString(raw)
  if (FORBIDDEN.has(name)) throw new JsonFault('a forbidden name')
  if (names?.has(name)) throw new JsonFault('a name twice')
  names?.add(name)
}

function parsedString(raw: string): string {
  if (!raw.includes('\\')) return raw.slice(1, -1)
  try {
    return String(JSON.parse(raw))
  } catch {
    throw new JsonFault('not JSON')
  }
}
