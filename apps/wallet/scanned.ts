// What the scanner has read goes where it belongs. What a text is, read-code.ts says.
import { openHandBack } from './hand-back.ts'
import type { Desk } from './hub.ts'
import { joinLink, joinTyped } from './paying.ts'
import { openPoint } from './points.ts'
import { addPart, openPurchase } from './purchase.ts'
import { readCode } from './read-code.ts'
import * as when from './state.ts'

/** Deals with a scanned text; what is not ours is said on the scanner's own screen. */
export function scanned(desk: Desk, text: string): void {
  const read = readCode(text, desk.opening.hub)
  switch (read.kind) {
    case 'bill':
      return void joinLink(desk, read.token)
    case 'point':
      return void openPoint(desk, read.point)
    case 'number':
      desk.update((state) => when.typed(state, read.number))
      return void joinTyped(desk)
    case 'hand-back':
      return void openHandBack(desk, read.link)
    case 'purchase':
      return void openPurchase(desk, read.packed)
    case 'purchase-part':
      return void addPart(desk, read.part)
    case 'other-hub':
    case 'unknown':
      return desk.update((state) => when.went(state, { at: 'scan', refused: read.kind }))
    case 'foreign':
      return desk.update((state) => when.went(state, { at: 'scan', refused: read.code }))
  }
}
