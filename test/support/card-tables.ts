// What a day at the desk adds of the tables of cards: read, checked, set, saved as a file, and a day that the issuers are asked about. Every
// statement about them is sent.
import assert from 'node:assert/strict'
import type { TestHub } from './hub.ts'
import { ask, newCommand, speaker, type Reply } from './raw-client.ts'

/** The valid requests of the desk's routes of cards, by path; `day` is the one of the report. */
export const cardDeskRequests = (day: string): Readonly<Record<string, object>> => ({
  '/v1/operator/card-tables-check': { change: { table: 'ranges', isWhole: false, rows: 'prefix,issuer\n457203,0001' } },
  '/v1/operator/card-report-ask': { day },
})

/** A row of a merchant as the desk sets it. */
export const merchantRow = (merchant: string | null) => ({
  merchant,
  issuer: '0001',
  number: 'SHOP00000000001',
  category: '5411',
  methods: { lump: true, instalments: [3], bonus: [], partBonus: [], revolving: false },
})

export async function aDayOfCardTables(hub: TestHub, account: string): Promise<void> {
  const desk = await speaker(hub, 'desk')
  const isRight = (reply: Reply): Reply => {
    assert.equal(reply.status, 200, reply.text)
    return reply
  }
  const set = async (change: object): Promise<void> => {
    const version = hub.cardTables.version()
    const body = { command: newCommand(), why: 'test', version, change }
    isRight(await desk.signed({ path: '/v1/operator/commands/set-card-tables', body }))
  }
  try {
    isRight(await desk.reads('/v1/operator/card-tables'))
    isRight(await desk.reads('/v1/operator/card-tables/file?table=merchants'))
    await set({ table: 'merchants', isWhole: false, rows: [merchantRow(account)] })
    await set({ table: 'ranges', isWhole: false, rows: [{ prefix: '457203', issuer: '0001' }] })
    await set({ table: 'ranges', isWhole: false, rows: [], remove: ['457203'] })
    await hub.cardTables.watch()
    const requests = cardDeskRequests('2026-11-22')
    const headers = { authorization: `Bearer ${desk.session.token}` }
    for (const [path, body] of Object.entries(requests)) isRight(await ask(hub, { path, body, headers }))
    isRight(await desk.reads('/v1/operator/card-report?day=2026-11-22'))
  } finally {
    desk.client.close()
  }
}
