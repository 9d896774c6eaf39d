// Right requests for the routes of price files: a price that changes, and a file that is only looked at.
import { COLUMNS } from '#core/price-file.ts'
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
