// Places at which a vault can be made to die, for tests of what is left behind: VAULT_FAILPOINT="name:nth" kills the process with SIGKILL
// when it passes the place for the nth time. Without the variable nothing here does anything.

export const FAILPOINTS = [
  /** an authorisation is committed and nothing of it is sent */
  'intent-committed',
  /** it is on the wire and not answered */
  'intent-sent',
  /** the answer is here and not committed */
  'answer-heard',
  /** the answer is committed and the hub has not been told */
  'answer-committed',
  /** a reversal, capture, release, refund or the end of a key is committed and nothing of it is sent */
  'follow-committed',
  /** it is on the wire and not answered */
  'follow-sent',
  /** the issuer has taken it and that is not committed */
  'follow-heard',
  /** it is done and committed, and the hub has not been told */
  'follow-done',
  /** a one-time number's key is with the issuer and the number is not given out */
  'key-heard',
  /** the issuer's word on a one-time number is committed and not acknowledged */
  'notice-committed',
  /** an envelope is noted as used and its issuer has not been asked */
  'envelope-noted',
  /** a card is kept and the hub has not been told */
  'card-committed',
] as const
export type Failpoint = (typeof FAILPOINTS)[number]

const [name = '', nth = '1'] = (process.env['VAULT_FAILPOINT'] ?? '').split(':')
let left = Number(nth)

/** Dies here when this is the place and the time. */
export function passing(place: Failpoint): void {
  if (place === name && --left === 0) process.kill(process.pid, 'SIGKILL')
}
