// The demo town's web shop: the bakery online, whose key everybody knows, so that the sample shop runs without any preparation.
import type { PartyId } from '#core/ids.ts'
import { KEY_SCOPES } from '#protocol/shop.ts'
import { apiKeyHash } from '../auth/api-keys.ts'
import type { ApiKeyStore } from '../postgres/api-keys.ts'

/** Printed by the demo and written in examples/README.md: no secret, and good for play money alone. */
export const DEMO_SHOP_KEY = 'wk_the-key-of-the-demo-shop-which-is-no-secret'

/** Makes the key and its terminal where they are missing; one that was ended stays so. */
export async function settleDemoWebShop(keys: Pick<ApiKeyStore, 'add'>, party: PartyId): Promise<void> {
  const hash = apiKeyHash(DEMO_SHOP_KEY)
  await keys.add({ hash, made: null, party, name: 'Marubeni Bakery online', scopes: KEY_SCOPES, terminal: null })
}
