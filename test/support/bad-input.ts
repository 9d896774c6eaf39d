// Where in a body something can be wrong, and the same body with something else there.
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import type { Route } from '#protocol/routes.ts'

export type Leaf = readonly (string | number)[]

/** Every place in a body, leaves and branches. */
export function placesOf(value: unknown, at: Leaf = []): Leaf[] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, part]) =>
          placesOf(part, [...at, Array.isArray(value) ? Number(name) : name]),
        )
      : []
  return at.length === 0 ? inner : [at, ...inner]
}

const RAW = '@@RAW@@'

/** The body's JSON with the text at one place replaced by a raw literal. */
export function withRaw(body: object, [...at]: Leaf, literal: string): string {
  const copy = structuredClone(body)
  const last = at.pop()
  let within = copy as Record<string | number, unknown>
  for (const name of at) within = within[name] as Record<string | number, unknown>
  within[String(last)] = RAW
  return JSON.stringify(copy).replace(`"${RAW}"`, () => literal)
}

/** JSON in the place of an amount that is none. */
export const BAD_AMOUNTS = [
  '1.5', '"1.5"', '1e3', '"1e3"', '"١٢"', '"１２"', '" 5"', '"5 "', '"+5"', '"0x10"', '"1,000"', '"1_000"', '""', 'null', 'true',
  '[5]', '["5"]', '{"a":5}', '5', '0', '-0', '"-0"', '"00"', '"01"', '"-1"', '9007199254740992', '9007199254740993',
  '"9223372036854775807"', '"9223372036854775808"', '"1000000000000000000"', `"${'9'.repeat(400)}"`, '"NaN"', '"Infinity"',
  '1e400', '"5\\n"', '"\\u0035\\u0000"',
] // prettier-ignore

/** Is this the place of an amount of money? */
export const isAmount = (at: Leaf): boolean =>
  /^(amount|total|tax|freshProofFrom|per(Payment|Day|Month))$/.test(String(at.at(-1)))

const LITERALS = [
  'null', 'true', '0', '1.5', '-1', '1e400', '1e300', '""', '"x"', '[]', '{}', '[{}]', '{"a":1}', `"${'x'.repeat(5_000)}"`,
  '"cmd_0123456789ABCDEF0123456789ABCDEF"', '"pay_0123456789abcdef0123456789abcde"', '"pay_0123456789abcdef0123456789abcdef "',
  '"\' OR 1=1--"', '"hasOwnProperty"', '"deal_\\u0000"',
] // prettier-ignore

/** What the schema of this route does not allow: other types, missing fields, unknown fields, long and empty texts, another whole. */
export function badTexts(route: Route, body: object): string[] {
  // Border: a route that takes a body has a schema of it.
  const schema = Compile(route.body as TSchema)
  const texts = placesOf(body).flatMap((at) => LITERALS.map((literal) => withRaw(body, at, literal)))
  for (const at of placesOf(body)) texts.push(withRaw(body, at, '0').replace(/"[^"]*":0(,|(?=[}\]]))/, ''))
  for (const name of ['status', 'balance', 'fee', 'party', 'toString', 'hasOwnProperty', 'id[]', ''])
    texts.push(JSON.stringify({ ...body, [name]: 'settled' }))
  texts.push('[]', '"text"', '1', 'true', JSON.stringify([body]))
  const bad = texts.filter((text) => {
    try {
      return !schema.Check(JSON.parse(text))
    } catch {
      return true
    }
  })
  return [...new Set(bad)]
}
