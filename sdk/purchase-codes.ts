// A signed purchase and its answer as codes: what a register and a phone without a network show to each other's cameras. Each is a link
// of the hub, with everything behind the '#', which no browser sends anywhere; so it can be passed on in other ways as well.
//
//   register: https://HUB/wallet#purchase=…      phone: https://HUB/register#answer=…
//
// A purchase that is too long for one code is shown in up to six, in turn: https://HUB/wallet#part=<id>.<place>.<count>.<piece>. One code
// could hold 2,900 characters, but a camera reads some thousand of them with ease and three thousand hardly ever.
import { APPROVAL_LENGTH } from '#core/approval.ts'
import { fromBase64url, sha256, toBase64url, toHex, toText, utf8 } from '#core/bytes.ts'
import { isId } from '#core/ids.ts'
import { signedText } from '#core/purchase.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { proofFromTuple, proofToTuple } from './hand-back.ts'

/** Both signed texts, as they are in one code. */
export type PurchaseTexts = Readonly<{ purchase: string; certificate: string }>

/** What the phone hands back: the register knows the bill itself. */
export type Answer = Readonly<{ deal: string; payer: string; approval: string; signature: string; proof: ProofBody }>

/** What a scanned text is. `foreign`: a purchase of another hub. */
export type PurchaseCode =
  Readonly<{ kind: 'whole'; packed: string }> | Readonly<{ kind: 'part'; part: Part }> | Readonly<{ kind: 'foreign' }>

/** One of several codes; `id` tells those of one purchase from the next. */
export type Part = Readonly<{ id: string; place: number; count: number; piece: string }>
/** The parts that were read so far, by place; null where one is missing. */
export type Gathered = Readonly<{ id: string; pieces: readonly (string | null)[] }>

/** Characters of one code: 117 modules, which fill 480 pixels four at a time. */
const ONE_CODE = 1_200
const PIECE = 900
/** More would be a minute of holding still. */
export const MOST_CODES = 6
/** Unpacked, at most: a purchase and its certificate (core/purchase.ts), with room to spare; a code cannot make a phone unpack more. */
const UNPACKED_BYTES = 64 * 1024
const PART = /^([0-9a-f]{8})\.([1-6])\.([2-6])\.([A-Za-z0-9_-]{1,900})$/u
const LONGEST = 12_000

/** The codes of a purchase, to be shown in turn where there are several; undefined where even six could not hold it. */
export async function purchaseCodes(hub: string, texts: PurchaseTexts): Promise<readonly string[] | undefined> {
  const packed = await pack([...halves(texts.purchase), ...halves(texts.certificate)])
  const whole = `${originOf(hub)}/wallet#purchase=${packed}`
  if (whole.length <= ONE_CODE) return [whole]
  const count = Math.ceil(packed.length / PIECE)
  if (count > MOST_CODES) return undefined
  const id = toHex(sha256(utf8(packed)).subarray(0, 4))
  return Array.from({ length: count }, (_, at) => {
    const piece = packed.slice(at * PIECE, (at + 1) * PIECE)
    return `${originOf(hub)}/wallet#part=${id}.${at + 1}.${count}.${piece}`
  })
}

/** The whole purchase as one link, for other ways than the camera. */
export const purchaseLink = async (hub: string, texts: PurchaseTexts): Promise<string> =>
  `${originOf(hub)}/wallet#purchase=${await pack([...halves(texts.purchase), ...halves(texts.certificate)])}`

/** Is this text a purchase's code, and whose? Undefined for everything else. `origin` is our own. */
export function readPurchaseCode(text: string, origin: string): PurchaseCode | undefined {
  const read = fragmentOf(text, '/wallet')
  if (read === undefined) return undefined
  const { name, value } = read
  if (name === 'purchase' && value !== '') {
    return read.origin === origin ? { kind: 'whole', packed: value } : { kind: 'foreign' }
  }
  const [, id, place, count, piece] = (name === 'part' && PART.exec(value)) || []
  if (id === undefined || piece === undefined || Number(place) > Number(count)) return undefined
  if (read.origin !== origin) return { kind: 'foreign' }
  return { kind: 'part', part: { id, place: Number(place), count: Number(count), piece } }
}

/** The parts with one more; those of another purchase are forgotten. */
export function gatheredWith(gathered: Gathered | null, { id, place, count, piece }: Part): Gathered {
  const isSame = gathered?.id === id && gathered.pieces.length === count
  const before = isSame ? gathered.pieces : Array.from({ length: count }, () => null)
  return { id, pieces: before.map((known, at) => (at === place - 1 ? piece : known)) }
}

/** What all parts are together; undefined while one is missing. */
export const wholeOf = ({ pieces }: Gathered): string | undefined =>
  pieces.every((piece) => piece !== null) ? pieces.join('') : undefined

/** Both texts of a packed purchase; undefined when they are not whole. Nothing is checked but the form. */
export async function unpackPurchase(packed: string): Promise<PurchaseTexts | undefined> {
  const tuple = await unpack(packed)
  if (!isTexts(tuple) || tuple.length !== 6) return undefined
  const [tag = '', payload = '', signature = '', certificateTag = '', certificate = '', certificateSignature = ''] =
    tuple
  return {
    purchase: joined(tag, payload, signature),
    certificate: joined(certificateTag, certificate, certificateSignature),
  }
}

/** The answer's code. */
export async function answerCode(hub: string, { deal, payer, approval, signature, proof }: Answer): Promise<string> {
  const packed = await pack([deal, payer, approval, signature, proofToTuple(proof)])
  return `${originOf(hub)}/register#answer=${packed}`
}

/** Does this text have the form of an answer? Decided at once; `readAnswer` says whether it is one. */
export const isAnswerCode = (text: string): boolean => fragmentOf(text, '/register')?.name === 'answer'

/** The answer in a code of this hub; undefined when it is none, or is not whole. What it is worth is the hub's to say. */
export async function readAnswer(text: string, origin: string): Promise<Answer | undefined> {
  const read = fragmentOf(text, '/register')
  if (read?.name !== 'answer' || read.origin !== origin) return undefined
  const tuple = await unpack(read.value)
  if (!Array.isArray(tuple) || tuple.length !== 5) return undefined
  const [deal, payer, approval, signature, proofTuple]: readonly unknown[] = tuple
  const proof = proofFromTuple(proofTuple)
  if (!isId('deal', deal) || !isId('dev', payer) || proof === undefined) return undefined
  if (typeof approval !== 'string' || fromBase64url(approval)?.length !== APPROVAL_LENGTH) return undefined
  if (typeof signature !== 'string' || fromBase64url(signature)?.length !== 64) return undefined
  return { deal, payer, approval, signature, proof }
}

// ---- links

const originOf = (hub: string): string => hub.replace(/\/+$/u, '')

function fragmentOf(text: string, path: string): { origin: string; name: string; value: string } | undefined {
  const trimmed = text.trim()
  const mark = trimmed.indexOf('#')
  if (trimmed.length > LONGEST || mark < 0 || !URL.canParse(trimmed.slice(0, mark))) return undefined
  const url = new URL(trimmed.slice(0, mark))
  const [name = '', value = ''] = trimmed.slice(mark + 1).split('=')
  return url.pathname === path ? { origin: url.origin, name, value } : undefined
}

// ---- packing

/** A signed text in three parts, its payload as the text it is: base64 hides from the packer what repeats. */
function halves(text: string): readonly string[] {
  const [tag = '', payload = '', signature = ''] = text.split('.')
  return [tag, toText(fromBase64url(payload) ?? new Uint8Array()) ?? '', signature]
}

const joined = (tag: string, payload: string, signature: string): string =>
  signedText(`${tag}.${toBase64url(utf8(payload))}`, fromBase64url(signature) ?? new Uint8Array())

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

async function pack(tuple: readonly unknown[]): Promise<string> {
  const stream = new Blob([utf8(JSON.stringify(tuple))]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  return toBase64url(new Uint8Array(await new Response(stream).arrayBuffer()))
}

async function unpack(packed: string): Promise<unknown> {
  const bytes = fromBase64url(packed)
  if (bytes === undefined) return undefined
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
    const text = toText(await atMost(stream, UNPACKED_BYTES))
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    // Cut off, blown up, or not ours.
    return undefined
  }
}

async function atMost(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > most) {
      await reader.cancel()
      throw new RangeError('more than a purchase')
    }
    chunks.push(value)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
