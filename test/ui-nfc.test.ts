// Tags through a Web NFC that the test plays: what is read, what is written, and every way it can fail.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { hasTags, readTags, writeTag } from '#ui/nfc.ts'

type Fault = Readonly<{ name: string }> | null

/** Puts a reader into the browser's place; `fault` is how it says no. */
function playTags(fault: Fault = null) {
  const played: { readers: EventTarget[]; written: object[] } = { readers: [], written: [] }
  const answer = async (): Promise<void> => {
    if (fault !== null) throw new DOMException('no', fault.name)
  }
  class NDEFReader extends EventTarget {
    scan(): Promise<void> {
      played.readers.push(this)
      return answer()
    }
    write(message: object): Promise<void> {
      played.written.push(message)
      return answer()
    }
  }
  Object.assign(globalThis, { NDEFReader })
  return played
}

const recordOf = (recordType: string, text: string) => ({
  recordType,
  data: new DataView(new TextEncoder().encode(text).buffer),
})
const hold = (reader: EventTarget | undefined, ...records: readonly object[]): void =>
  void reader?.dispatchEvent(Object.assign(new Event('reading'), { message: { records } }))

afterEach(() => Reflect.deleteProperty(globalThis, 'NDEFReader'))

test('a browser without Web NFC offers no tags, and says so when asked', async () => {
  assert.equal(hasTags(), false)
  const { signal } = new AbortController()
  assert.equal(await readTags(() => assert.fail(), signal), 'none')
  assert.equal(await writeTag('https://pay.example.org/t/x', signal), 'none')
})

test('the first address on a tag is read, other records are not, and nothing after it was put away', async () => {
  const played = playTags()
  const read: string[] = []
  const stop = new AbortController()
  assert.ok(hasTags())
  assert.equal(await readTags((url) => void read.push(url), stop.signal), 'reading')
  const [reader] = played.readers
  hold(
    reader,
    recordOf('text', 'hello'),
    recordOf('url', 'https://pay.example.org/t/1'),
    recordOf('url', 'https://other/'),
  )
  hold(reader, recordOf('absolute-url', 'https://pay.example.org/t/2'))
  hold(reader, recordOf('text', 'https://pay.example.org/t/3'))
  hold(reader, { recordType: 'url' })
  hold(reader)
  reader?.dispatchEvent(new Event('reading'))
  stop.abort()
  hold(reader, recordOf('url', 'https://pay.example.org/t/4'))
  assert.deepEqual(read, ['https://pay.example.org/t/1', 'https://pay.example.org/t/2'])
})

test('a tag gets the address as its only record', async () => {
  const played = playTags()
  assert.equal(await writeTag('https://pay.example.org/t/1', new AbortController().signal), 'written')
  assert.deepEqual(played.written, [{ records: [{ recordType: 'url', data: 'https://pay.example.org/t/1' }] }])
})

test('a no of the person is told from a phone whose NFC is off', async () => {
  for (const [name, state] of [
    ['NotAllowedError', 'refused'],
    ['SecurityError', 'refused'],
    ['NotReadableError', 'trouble'],
    ['NetworkError', 'trouble'],
  ] as const) {
    playTags({ name })
    const { signal } = new AbortController()
    assert.equal(await readTags(() => {}, signal), state, name)
    assert.equal(await writeTag('https://pay.example.org/t/1', signal), state, name)
  }
})
