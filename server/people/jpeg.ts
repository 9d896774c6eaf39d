// What a JPEG says of itself before anybody decodes it: its size, and which way up it is. A walk over its segments and nothing else.

export type JpegHead = Readonly<{
  width: number
  height: number
  /** Exif orientation, 1 to 8; 1 is upright */
  orientation: number
}>

/** Segments before the picture begins; a camera writes some ten. */
const MOST_SEGMENTS = 200
/** Scans of a progressive picture, some ten when it is honest. Each goes over all pixels again, and some bytes are enough for one. */
const MOST_SCANS = 100
const SCAN = Buffer.of(0xff, 0xda)
const EXIF = 'Exif\0\0'
const ORIENTATION_TAG = 0x0112

/** The head of this JPEG; undefined when it is none, says no size, or has more scans than a camera makes. */
export function jpegHead(bytes: Uint8Array): JpegHead | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || bytes[1] !== 0xd8 || bytes[2] !== 0xff) return undefined
  if (!hasFewScans(bytes)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let orientation = 1
  let at = 2
  for (let segments = 0; segments < MOST_SEGMENTS && at + 4 <= bytes.length; segments++) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    const length = view.getUint16(at + 2)
    const end = at + 2 + length
    if (length < 2 || end > bytes.length) return undefined
    if (isFrame(marker)) {
      if (length < 8) return undefined
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)]
      return width > 0 && height > 0 ? { width, height, orientation } : undefined
    }
    // Start of scan before any frame: nothing says how large it is.
    if (marker === 0xda) return undefined
    if (marker === 0xe1) orientation = orientationIn(bytes.subarray(at + 4, end)) ?? orientation
    at = end
  }
  return undefined
}

/** Within the picture's own data the two bytes cannot stand; a thumbnail beside it has a few of its own. */
function hasFewScans(bytes: Uint8Array): boolean {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = -2
  for (let scans = 0; scans <= MOST_SCANS; scans++) {
    at = all.indexOf(SCAN, at + 2)
    if (at < 0) return true
  }
  return false
}

/** SOF0 to SOF15, without the three markers of that range that are none (DHT, JPG, DAC). */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** The orientation in an APP1 segment, where it holds Exif that says one. */
function orientationIn(segment: Uint8Array): number | undefined {
  if (segment.length < 20 || Buffer.from(segment.subarray(0, 6)).toString('latin1') !== EXIF) return undefined
  const tiff = new DataView(segment.buffer, segment.byteOffset + 6, segment.byteLength - 6)
  const order = tiff.getUint16(0)
  if (order !== 0x4949 && order !== 0x4d4d) return undefined
  const isLittle = order === 0x4949
  const directory = tiff.getUint32(4, isLittle)
  if (directory + 2 > tiff.byteLength) return undefined
  const entries = tiff.getUint16(directory, isLittle)
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + 12 * index
    if (entry + 12 > tiff.byteLength) return undefined
    if (tiff.getUint16(entry, isLittle) !== ORIENTATION_TAG) continue
    const value = tiff.getUint16(entry + 8, isLittle)
    return value >= 1 && value <= 8 ? value : undefined
  }
  return undefined
}
