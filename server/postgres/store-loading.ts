// A batch's first round trip: the heads of its buckets are locked by a statement of their own, first, so that what follows sees all
// that the lock waited for; then accounts that may change are locked and the rest is loaded, each row by its key.
import { answerFromJson, offerFromJson, paymentFromJson } from '#switch/snapshot.ts'
import type { BucketNeeds, NumberRow, Rows, StoredCommand } from '#switch/store.ts'
import { sent } from './array-text.ts'
import type { Statement } from './connect.ts'
import {
  accountFrom,
  deviceFrom,
  headFrom,
  hexFrom,
  NOW,
  offerKeyFrom,
  refundFrom,
  staffFrom,
  standingFrom,
  terminalFrom,
  uuidOf,
  type Row,
} from './rows.ts'

/** The statements that lock and load a batch, and how their rows become the switch's. Empty kinds are not asked for. */
export function loading(needs: readonly BucketNeeds[]): {
  statements: Statement[]
  rowsFrom: (results: Row[][]) => Rows
} {
  const statements: Statement[] = []
  const ask = (name: string, text: string, values: unknown[], size: number): (() => number) => {
    if (size === 0) return () => -1
    const index = statements.push({ name, text, values: sent(values) }) - 1
    return () => index
  }
  const flat = <Item>(
    pick: (need: BucketNeeds) => readonly Item[],
    keyOf: (item: Item) => string,
  ): { bucket: number; item: Item }[] => {
    const seen = new Map<string, { bucket: number; item: Item }>()
    for (const need of needs) {
      for (const item of pick(need)) seen.set(`${need.bucket} ${keyOf(item)}`, { bucket: need.bucket, item })
    }
    return [...seen.values()]
  }
  const bucketsOf = (rows: readonly { bucket: number }[]): number[] => rows.map(({ bucket }) => bucket)

  const commands = flat(
    ({ commands }) => commands,
    ({ actor, id }) => actor + id,
  )
  const offers = flat(
    ({ offers }) => offers,
    ({ terminal, deal }) => terminal + deal,
  )
  const payments = flat(({ payments }) => payments, String)
  const accounts = flat(({ accounts }) => accounts, String)
  const locked = new Set(accounts.map(({ item }) => item))
  const seen = flat(({ seen }) => seen.filter((key) => !locked.has(key)), String)
  const devices = flat(({ devices }) => devices, String)
  const terminals = flat(({ terminals }) => terminals, String)
  const numbers = flat(
    ({ numbers }) => numbers,
    ({ scope, number }) => `${scope} ${number}`,
  )
  const refunds = flat(({ refunds }) => refunds, String)
  const standings = flat(({ standings }) => standings, String)

  const heads = ask(
    'lock_heads',
    'select * from head where bucket = any($1::smallint[]) order by bucket for update',
    [needs.map(({ bucket }) => bucket)],
    1,
  )
  const gotAccounts = ask(
    'lock_accounts',
    `select a.* from unnest($1::smallint[], $2::text[]) n(bucket, key)
     join account a using (bucket, key) order by a.bucket, a.key, a.unit for update of a`,
    [bucketsOf(accounts), accounts.map(({ item }) => item)],
    accounts.length,
  )
  // After the last lock: so the times of an account's entries rise with their numbers, as those of a bucket's transfers do.
  const clock = ask('clock', `select ${NOW} as now`, [], 1)
  const gotCommands = ask(
    'load_commands',
    `select n.i, c.hash, c.staff, c.answer from unnest($1::smallint[], $2::uuid[], $3::uuid[]) with ordinality n(bucket, actor, id, i)
     join command c using (bucket, actor, id)`,
    [bucketsOf(commands), commands.map(({ item }) => uuidOf(item.actor)), commands.map(({ item }) => uuidOf(item.id))],
    commands.length,
  )
  const gotSeen = ask(
    'load_accounts',
    'select a.* from unnest($1::smallint[], $2::text[]) n(bucket, key) join account a using (bucket, key) order by a.bucket, a.key, a.unit',
    [bucketsOf(seen), seen.map(({ item }) => item)],
    seen.length,
  )
  const gotOffers = ask(
    'load_offers',
    `select o.snapshot from unnest($1::smallint[], $2::uuid[], $3::uuid[]) n(bucket, terminal, deal) join offer o using (bucket, terminal, deal)`,
    [bucketsOf(offers), offers.map(({ item }) => uuidOf(item.terminal)), offers.map(({ item }) => uuidOf(item.deal))],
    offers.length,
  )
  const gotPayments = ask(
    'load_payments',
    'select p.snapshot from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join payment p using (bucket, id)',
    [bucketsOf(payments), payments.map(({ item }) => uuidOf(item))],
    payments.length,
  )
  const gotDevices = ask(
    'load_devices',
    'select d.* from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join device d using (bucket, id)',
    [bucketsOf(devices), devices.map(({ item }) => uuidOf(item))],
    devices.length,
  )
  const gotTerminals = ask(
    'load_terminals',
    'select t.id, t.party, t.status from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join terminal t using (bucket, id)',
    [bucketsOf(terminals), terminals.map(({ item }) => uuidOf(item))],
    terminals.length,
  )
  const gotNumbers = ask(
    'load_numbers',
    'select r.* from unnest($1::smallint[], $2::text[], $3::text[]) n(bucket, scope, number) join number r using (bucket, scope, number)',
    [bucketsOf(numbers), numbers.map(({ item }) => item.scope), numbers.map(({ item }) => item.number)],
    numbers.length,
  )
  const gotRefunds = ask(
    'load_refunds',
    'select r.* from unnest($1::smallint[], $2::uuid[]) n(bucket, original) join refund r using (bucket, original)',
    [bucketsOf(refunds), refunds.map(({ item }) => uuidOf(item))],
    refunds.length,
  )
  const gotStandings = ask(
    'load_standings',
    'select s.* from unnest($1::smallint[], $2::uuid[]) n(bucket, party) join standing s using (bucket, party)',
    [bucketsOf(standings), standings.map(({ item }) => uuidOf(item))],
    standings.length,
  )

  const rowsFrom = (results: Row[][]): Rows => {
    const rows = (index: () => number): Row[] => results[index()] ?? []
    return {
      now: Number(rows(clock)[0]?.now),
      heads: new Map(rows(heads).map((row) => [Number(row.bucket), headFrom(row)])),
      accounts: [...rows(gotAccounts), ...rows(gotSeen)].map(accountFrom),
      commands: rows(gotCommands).flatMap((row): (StoredCommand & { bucket: number })[] => {
        const asked = commands[Number(row.i) - 1]
        return asked === undefined
          ? []
          : [
              {
                bucket: asked.bucket,
                actor: asked.item.actor,
                id: asked.item.id,
                hash: hexFrom(row.hash),
                staff: staffFrom(row.staff),
                answer: answerFromJson(row.answer),
              },
            ]
      }),
      offers: rows(gotOffers).map((row) => offerFromJson(row.snapshot)),
      payments: rows(gotPayments).map((row) => paymentFromJson(row.snapshot)),
      devices: rows(gotDevices).map(deviceFrom),
      terminals: rows(gotTerminals).map(terminalFrom),
      numbers: rows(gotNumbers).map((row): NumberRow => ({
        scope: String(row.scope),
        number: String(row.number),
        ...offerKeyFrom(row),
        freeAt: Number(row.free_at),
      })),
      refunds: rows(gotRefunds).map(refundFrom),
      standings: rows(gotStandings).map(standingFrom),
    }
  }
  return { statements, rowsFrom }
}
