// PostgreSQL's text form of an array. The driver makes it too, but looks at each element in several ways, which for a posting of
// 500 transfers cost more than everything else the hub did for it.

/** Needs no quotes: ids, account keys, units, kinds. */
const PLAIN = /^[0-9A-Za-z:-]+$/

/** A statement's values as they are sent: arrays as their text. */
export const sent = (values: readonly unknown[]): unknown[] =>
  values.map((value) => (Array.isArray(value) ? arrayText(value) : value))

/** `{…}` of numbers, texts, bytes, truths and nulls. */
export function arrayText(values: readonly unknown[]): string {
  let text = '{'
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ','
    text += elementText(values[index])
  }
  return `${text}}`
}

function elementText(value: unknown): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') {
    // The word null without quotes would be no word.
    if (PLAIN.test(value) && !(value.length === 4 && value.toLowerCase() === 'null')) return value
    return `"${value.replaceAll(/[\\"]/g, '\\$&')}"`
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array)
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`
  throw new TypeError('an array holds numbers, texts, bytes, truths and nulls')
}
