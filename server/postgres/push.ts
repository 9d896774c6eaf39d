// Where closed wallets are reached, in PostgreSQL: subscriptions, the hub's key for push services, and commands that wallets answer.
import { bucketOfId, type DeviceId, type PartyId } from '#core/ids.ts'
import type { Language } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { newVapidKey, vapidPublicKey } from '../reach/vapid.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'

export type Subscription = Readonly<{
  endpoint: string
  /** uncompressed P-256, 65 bytes */
  p256dh: Uint8Array
  /** 16 bytes */
  auth: Uint8Array
  /** names and amounts may stand on the lock screen */
  detail: boolean
}>

/** A phone that can be reached, in the language of its person. */
export type Reachable = Subscription & Readonly<{ device: DeviceId; language: Language }>

/** Old commands that a new one takes away: more than one, so that they do not gather. */
const FORGOTTEN_AT_ONCE = 10

export type Pushes = ReturnType<typeof postgresPushes>

const REACHABLE = `select s.device, s.endpoint, s.p256dh, s.auth, s.detail, coalesce(p.language, 'en') as language
  from push_subscription s join device d on d.bucket = s.bucket and d.id = s.device and d.status = 'active'
  left join profile p on p.bucket = s.bucket and p.party = s.party`

/** Methods throw StoreUnavailable when there is no database. */
export function postgresPushes(database: Database) {
  const look = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `push_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })

  return {
    async subscribe(device: DeviceId, party: PartyId, { endpoint, p256dh, auth, detail }: Subscription): Promise<void> {
      await change(
        `insert into push_subscription (bucket, device, party, endpoint, p256dh, auth, detail, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, ${NOW})
         on conflict (bucket, device) do update set endpoint = excluded.endpoint, p256dh = excluded.p256dh,
           auth = excluded.auth, detail = excluded.detail, failures = 0`,
        [bucketOfId(device), uuidOf(device), uuidOf(party), endpoint, p256dh, auth, detail],
      )
    },
    async unsubscribe(device: DeviceId): Promise<void> {
      await change('delete from push_subscription where bucket = $1 and device = $2', keyOf(device))
    },
    /** The person's phones that are reached when they are closed; a revoked one is not. */
    async phonesOf(party: PartyId): Promise<Reachable[]> {
      return (await look('phones', `${REACHABLE} where s.bucket = $1 and s.party = $2`, keyOf(party))).map(
        reachableFrom,
      )
    },
    async phone(device: DeviceId): Promise<Reachable | undefined> {
      const [row] = await look('phone', `${REACHABLE} where s.bucket = $1 and s.device = $2`, keyOf(device))
      return row && reachableFrom(row)
    },
    /** The push service took a message; unless it has said so last time too, its failures are forgotten. */
    async took(device: DeviceId): Promise<void> {
      await change(
        'update push_subscription set failures = 0 where bucket = $1 and device = $2 and failures > 0',
        keyOf(device),
      )
    },
    /** The push service did not take a message: after too many in a row the subscription is given up. */
    async failed(device: DeviceId): Promise<void> {
      const [row] = await change(
        'update push_subscription set failures = failures + 1 where bucket = $1 and device = $2 returning failures',
        keyOf(device),
      )
      if (Number(row?.failures ?? 0) < LIMITS.pushFailures) return
      await change('delete from push_subscription where bucket = $1 and device = $2 and failures >= $3', [
        ...keyOf(device),
        LIMITS.pushFailures,
      ])
    },
    /** The push service knows this address no more; a newer one of the same phone stays. */
    async gone(device: DeviceId, endpoint: string): Promise<void> {
      await change('delete from push_subscription where bucket = $1 and device = $2 and endpoint = $3', [
        ...keyOf(device),
        endpoint,
      ])
    },

    /** Where a mail reaches the person, and in which language; undefined for those without a verified address. */
    async mailboxOf(party: PartyId): Promise<{ email: string; language: Language } | undefined> {
      const [row] = await look(
        'mailbox',
        'select email, language from profile where bucket = $1 and party = $2 and email is not null and email_verified_at is not null',
        keyOf(party),
      )
      return row && { email: String(row.email), language: languageFrom(row.language) }
    },

    /** The hub's key for push services as it is kept (vapid.ts), made by the first hub that asks. */
    async vapidKey(): Promise<string> {
      const find = async (): Promise<string | undefined> => {
        const [row] = await look('key', `select private_key from hub_key where kind = 'vapid' and id = '1'`, [])
        return row && String(row.private_key)
      }
      const known = await find()
      if (known !== undefined) return known
      const fresh = newVapidKey()
      await change(
        `insert into hub_key (kind, id, public_key, private_key, created_at) values ('vapid', '1', $1, $2, ${NOW})
         on conflict (kind, id) do nothing`,
        [Buffer.from(vapidPublicKey(fresh)).toString('base64url'), fresh],
      )
      const made = await find()
      if (made === undefined) throw new Error('the key was just made')
      return made
    },

    /** A command that this phone may answer once, soon. Old ones are forgotten on the way. */
    async command(id: string, device: DeviceId, lifeMs: number): Promise<void> {
      await change(
        `with over as (
           select id from pushed_command where expires_at < (select ${NOW} - $4::bigint) order by expires_at limit ${FORGOTTEN_AT_ONCE}
           for update skip locked),
         forgotten as (delete from pushed_command c using over o where c.id = o.id)
         insert into pushed_command (id, bucket, device, created_at, expires_at)
         select $1, $2, $3, n.now, n.now + $4::bigint from (select ${NOW} as now) n`,
        [id, ...keyOf(device), lifeMs],
      )
    },
    /**
     * The phone says that its owner proved to be there at `provedAt`. True where the phone's own row says so too, and the unlock that
     * began then still lasts; undefined where there is no such command for this phone, or it was answered, or too late.
     */
    async answer(
      id: string,
      device: DeviceId,
      claim: Readonly<{ provedAt: number; until: number; unlockMs: number }>,
    ): Promise<boolean | undefined> {
      const [row] = await change(
        `update pushed_command c set answered_at = n.now, is_there = d.status = 'active' and $4::bigint <= d.proved_at
           and $4::bigint + $6::bigint > n.now and $5::bigint > n.now and $5::bigint <= $4::bigint + $6::bigint
         from device d, (select ${NOW} as now) n
         where c.id = $1 and c.bucket = $2 and c.device = $3 and c.answered_at is null and c.expires_at > n.now
           and d.bucket = c.bucket and d.id = c.device returning c.is_there`,
        [id, ...keyOf(device), claim.provedAt, claim.until, claim.unlockMs],
      )
      return row && row.is_there === true
    },
    /** What the phone has answered; undefined while it has not. */
    async answerTo(id: string): Promise<boolean | undefined> {
      const [row] = await look('answer', 'select is_there from pushed_command where id = $1 and is_there is not null', [
        id,
      ])
      return row && row.is_there === true
    },
  }
}

const keyOf = (id: DeviceId | PartyId): [bucket: number, id: string] => [bucketOfId(id), uuidOf(id)]
const languageFrom = (value: unknown): Language => (value === 'ja' ? 'ja' : 'en')

// Border: the columns are checked by the table's constraints.
const reachableFrom = (row: Row): Reachable => ({
  device: idOf<DeviceId>('dev', String(row.device)),
  endpoint: String(row.endpoint),
  p256dh: row.p256dh as Uint8Array,
  auth: row.auth as Uint8Array,
  detail: row.detail === true,
  language: languageFrom(row.language),
})
