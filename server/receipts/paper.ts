// The bytes for a receipt printer (ESC/POS). The library is loaded with the first printing.
import type { Paper } from '#protocol/receipts.ts'
import { COLUMNS, markupOf, type Print } from './markup.ts'

export type PaperOptions = Readonly<{ paper: Paper; cut: boolean; drawer: boolean }>

/** ESC p: a pulse of 50 ms on the drawer's first pin, 500 ms of rest. */
const OPEN_DRAWER = Buffer.from([0x1b, 0x70, 0x00, 0x19, 0xfa])
/** What only a Japanese printer has: kana, Chinese characters, full width, and the mark of the reduced rate. */
const JAPANESE = /[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef※]/u

/** Starts with the drawer, if it is to open; ends with the cut, if there is one. */
export async function escPosOf(print: Print, { paper, cut, drawer }: PaperOptions): Promise<Buffer> {
  const markup = markupOf(print)
  const { default: receiptline } = await import('receiptline')
  const written = receiptline.transform(markup, {
    command: 'escpos',
    cpl: COLUMNS[paper],
    encoding: encodingOf(markup),
    cutting: cut,
  })
  // One character is one byte here.
  const bytes = Buffer.from(written, 'latin1')
  return drawer ? Buffer.concat([OPEN_DRAWER, bytes]) : bytes
}

const encodingOf = (markup: string): 'shiftjis' | 'multilingual' =>
  JAPANESE.test(markup) ? 'shiftjis' : 'multilingual'
