// What may be how long in the words between hub and vault.

/** Everything here that can grow. */
export const VAULT_LIMITS = {
  /** the tables of every issuer of a country; any other request is below 4 KB */
  bodyBytes: 1024 * 1024,
  jsonDepth: 6,
  /** a JWE of ours is some 500 characters */
  envelopeLength: 2_048,
  issuers: 500,
  ranges: 20_000,
  /** of one answer; the rest is asked for with `after` */
  alarms: 200,
  /** the longest that a caller may wait for an issuer */
  withinMs: 60_000,
} as const
