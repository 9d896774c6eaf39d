// What people say of themselves in PostgreSQL: profile, address, picture, and what they show to whom. Signing up makes all of it in one commit.
import { randomBytes } from 'node:crypto'
import { bucketOfId, idInBucket, type DeviceId, type PartyId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { NO_RELEASES, type Releases } from '#core/persona.ts'
import { NO_ATTRIBUTES, type Attributes } from '#core/standing.ts'
import type { Language } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { insertMachine, insertParty } from './enrolling.ts'
import { putMailCode, tryMailCode, useMailCode, type CodeTry } from './mail-codes.ts'
import { idOf, NOW, standingFrom, uuidOf, type Row } from './rows.ts'
import { EVERYBODY } from './store.ts'
import { allOrNothing, type Query } from './transaction.ts'

export type Profiles = ReturnType<typeof postgresProfiles>

export type ProfileRow = Readonly<{
  party: PartyId
  name: string
  legalName: string
  email: string | null
  language: Language
  /** 20061203, as the person says */
  birthDate: number | null
  portrait: Uint8Array | null
  hasUserCode: boolean
  /** verified by the operator */
  attributes: Attributes
}>

export type Claims = Readonly<{ displayName: string; language: Language; birthDate: number | null }>

/** A picture as it is kept. */
export type Portrait = Readonly<{ jpeg: Uint8Array; hash: Uint8Array }>

export type SignUp = Claims &
  Readonly<{
    code: CodeTry
    legalName: string
    publicKey: Uint8Array
    label: string
    bucket: number
    unit: Unit
  }>

const ID_RANDOM_BYTES = 14

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresProfiles(database: Database, buckets: number) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `profile_${name}`, text, values })
  const change: Query = (text, values) => changeAlone(database, { text, values })
  /** An id made elsewhere may name a bucket that no column can: it is looked for where it is not. */
  const keyOf = (party: PartyId): [bucket: number, party: string] => [bucketOfId(party) % buckets, uuidOf(party)]

  async function profileOf(party: PartyId): Promise<ProfileRow | undefined> {
    const [row] = await rowsOf(
      'of',
      `select p.name, p.legal_name, f.email, f.language, f.birth_date, f.portrait, f.user_code is not null as has_code,
         s.party, s.version, s.attributes, s.bought
       from party p left join profile f on f.bucket = p.bucket and f.party = p.id
         left join standing s on s.bucket = p.bucket and s.party = p.id where p.bucket = $1 and p.id = $2`,
      keyOf(party),
    )
    return (
      row && {
        party,
        name: String(row.name),
        legalName: String(row.legal_name),
        email: typeof row.email === 'string' ? row.email : null,
        language: languageFrom(row.language),
        birthDate: typeof row.birth_date === 'number' ? row.birth_date : null,
        portrait: row.portrait instanceof Uint8Array ? row.portrait : null,
        hasUserCode: row.has_code === true,
        attributes: row.party === null ? NO_ATTRIBUTES : standingFrom(row).attributes,
      }
    )
  }

  /** Who has this address (lower case), as far as they may act. */
  async function ownerOf(address: string): Promise<PartyId | undefined> {
    const [row] = await rowsOf(
      'owner',
      `select e.party from email_address e join party p on p.bucket = e.bucket and p.id = e.party
       where e.address = $1 and p.status = 'active'`,
      [address],
    )
    return row && idOf<PartyId>('pty', String(row.party))
  }

  /** Makes the person with account and phone, once for a code; the same key gets the same phone again. Undefined: the code is no good. */
  const signUp = (asked: SignUp): Promise<DeviceId | undefined> =>
    allOrNothing(database.transactions, async (within) => {
      const { code, publicKey } = asked
      const tried = await useMailCode(within, code)
      if (tried === 'wrong') return undefined
      if (tried === 'again') return phoneBehind(within, code.address, publicKey)
      const party = idInBucket('pty', asked.bucket, randomBytes(ID_RANDOM_BYTES))
      // Somebody may have taken the address by changing to it while the code was on its way.
      if (!(await takeAddress(within, code.address, party))) return undefined
      await insertParty(within, {
        id: party,
        kind: 'person',
        name: asked.displayName,
        legalName: asked.legalName,
        bucket: asked.bucket,
        units: [asked.unit],
      })
      await within(
        `insert into profile (bucket, party, email, email_verified_at, language, birth_date, updated_at)
         select $1, $2, $3, n.now, $4, $5, n.now from (select ${NOW} as now) n`,
        [...keyOf(party), code.address, asked.language, asked.birthDate],
      )
      const phone = await insertMachine(within, { party, publicKey, label: asked.label, terminalKind: null })
      // Border: a machine without a terminal's kind is a phone.
      return phone as DeviceId
    })

  async function phoneBehind(within: Query, address: string, publicKey: Uint8Array): Promise<DeviceId | undefined> {
    const [row] = await within(
      `select c.id from email_address e join credential c on c.bucket = e.bucket and c.party = e.party
       where e.address = $1 and c.kind = 'device' and c.public_key = $2`,
      [address, publicKey],
    )
    return row && idOf<DeviceId>('dev', String(row.id))
  }

  /** False when somebody else has it; of who has left the scheme it may be taken. */
  async function takeAddress(within: Query, address: string, party: PartyId): Promise<boolean> {
    const rows = await within(
      `insert into email_address as e (address, bucket, party, verified_at) values ($1, $2, $3, ${NOW})
       on conflict (address) do update set bucket = excluded.bucket, party = excluded.party, verified_at = excluded.verified_at
         where e.party = excluded.party
           or exists (select from party p where p.bucket = e.bucket and p.id = e.party and p.status = 'closed')
       returning 1`,
      [address, ...keyOf(party)],
    )
    return rows.length === 1
  }

  /** A profile for somebody who has none; true when it was made. The address is left out where somebody else has it. */
  const begin = (
    party: PartyId,
    made: Readonly<{ email: string; language: Language; portrait: Portrait; releases: Releases }>,
  ): Promise<boolean> =>
    allOrNothing(database.transactions, async (within) => {
      const { email, language, portrait, releases } = made
      const rows = await within(
        `insert into profile (bucket, party, language, portrait, portrait_hash, updated_at) values ($1, $2, $3, $4, $5, ${NOW})
         on conflict (bucket, party) do nothing returning 1`,
        [...keyOf(party), language, portrait.jpeg, portrait.hash],
      )
      if (rows.length === 0) return false
      if (await takeAddress(within, email, party)) {
        await within(`update profile set email = $3, email_verified_at = ${NOW} where bucket = $1 and party = $2`, [
          ...keyOf(party),
          email,
        ])
      }
      await within(
        `insert into release (bucket, party, merchant, releases, at) values ($1, $2, $3, $4, ${NOW}) on conflict do nothing`,
        [...keyOf(party), EVERYBODY, JSON.stringify(releases)],
      )
      return true
    })

  const setClaims = (party: PartyId, { displayName, language, birthDate }: Claims): Promise<void> =>
    allOrNothing(database.transactions, async (within) => {
      await within('update party set name = $3 where bucket = $1 and id = $2', [...keyOf(party), displayName])
      await within(
        `insert into profile as f (bucket, party, language, birth_date, updated_at) values ($1, $2, $3, $4, ${NOW})
         on conflict (bucket, party) do update set language = excluded.language, birth_date = excluded.birth_date,
           version = f.version + 1, updated_at = excluded.updated_at`,
        [...keyOf(party), language, birthDate],
      )
    })

  async function setPortrait(party: PartyId, portrait: Portrait | null): Promise<void> {
    await change(
      `insert into profile as f (bucket, party, portrait, portrait_hash, updated_at) values ($1, $2, $3, $4, ${NOW})
       on conflict (bucket, party) do update set portrait = excluded.portrait, portrait_hash = excluded.portrait_hash,
         version = f.version + 1, updated_at = excluded.updated_at`,
      [...keyOf(party), portrait?.jpeg ?? null, portrait?.hash ?? null],
    )
  }

  /** The picture, while it still is the one with this hash (hex of SHA-256). */
  async function portraitOf(party: PartyId, hash: string): Promise<Uint8Array | undefined> {
    const [row] = await rowsOf(
      'portrait',
      'select portrait from profile where bucket = $1 and party = $2 and portrait_hash = $3',
      [...keyOf(party), Buffer.from(hash, 'hex')],
    )
    return row?.portrait instanceof Uint8Array ? row.portrait : undefined
  }

  /** Changes the address with the code that was sent there. `before` is the old one; undefined when the code is no good. */
  const setEmail = (party: PartyId, code: CodeTry): Promise<{ before: string | null } | undefined> =>
    allOrNothing(database.transactions, async (within) => {
      const tried = await useMailCode(within, code)
      if (tried === 'wrong') return undefined
      const [known] = await within(
        'select email from profile where bucket = $1 and party = $2 for update',
        keyOf(party),
      )
      const before = typeof known?.email === 'string' ? known.email : null
      if (tried === 'again') return before === code.address ? { before } : undefined
      if (!(await takeAddress(within, code.address, party))) return undefined
      await within('delete from email_address where bucket = $1 and party = $2 and address <> $3', [
        ...keyOf(party),
        code.address,
      ])
      await within(
        `insert into profile as f (bucket, party, email, email_verified_at, updated_at)
         select $1, $2, $3, n.now, n.now from (select ${NOW} as now) n
         on conflict (bucket, party) do update set email = excluded.email, email_verified_at = excluded.email_verified_at,
           version = f.version + 1, updated_at = excluded.updated_at`,
        [...keyOf(party), code.address],
      )
      return { before }
    })

  async function setUserCode(party: PartyId, hash: Uint8Array | null): Promise<void> {
    await change(
      `insert into profile as f (bucket, party, user_code, updated_at) values ($1, $2, $3, ${NOW})
       on conflict (bucket, party) do update set user_code = excluded.user_code, version = f.version + 1,
         updated_at = excluded.updated_at`,
      [...keyOf(party), hash],
    )
  }

  /** What is shown to everybody, and to single merchants, who come newest first. */
  async function releasesOf(party: PartyId): Promise<{ everybody: Releases; merchants: Map<PartyId, Releases> }> {
    const rows = await rowsOf(
      'releases',
      'select merchant, releases from release where bucket = $1 and party = $2 order by at desc, merchant',
      keyOf(party),
    )
    const own = rows.find((row) => row.merchant === EVERYBODY)
    return {
      everybody: own === undefined ? NO_RELEASES : releasesFrom(own.releases),
      merchants: new Map(
        rows
          .filter((row) => row !== own)
          .map((row) => [idOf<PartyId>('pty', String(row.merchant)), releasesFrom(row.releases)]),
      ),
    }
  }

  /** `merchant` null is everybody; `releases` null forgets. False when the list of merchants is full. */
  async function setReleases(party: PartyId, merchant: PartyId | null, releases: Releases | null): Promise<boolean> {
    const key = [...keyOf(party), merchant === null ? EVERYBODY : uuidOf(merchant)]
    if (releases === null) {
      await change('delete from release where bucket = $1 and party = $2 and merchant = $3', key)
      return true
    }
    const rows = await change(
      `insert into release (bucket, party, merchant, releases, at) select $1::smallint, $2::uuid, $3::uuid, $4::jsonb, ${NOW}
       where exists (select from release where bucket = $1 and party = $2 and merchant = $3)
         or $3::uuid = '${EVERYBODY}' or (select count(*) from release where bucket = $1 and party = $2) < $5
       on conflict (bucket, party, merchant) do update set releases = excluded.releases, at = excluded.at returning 1`,
      [...key, JSON.stringify(releases), LIMITS.contacts],
    )
    return rows.length === 1
  }

  return {
    profileOf,
    ownerOf,
    signUp,
    begin,
    setClaims,
    setPortrait,
    portraitOf,
    setEmail,
    setUserCode,
    releasesOf,
    setReleases,
    putCode: (code: Parameters<typeof putMailCode>[1]) => putMailCode(change, code),
    tryCode: (code: CodeTry) => tryMailCode(change, code),
  }
}

const languageFrom = (value: unknown): Language => (value === 'ja' ? 'ja' : 'en')

// Border: written by setReleases alone; what an earlier program did not know is asked about.
const releasesFrom = (stored: unknown): Releases => ({ ...NO_RELEASES, ...(stored as Partial<Releases>) })
