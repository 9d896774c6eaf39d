// Bank accounts of one's own: read, registered with a proof of the owner, taken away. Null when it is done, else why not.
import type { MeansBody, MeansListView } from '#protocol/means.ts'
import type { Problem } from '#protocol/problems.ts'
import { meansSubject } from '#protocol/signed-bytes.ts'
import type { Prove } from '#sdk/approval.ts'
import { callMeans } from '#sdk/means-calls.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { presence } from '#sdk/presence.ts'
import type { Desk } from './hub.ts'
import * as when from './state.ts'

export type NewBank = Omit<MeansBody<'addMeans'>, 'presence'>

export const readBanks = async (desk: Desk): Promise<Problem | null> =>
  withBanks(desk, await callMeans(desk.client, 'means'))

/** The same command again, after a lost answer, is the same account. */
export async function addBank(desk: Desk, account: NewBank, prove: Prove): Promise<Problem | null> {
  const proof = await presence(desk.client, 'add-means', meansSubject(account), prove)
  if (!proof.ok) return proof.problem
  return withBanks(desk, await callMeans(desk.client, 'addMeans', { ...account, presence: proof.view }))
}

export const removeBank = async (desk: Desk, means: string): Promise<Problem | null> =>
  withBanks(desk, await callMeans(desk.client, 'removeMeans', { means }))

function withBanks({ update }: Desk, answer: Outcome<MeansListView>): Problem | null {
  if (!answer.ok) return answer.problem
  update((state) => when.learntMine(state, { banks: answer.view }))
  return null
}
