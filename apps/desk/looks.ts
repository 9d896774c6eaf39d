// What of a person an operator can look at, with a reason. Pure.
import type { PartyFileView } from '#protocol/operator.ts'

export type What = 'birth-date' | 'email' | 'portrait'
/** What there is to look at, in the order it is asked for. */
export const looksOf = ({ has }: Pick<PartyFileView, 'has'>): readonly What[] => [
  ...(has.birthDate || has.claimedBirthDate ? (['birth-date'] as const) : []),
  ...(has.email ? (['email'] as const) : []),
  ...(has.portrait ? (['portrait'] as const) : []),
]
