// The desk's client: it starts a session with a passkey when somebody has pressed for that, and never asks by itself.
import type { SchemeView } from '#protocol/views.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { loadIdentity } from '#sdk/identity.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { passkeyAssertion } from '#sdk/passkey.ts'
import type { AskPasskey } from '#sdk/session.ts'
import type { Storage } from '#sdk/storage.ts'

/** A new session with a passkey; the client that has it, or why there is none (passkey-failed, passkey-needed, …). */
export async function signInWithPasskey(scheme: SchemeView, storage: Storage): Promise<Outcome<Client>> {
  let refusal: Outcome<never> | undefined
  // Once: the sessions after this one are renewed by the key alone, or asked for by a press of their own.
  let isPressed = true
  const passkey: AskPasskey = async (challenge) => {
    if (!isPressed) return undefined
    isPressed = false
    const made = await passkeyAssertion(challenge, scheme.hostName ?? location.hostname, await credentialsIn(storage))
    if (made.ok) return made.view
    refusal = made
    return undefined
  }
  const client = openClient({ hub: location.origin, storage, passkey })
  const self = await client.self()
  isPressed = false
  if (self.ok) return { ok: true, view: client }
  client.close()
  return refusal ?? self
}

/** As the hub told them last; with none the browser looks for itself. */
async function credentialsIn(storage: Storage): Promise<readonly string[]> {
  const self = (await loadIdentity(storage))?.self
  // An identity that was kept before operators had passkeys lacks the list.
  return self?.kind === 'operator' ? (self.passkeys ?? []) : []
}
