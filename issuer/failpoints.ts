// Places at which an issuer can be made to die, for tests of what is left behind: ISSUER_FAILPOINT="name:nth" kills the process with SIGKILL
// when it passes the place for the nth time. Without the variable nothing here does anything.

export const FAILPOINTS = [
  /** a message is read and nothing of it is decided */
  'heard',
  /** it is decided and on the disk, and not answered */
  'written',
  /** its answer has left the process */
  'answered',
  /** a notice is marked as sent on the disk, and has not left */
  'telling',
] as const
export type Failpoint = (typeof FAILPOINTS)[number]

const [name = '', nth = '1'] = (process.env['ISSUER_FAILPOINT'] ?? '').split(':')
let left = Number(nth)

/** Dies here when this is the place and the time. */
export function passing(place: Failpoint): void {
  if (place === name && --left === 0) process.kill(process.pid, 'SIGKILL')
}
