// Revoked is revoked everywhere within a second: after the commit one NOTIFY with the actor's id, upon which every hub forgets its
// sessions and ends its streams. One that is lost is made good by every session's row being read again every two seconds, and by every
// stream's look.
import { randomBytes } from 'node:crypto'
import { isId } from '#core/ids.ts'
import type { ActorId } from './auth/directory.ts'
import { read, type Database } from './postgres/connect.ts'
import { listening } from './postgres/listening.ts'

export type Revocation = ReturnType<typeof revocation>

const CHANNEL = 'warifu_actors'

/** `forget`: what is remembered of this actor here is read again. `drop`: its streams end. */
export function revocation(
  database: Database,
  here: Readonly<{ forget: (actor: ActorId) => void; drop: (actor: ActorId) => void }>,
) {
  const me = randomBytes(6).toString('hex')
  const listener = listening(database.settings, CHANNEL, (payload) => {
    const [from, what, actor] = payload.split(':')
    if (from === me || !isActorId(actor)) return
    here.forget(actor)
    if (what === 'revoked') here.drop(actor)
  })

  function tell(what: 'revoked' | 'changed', actor: ActorId): void {
    const payload = `${me}:${what}:${actor}`
    // Lost when the database is away: then no other hub can read a session either.
    read(database, { name: 'tell_actor', text: 'select pg_notify($1, $2)', values: [CHANNEL, payload] }).catch(() => {})
  }

  return {
    /** After the commit that revoked it: may not act any more, at any hub. */
    revoked(actor: ActorId): void {
      here.forget(actor)
      here.drop(actor)
      tell('revoked', actor)
    },
    /** After the commit: what a session knows of it (who stands at this terminal) is another by now, at every hub. */
    changed(actor: ActorId): void {
      here.forget(actor)
      tell('changed', actor)
    },
    stop: () => listener.stop(),
  }
}

const isActorId = (text: unknown): text is ActorId => isId('dev', text) || isId('trm', text) || isId('opr', text)
