// The code a customer shows: made for a phone, and read at a register, which uses it up whatever becomes of the payment.
// A wrong code, one that was used or has run out, and one of a phone or person that is no more all sound the same.
import { createHmac, randomBytes } from 'node:crypto'
import { utf8 } from '#core/bytes.ts'
import {
  CODE_BYTES,
  digitsFrom,
  emvText,
  isNearSlot,
  offlineBytes,
  onlineText,
  readCustomerCode,
  type CustomerCode,
} from '#core/customer-code.ts'
import { SYSTEM_NAMES } from '#core/foreign-codes.ts'
import type { CommandId, DealId, DeviceId, SchemeId } from '#core/ids.ts'
import type { CustomerCodeView } from '#protocol/codes.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { BudgetKey, Budgets } from '#switch/budgets.ts'
import type { Directory } from '../auth/directory.ts'
import { isSignedBy } from '../auth/keys.ts'
import type { CustomerCodes, Reading } from '../postgres/customer-codes.ts'

export type Codes = ReturnType<typeof createCodes>

/** Draws of a short form; with a hundred thousand phones one in ten million is another's. */
const DRAWS = 5

export function createCodes(parts: {
  codes: CustomerCodes
  directory: Pick<Directory, 'identityOf'>
  budgets: Budgets
  scheme: SchemeId
  /** 32 bytes that only this scheme's hubs have: a copy of the table alone gives no code */
  secret: Uint8Array
  /** the hub's clock, milliseconds since 1970 */
  now: () => number
}) {
  const { codes, directory, budgets, scheme, secret, now } = parts

  const hashOf = (form: CustomerCode['kind'], bytes: Uint8Array): Uint8Array =>
    createHmac('sha256', secret).update(`customer code ${form} `).update(bytes).digest()

  /** A new code for this phone; its last one is no longer good. Throws StoreUnavailable when there is no database. */
  async function make({ id }: Pick<DeviceActor, 'id'>): Promise<CustomerCodeView | Problem> {
    // A session's own sight of the phone may be two seconds old.
    if ((await phone(id))?.isActive !== true) return problemOf('device-revoked')
    for (let draw = 0; draw < DRAWS; draw++) {
      const bytes = randomBytes(CODE_BYTES)
      const digits = digitsFrom(randomBytes(16))
      const life = await codes.put(id, { code: hashOf('online', bytes), digits: hashOf('digits', utf8(digits)) })
      if (life !== undefined) return { code: onlineText(bytes), digits, emv: emvText(bytes), ...life }
    }
    throw new Error('no short form of a code is free')
  }

  /**
   * Who shows this code, which is used up by it; the same command again hears the same. `address`: the asker's block of addresses.
   * Problems: code-not-found, code-foreign, code-clock, too-many-tries. Throws StoreUnavailable when there is no database.
   */
  async function take(
    text: string,
    by: Readonly<{ terminal: Pick<TerminalActor, 'id'>; deal: DealId; command: CommandId }>,
    address: string,
  ): Promise<{ payer: DeviceActor } | Problem> {
    const code = readCustomerCode(text)
    if (code.kind === 'foreign') return problemOf('code-foreign', { wallet: SYSTEM_NAMES[code.code.system] ?? '' })
    // An honest slip costs nobody a guess. User ids of cards are read elsewhere (server/card-users).
    if (code.kind === 'unknown' || code.kind === 'slip' || code.kind === 'user-id') return problemOf('code-not-found')
    const reading: Reading = { ...by, terminal: by.terminal.id }
    const tries: readonly BudgetKey[] = [`codes:${reading.terminal}`, `codes:${address}`]
    if (!(await budgets.charge(tries))) return problemOf('too-many-tries')
    const found = await use(code, reading)
    if (found === undefined) return problemOf('code-not-found')
    await budgets.giveBack(tries)
    return found
  }

  async function use(code: CustomerCode, reading: Reading): Promise<{ payer: DeviceActor } | Problem | undefined> {
    const hash = hashOfCode(code)
    const fault = code.kind === 'offline' ? await faultOf(code) : null
    const used = fault === null ? await useUp(code, hash, reading) : undefined
    // The same command again, after its code has run out, or its phone was revoked: what was decided of it stands.
    const device = used ?? (await codes.usedBy(hash, reading))
    const payer = device && (await phone(device))?.actor
    if (payer !== undefined) return { payer }
    return fault === 'clock' ? problemOf('code-clock') : undefined
  }

  async function useUp(code: CustomerCode, hash: Uint8Array, reading: Reading): Promise<DeviceId | undefined> {
    switch (code.kind) {
      case 'online':
        return codes.takeCode(hash, reading)
      case 'digits':
        return codes.takeDigits(hash, reading)
      case 'offline':
        return (await codes.takeCounter(code.device, code.counter, hash, reading)) ? code.device : undefined
    }
  }

  /** What is wrong with an offline code that says it is this phone's: it has not signed it, or not now. */
  async function faultOf(code: Extract<CustomerCode, { kind: 'offline' }>): Promise<'unsigned' | 'clock' | null> {
    const identity = await directory.identityOf(code.device)
    if (identity?.status !== 'active') return 'unsigned'
    if (!isSignedBy(identity.publicKey, offlineBytes(scheme, code), code.signature)) return 'unsigned'
    return isNearSlot(code.slot, now()) ? null : 'clock'
  }

  function hashOfCode(code: CustomerCode): Uint8Array {
    switch (code.kind) {
      case 'online':
        return hashOf('online', code.secret)
      case 'digits':
        return hashOf('digits', utf8(code.digits))
      case 'offline':
        // The signature is no part of it: whoever signs one code twice has made one code.
        return hashOf('offline', offlineBytes(scheme, code))
    }
  }

  async function phone(id: DeviceId): Promise<{ actor: DeviceActor; isActive: boolean } | undefined> {
    const identity = await directory.identityOf(id)
    if (identity?.actor.kind !== 'device') return undefined
    return { actor: identity.actor, isActive: identity.status === 'active' }
  }

  return { make, take }
}
