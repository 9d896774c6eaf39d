// The checks of what comes in, each compiled when its route is first asked, once for a process. Compiling all of them took two thirds of a
// second of every start, and most are asked seldom.
import buildAjv from '@fastify/ajv-compiler'

/** As fastify calls it: true, or false with what is wrong in `errors`. */
type Check = { (value: unknown): boolean; errors?: unknown }
type Compile = (route: object) => Check

/** Keeps what it has compiled by the schema itself: hubs of one process share their routes' schemas. Border: plain JavaScript's types. */
const compilerOf = buildAjv.default() as unknown as (schemas: object, options: object) => Compile

/** For fastify's `schemaController.compilersFactory.buildValidator`. */
export function buildValidator(schemas: object, options: object): Compile {
  const compile = compilerOf(schemas, options)
  return (route) => {
    let compiled: Check | undefined
    const check: Check = (value) => {
      compiled ??= compile(route)
      const isRight = compiled(value)
      check.errors = compiled.errors
      return isRight
    }
    return check
  }
}
