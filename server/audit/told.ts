// The audit as people read it.
import type { Audit } from './audit.ts'

/** A line for each fault, then what was read and how fast. */
export function told({ faults, more, counts, at, seconds }: Audit, signatures: boolean): string {
  const rows = Object.values(counts).reduce((total, each) => total + each, 0)
  const figures = Object.entries(counts).map(([what, each]) => `${each.toLocaleString('en')} ${what}`)
  return [
    ...faults.map((fault) => `FAULT  ${fault}`),
    ...(more > 0 ? [`FAULT  and ${more} more`] : []),
    `The books as of ${new Date(at).toISOString()}: ${figures.join(', ') || 'empty'}.`,
    `${Math.round(rows / seconds).toLocaleString('en')} rows a second, ${seconds.toFixed(1)} s${signatures ? '' : ', signatures not checked'}.`,
    faults.length === 0 ? 'No faults.' : `${(faults.length + more).toLocaleString('en')} faults.`,
    '',
  ].join('\n')
}
