// Reads the QR code on a screen from its picture, as a camera would.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

const require = createRequire(import.meta.url)
let reader: Promise<unknown> | undefined

/** Reads the QR code in a picture (PNG). */
export async function readQr(picture: Uint8Array): Promise<string> {
  reader ??= readFile(require.resolve('zxing-wasm/reader/zxing_reader.wasm')).then((wasm) =>
    // Its own bytes, so that nothing is fetched.
    prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer }, fireImmediately: true }),
  )
  await reader
  const [code] = await readBarcodes(picture, { formats: ['QRCode'] })
  if (code === undefined) throw new Error('there is no readable QR code in the picture')
  return code.text
}
