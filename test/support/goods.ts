// Price files in tests: right requests for their routes, and a day on which everything is done with one.
import assert from 'node:assert/strict'
import { COLUMNS } from '#core/price-file.ts'
import type { Client } from '#sdk/client.ts'
import { priceFile, priceFileCsv, putGood, putPriceFile } from '#sdk/goods-calls.ts'
import type { ValidRequest } from './identity-requests.ts'
import type { Speaker } from './raw-client.ts'

/** By path. The bakery's file is at its first version in the demo town. */
export const goodsRequests = (office: Speaker): Readonly<Record<string, ValidRequest>> => ({
  '/v1/price-file': {
    by: office,
    body: { basedOn: 1, csv: 'code,name,price\nb1,Bread,380\n', check: true },
  },
  '/v1/price-file/good': {
    by: office,
    body: {
      basedOn: 1,
      code: null,
      row: {
        ...Object.fromEntries(COLUMNS.map((column) => [column, ''])),
        code: 'muffin',
        name: 'Muffin',
        price: '260',
        tax: '8% reduced',
      },
    },
  },
})

/** A file replaced, one good changed and one taken out, and all of it read: whatever the hub asks of its tables of goods. */
export async function aDayOfGoods(office: Client): Promise<void> {
  const file = await priceFile(office)
  assert.ok(file.ok)
  const { version } = file.view
  const csv = 'code,name,price\nday1,Bread,380\nday2,Butter,720\n'
  assert.ok((await putPriceFile(office, { basedOn: version, csv, check: false })).ok)
  assert.ok((await putGood(office, { basedOn: version + 1, code: 'day2', row: null })).ok)
  const kept = await priceFileCsv(office)
  assert.ok(kept.ok && kept.view.includes('day1') && !kept.view.includes('day2'))
}
