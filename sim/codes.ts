// The codes that customers show, as the hubs' one database keeps them: made and signed by the phone, good for a minute and for one bill.
import { toBase64url, fromBase64url, toHex, utf8 } from '#core/bytes.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Directory, EnrolledPhone } from './directory.ts'
import type { Chance } from './random.ts'
import { toySign } from './toy-keys.ts'

export type Codes = Readonly<{
  /** a new code of this phone */
  make(phone: EnrolledPhone, chance: Chance): string
  /** Uses a code up, and says whose it was; the same reader (register, deal and command) hears the same again. */
  take(code: string, by: string): DeviceActor | undefined
  /** who made it, whatever has become of it since */
  ownerOf(code: string): DeviceActor | undefined
}>

const LIFE_MS = 60_000

/** `isGone`: was this phone taken away? */
export function openCodes(directory: () => Directory, now: () => number, isGone: (device: string) => boolean): Codes {
  const readBy = new Map<string, string>()
  function ownerOf(code: string): DeviceActor | undefined {
    const [device = '', nonce = '', at = '', signature = ''] = code.split('.')
    const phone = directory().findPhone(device)
    const given = fromBase64url(signature)
    if (phone === undefined || given === undefined) return undefined
    const isTheirs = Buffer.compare(given, toySign(phone.key, utf8(`${device}.${nonce}.${at}`))) === 0
    return isTheirs ? phone.actor : undefined
  }
  return {
    make({ actor, key }, chance) {
      const said = `${actor.id}.${toHex(chance.bytes(8))}.${now()}`
      return `${said}.${toBase64url(toySign(key, utf8(said)))}`
    },
    take(code, by) {
      const owner = ownerOf(code)
      const reader = readBy.get(code)
      if (reader !== undefined) return reader === by ? owner : undefined
      if (owner === undefined || isGone(owner.id) || now() > Number(code.split('.')[2]) + LIFE_MS) return undefined
      readBy.set(code, by)
      return owner
    },
    ownerOf,
  }
}
