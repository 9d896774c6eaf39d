// Tags (NFC) through Web NFC, where the browser has it: Chrome on Android, so far. A page can read a tag and write one; it cannot be
// a tag, so a register's screen offers none.
//
//   readTags   none · asking ──▶ reading ──▶ (onRead; until it is aborted)      writeTag   none · refused · trouble · written
//                          └─▶ refused · trouble

/** none: this browser has no Web NFC · refused: the person or the browser said no · trouble: the phone's NFC is off, or the tag went away */
export type TagTrouble = 'none' | 'refused' | 'trouble'

/** What TypeScript's DOM does not know yet. */
type TagRecord = { readonly recordType: string; readonly data?: DataView }
type TagReader = EventTarget & {
  scan(options: { signal: AbortSignal }): Promise<void>
  write(message: { records: { recordType: string; data: string }[] }, options: { signal: AbortSignal }): Promise<void>
}
type TagReaderClass = new () => TagReader

const readerClass = (): TagReaderClass | undefined =>
  // A border: the browser's global has no type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (globalThis as { NDEFReader?: TagReaderClass }).NDEFReader

/** Can this browser read and write tags at all? Whether the phone can, and may, shows when it is asked. */
export const hasTags = (): boolean => readerClass() !== undefined

/** Reads the address on each tag that is held to the phone, until `signal` is aborted. Ask for it from a press: the browser wants one. */
export async function readTags(onRead: (url: string) => void, signal: AbortSignal): Promise<'reading' | TagTrouble> {
  const Reader = readerClass()
  if (Reader === undefined) return 'none'
  try {
    const reader = new Reader()
    reader.addEventListener('reading', (event) => {
      if (signal.aborted) return
      const url = urlIn(event)
      if (url !== undefined) onRead(url)
    })
    await reader.scan({ signal })
    return 'reading'
  } catch (error) {
    return troubleOf(error)
  }
}

/** Writes an address to the next tag that is held to the phone; what stood there is gone. */
export async function writeTag(url: string, signal: AbortSignal): Promise<'written' | TagTrouble> {
  const Reader = readerClass()
  if (Reader === undefined) return 'none'
  try {
    await new Reader().write({ records: [{ recordType: 'url', data: url }] }, { signal })
    return 'written'
  } catch (error) {
    return troubleOf(error)
  }
}

const troubleOf = (error: unknown): TagTrouble =>
  error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'SecurityError')
    ? 'refused'
    : 'trouble'

/** The first address on the tag: what else stands there is none of ours. */
function urlIn(event: Event): string | undefined {
  // A border: an NDEFReadingEvent, which has no type here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const records = (event as Event & { message?: { records?: readonly TagRecord[] } }).message?.records ?? []
  const record = records.find(({ recordType }) => recordType === 'url' || recordType === 'absolute-url')
  return record?.data === undefined ? undefined : new TextDecoder().decode(record.data)
}
