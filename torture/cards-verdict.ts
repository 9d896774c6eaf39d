// What must be true between three books once nothing is under way: the hub's orders and its card clearing accounts, the vault's orders, and
// the issuer's own books. Pure: the rows are read elsewhere (cards-books.ts).

/** An order of the hub to a card's issuer; `id` is by what all three know it, `of` that of the authorisation it belongs to. */
export type HubOrder = Readonly<{
  id: string
  of: string
  payment: string
  kind: 'collect' | 'capture' | 'release' | 'reverse' | 'return'
  unit: string
  amount: bigint
  method: string
  oneTime: boolean
  state: string
}>

/** What has left the card clearing accounts for one payment in one unit, less what came back. */
export type Clearing = Readonly<{ payment: string; unit: string; amount: bigint }>

export type IssuerRow = Readonly<{
  order: string
  unit: string
  amount: bigint
  method: string
  captured: bigint
  released: bigint
  refunded: bigint
  isReversed: boolean
}>

export type VaultRow = Readonly<{ id: string; state: string; isOpen: boolean }>

export type CardBooks = Readonly<{
  orders: readonly HubOrder[]
  clearing: readonly Clearing[]
  issuer: readonly IssuerRow[]
  vault: readonly VaultRow[]
}>

/** One sentence for each difference; none is what we want. */
export function cardFaults({ orders, clearing, issuer, vault }: CardBooks): string[] {
  const faults: string[] = []
  const byOrder = Map.groupBy(issuer, ({ order }) => order)
  const collects = new Map(orders.filter(({ kind }) => kind === 'collect').map((order) => [order.id, order]))
  for (const { id, kind, state } of orders)
    if (state === 'open' || state === 'stuck') faults.push(`${kind} ${id} is ${state}`)
  for (const { id, state, isOpen } of vault) if (isOpen) faults.push(`the vault has ${id} still ${state}`)
  for (const [order, rows] of byOrder) {
    const live = rows.filter(({ isReversed }) => !isReversed)
    if (live.length > 1) faults.push(`${order} is authorised ${live.length} times at its issuer`)
    const collect = collects.get(order)
    if (collect === undefined) {
      if (live.length > 0) faults.push(`${order} is authorised at its issuer, and the hub never asked for it`)
      continue
    }
    for (const row of live) faults.push(...rowFaults(row, collect))
    if (live.length > 0 && collect.state === 'no') faults.push(`${order} is authorised, and the hub has it as a no`)
  }
  for (const order of collects.values())
    if (order.state === 'yes' && !isHonoured(order, byOrder.get(order.id) ?? [], orders))
      faults.push(`${order.id} is a yes at the hub, and its issuer has no such authorisation`)
  faults.push(...followFaults(orders, byOrder), ...clearingFaults(clearing, issuer, collects))
  return faults
}

function rowFaults(row: IssuerRow, collect: HubOrder): string[] {
  const { order, unit, amount, method, captured, released, refunded } = row
  const faults: string[] = []
  if (unit !== collect.unit || amount !== collect.amount)
    faults.push(`${order} is authorised for ${amount} ${unit}, asked were ${collect.amount} ${collect.unit}`)
  if (method !== collect.method) faults.push(`${order} is repaid by ${method}, signed was ${collect.method}`)
  if (captured + released > amount) faults.push(`${order} of ${amount}: ${captured} captured and ${released} released`)
  if (captured + released < amount) faults.push(`${order} of ${amount} is authorised for ever`)
  if (refunded > captured) faults.push(`${order} has ${refunded} refunded of ${captured}`)
  return faults
}

/** A yes may have been reversed since, by an order that says so. */
const isHonoured = (collect: HubOrder, rows: readonly IssuerRow[], orders: readonly HubOrder[]): boolean =>
  rows.some(({ isReversed }) => !isReversed) || orders.some(({ kind, of }) => kind === 'reverse' && of === collect.id)

/** What the hub has ordered after an authorisation is what the issuer has done of it. */
function followFaults(orders: readonly HubOrder[], byOrder: ReadonlyMap<string, readonly IssuerRow[]>): string[] {
  const faults: string[] = []
  const sums = new Map<string, { capture: bigint; release: bigint; return: bigint }>()
  for (const { kind, of, amount } of orders) {
    if (kind === 'collect' || kind === 'reverse') continue
    const sum = sums.get(of) ?? { capture: 0n, release: 0n, return: 0n }
    sum[kind] += amount
    sums.set(of, sum)
  }
  for (const [order, sum] of sums) {
    const row = byOrder.get(order)?.find(({ isReversed }) => !isReversed)
    const isOneTime = orders.some(({ id, oneTime }) => id === order && oneTime)
    // A one-time number is captured by the shop's own machine.
    const captured = isOneTime ? (row?.captured ?? 0n) : sum.capture
    if ((row?.captured ?? 0n) !== captured)
      faults.push(`${order}: ${sum.capture} to capture, ${row?.captured ?? 0n} are`)
    if ((row?.released ?? 0n) !== sum.release)
      faults.push(`${order}: ${sum.release} to release, ${row?.released ?? 0n} are`)
    if ((row?.refunded ?? 0n) !== sum.return)
      faults.push(`${order}: ${sum.return} to refund, ${row?.refunded ?? 0n} are`)
  }
  return faults
}

function clearingFaults(
  clearing: readonly Clearing[],
  issuer: readonly IssuerRow[],
  collects: ReadonlyMap<string, HubOrder>,
): string[] {
  const here = new Map<string, bigint>()
  const there = new Map<string, bigint>()
  const add = (to: Map<string, bigint>, key: string, amount: bigint): void =>
    void to.set(key, (to.get(key) ?? 0n) + amount)
  for (const { payment, unit, amount } of clearing) add(here, `${payment} ${unit}`, amount)
  for (const { order, unit, captured, refunded, isReversed } of issuer) {
    const collect = collects.get(order)
    if (collect !== undefined && !isReversed) add(there, `${collect.payment} ${unit}`, captured - refunded)
  }
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((key) => {
    const [ours, theirs] = [here.get(key) ?? 0n, there.get(key) ?? 0n]
    return ours === theirs ? [] : [`${key}: ${ours} out of card clearing, the issuer has given ${theirs}`]
  })
}
