/** A bug, not a refusal: crash and let the database keep us whole. */
export function assert(condition: unknown, must: string): asserts condition {
  if (!condition) throw new Error(`must be true: ${must}`)
}
