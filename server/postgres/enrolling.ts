// What makes a party and its machines exist, as parts of somebody's transaction: the directory enrols by code, people sign up by mail.
import { randomBytes } from 'node:crypto'
import { assert } from '#core/assert.ts'
import { bucketOfId, idFrom, idInBucket, type DeviceId, type PartyId, type TerminalId } from '#core/ids.ts'
import { isAccountNumber } from '#core/accounts.ts'
import type { TerminalKind } from '#core/numbers.ts'
import { accountInBucket, codeHash, newCode, type NewCode, type NewParty, type Party } from '../auth/directory.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import type { Query } from './transaction.ts'

const ID_RANDOM_BYTES = 14

/** Makes the party with its account number and accounts, or gives the one that has this id already. */
export async function insertParty(within: Query, party: NewParty): Promise<Party> {
  const [scheme] = await within('select buckets from scheme', [])
  assert(scheme !== undefined, 'the scheme is made before its parties')
  if (party.id !== undefined) {
    // Whoever asks for the same party at the same time waits here.
    await within('select pg_advisory_xact_lock(hashtextextended($1, 0))', [party.id])
    const [known] = await within(
      'select id, kind, name, legal_name, account from party where bucket = $1 and id = $2',
      keyOf(party.id),
    )
    if (known !== undefined) return partyFrom(known)
  }
  // The counter's row is also the lock under which the bucket's numbers are given out one by one.
  const [serial] = await within(
    `insert into account_serial (bucket, given) values ($1, 1)
     on conflict (bucket) do update set given = account_serial.given + 1 returning given`,
    [party.bucket],
  )
  const account = accountInBucket(party.bucket, Number(serial?.given) - 1, Number(scheme.buckets))
  const id = party.id ?? idInBucket('pty', party.bucket, randomBytes(ID_RANDOM_BYTES))
  await within(
    `insert into party (bucket, id, kind, name, legal_name, account, created_at) values ($1, $2, $3, $4, $5, $6, ${NOW})`,
    [...keyOf(id), party.kind, party.name, party.legalName, account],
  )
  await within('insert into account (bucket, key, unit) select $1, $2, unnest($3::text[])', [
    party.bucket,
    account,
    party.units,
  ])
  return { id, kind: party.kind, name: party.name, legalName: party.legalName, account }
}

/** Makes a phone (`terminalKind` null) or terminal of the party with this key; its new id. */
export async function insertMachine(
  within: Query,
  machine: Readonly<{ party: PartyId; publicKey: Uint8Array; label: string; terminalKind: TerminalKind | null }>,
): Promise<DeviceId | TerminalId> {
  const { party, publicKey, label, terminalKind } = machine
  const isDevice = terminalKind === null
  const id = idInBucket(isDevice ? 'dev' : 'trm', bucketOfId(party), randomBytes(ID_RANDOM_BYTES))
  const key = idFrom('key', randomBytes(ID_RANDOM_BYTES + 2))
  await within(
    `insert into credential (bucket, id, kind, party, key, public_key, label, terminal_kind, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, ${NOW})`,
    [...keyOf(id), isDevice ? 'device' : 'terminal', uuidOf(party), uuidOf(key), publicKey, label, terminalKind],
  )
  if (isDevice) {
    await within('insert into device (bucket, id, party, key) values ($1, $2, $3, $4)', [
      ...keyOf(id),
      uuidOf(party),
      uuidOf(key),
    ])
  }
  // A device has a terminal of the same id: its person may ask for money.
  await within('insert into terminal (bucket, id, party) values ($1, $2, $3)', [...keyOf(id), uuidOf(party)])
  return id
}

/** Keeps a one-time code; the same code asked for again is the same and lives no longer. */
export async function insertCode(within: Query, asked: NewCode): Promise<{ code: string; expiresAt: number }> {
  const code = asked.code ?? newCode()
  const isTerminal = asked.kind === 'terminal'
  const [row] = await within(
    `insert into enrolment_code (hash, bucket, party, kind, label, terminal_kind, created_at, expires_at)
     select $1, $2, $3, $4, $5, $6, n.now, n.now + $7::bigint from (select ${NOW} as now) n
     on conflict (hash) do update set hash = excluded.hash returning expires_at`,
    [
      codeHash(code),
      ...keyOf(asked.party),
      asked.kind,
      isTerminal ? asked.label : null,
      isTerminal ? asked.terminalKind : null,
      asked.lifeMs,
    ],
  )
  return { code, expiresAt: Number(row?.expires_at) }
}

/** A row of `party` as what it says. */
export function partyFrom(row: Row): Party {
  const { account } = row
  assert(isAccountNumber(account), 'a party has an account number')
  return {
    id: idOf<PartyId>('pty', String(row.id)),
    kind: row.kind === 'merchant' ? 'merchant' : 'person',
    name: String(row.name),
    legalName: String(row.legal_name),
    account,
  }
}

const keyOf = (id: DeviceId | TerminalId | PartyId): [bucket: number, id: string] => [bucketOfId(id), uuidOf(id)]
