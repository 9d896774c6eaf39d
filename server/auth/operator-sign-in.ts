// Operators sign in with a passkey: its assertion over the session's bytes starts a session, and for some hours the key alone renews it.
// Who has no passkey yet may do nothing but make one. Two exceptions, which no request can choose: a demo, whose visitors have perhaps no
// authenticator (until they make a passkey), and a hub that is reached by address alone, where passkeys do not exist.
import { sha256 } from '#core/bytes.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { ROUTES, type PasskeyAssertion, type Route } from '#protocol/routes.ts'
import type { Actor, OperatorActor } from '#switch/actors.ts'
import type { Operators } from '../postgres/operators.ts'
import type { Directory } from './directory.ts'
import { verifyAssertion, type PasskeyHome } from './passkeys.ts'

export type OperatorSignIn = ReturnType<typeof operatorSignIn>

/** `home` is read with each request: it is known when the hub listens. `now` is the hub's clock. */
export function operatorSignIn(parts: {
  operators: Pick<Operators, 'signInOf' | 'proved'>
  directory: Pick<Directory, 'passkeysOf' | 'usePasskey'>
  home: PasskeyHome
  isDemo: boolean
  now: () => number
}) {
  const { operators, directory, home, isDemo, now } = parts
  const isFresh = (provedAt: number): boolean => now() - provedAt < LIMITS.operatorProofMs

  return {
    /** Whether this operator may start a session that signs these bytes. `proved`: tell it by `noteProof` when it has started. */
    async judge(
      { id }: OperatorActor,
      session: Uint8Array,
      assertion: PasskeyAssertion | undefined,
    ): Promise<'proved' | 'known' | Problem> {
      if (home.hostName === null) return 'known'
      const { hasPasskey, provedAt } = await operators.signInOf(id)
      if (!hasPasskey) return 'known'
      if (assertion === undefined) return isFresh(provedAt) ? 'known' : problemOf('passkey-needed')
      const { right } = await verifyAssertion(directory, home, { owner: id, assertion, challenge: sha256(session) })
      return right ? 'proved' : problemOf('signature-invalid')
    },
    noteProof: ({ id }: OperatorActor): Promise<void> => operators.proved(id),
    /** Why an operator with a session may not call this route: passkey-needed. */
    async refusalOf(route: Route, actor: Actor): Promise<Problem | null> {
      if (actor.kind !== 'operator' || home.hostName === null || route === ROUTES.self) return null
      const { hasPasskey, provedAt } = await operators.signInOf(actor.id)
      if (isFresh(provedAt)) return null
      // A further passkey is made by who has shown one; the first by whoever was given the code.
      const makesFirst = !hasPasskey && (route === ROUTES.passkeyOptions || route === ROUTES.passkey)
      return makesFirst || (isDemo && !hasPasskey) ? null : problemOf('passkey-needed')
    },
  }
}
