// Purchases that registers sign, and their word on when they took one, with toy keys: what server/purchases.ts does with real ones.
import { fromBase64url, toBase64url, utf8 } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import type { Accepted } from '#core/offer.ts'
import type { CommandBody } from '#protocol/commands.ts'
import { acceptedBytes } from '#protocol/signed-bytes.ts'
import type { BillToSign } from '#sdk/hand-back.ts'
import type { TerminalActor } from '#switch/actors.ts'
import type { Directory, EnrolledRegister } from './directory.ts'
import { toySign } from './toy-keys.ts'

type Said = NonNullable<CommandBody<'submit-signed'>['accepted']>

/** The purchase as its register shows it. */
export function purchaseOf({ key }: EnrolledRegister, { biller, deal, bill }: BillToSign): string {
  const said = JSON.stringify({ terminal: biller.terminal, deal, bill })
  return JSON.stringify([said, toBase64url(toySign(key, utf8(said)))])
}

/** The purchase that a register of this town has signed; its bill is still the border's to read. */
export function readPurchase(
  text: string,
  directory: Directory,
): { terminal: TerminalActor; deal: string; bill: BillToSign['bill'] } | undefined {
  // Border: phones of this town alone send it, as a register has shown it or altered.
  const [said = '', signature = ''] = JSON.parse(text) as readonly string[]
  const { terminal, deal, bill } = JSON.parse(said) as { terminal: string; deal: string; bill: BillToSign['bill'] }
  const register = directory.registers.find(({ actor }) => actor.id === terminal)
  const given = fromBase64url(signature)
  if (register === undefined || given === undefined) return undefined
  if (Buffer.compare(given, toySign(register.key, utf8(said))) !== 0) return undefined
  return { terminal: register.actor, deal, bill }
}

/** The register's word that it took this approval at `at`. */
export const acceptanceOf = ({ key }: EnrolledRegister, what: Parameters<typeof acceptedBytes>[0]): Said => ({
  at: what.at,
  signature: toBase64url(toySign(key, acceptedBytes(what))),
})

/** Has this register said so? */
export function isAccepted(
  { key }: EnrolledRegister,
  what: Parameters<typeof acceptedBytes>[0],
  { at, signature }: Accepted,
): boolean {
  const given = fromBase64url(signature)
  return given !== undefined && Buffer.compare(given, toySign(key, acceptedBytes({ ...what, at }))) === 0
}

/** What a register has sent of it, verified; undefined where its key has not said just that. */
export function readAcceptance(
  terminal: string,
  said: Said,
  { scheme, deal, approval, directory }: { scheme: string; deal: string; approval: Uint8Array; directory: Directory },
): Accepted | undefined {
  const register = directory.registers.find(({ actor }) => actor.id === terminal)
  const [schemeId, dealId] = [parseId('sch', scheme), parseId('deal', deal)]
  if (register === undefined || schemeId === undefined || dealId === undefined) return undefined
  const what = { scheme: schemeId, deal: dealId, approval, at: said.at }
  return isAccepted(register, what, said) ? said : undefined
}
