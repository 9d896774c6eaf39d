// Text as Japanese banks' files have it: one byte a character (JIS X 0201), upper case, half-width katakana with their voicing marks apart,
// no small kana. A bank's long vowel is a hyphen.

const SMALL = 'ァィゥェォッャュョヮヵヶヲー'
const LARGE = 'アイウエオツヤユヨワカケオ-'
/** Katakana that are written as another: small ones large, ヲ as it sounds, and the long vowel. */
const WRITTEN_AS = new Map(Array.from(SMALL, (kana, at) => [kana, LARGE[at] ?? '']))
const HALF_WIDTH = '｡｢｣､･ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ'
/** From full width, whose letter stands first among those that compatibility makes of the half-width ones. */
const HALF_OF = new Map(Array.from(HALF_WIDTH).map((half) => [half.normalize('NFKC'), half]))
// Unicode has two of each mark: one that combines, and one that stands alone.
for (const [mark, half] of [
  ['\u3099', 'ﾞ'],
  ['\u309a', 'ﾟ'],
  ['\u309b', 'ﾞ'],
  ['\u309c', 'ﾟ'],
] as const)
  HALF_OF.set(mark, half)

const HIRAGANA = /[\u3041-\u3096]/gu
const KATAKANA_AFTER = 0x60
const WRITTEN = /^[ 0-9A-Z().\-ｱ-ﾝﾞﾟ]*$/u
const FIRST_HALF_BYTE = 0xa1

/**
 * The text as a bank's file may have it: full width and hiragana become half-width katakana, small letters large, the long vowel a hyphen.
 * Undefined when something is left that no such file can have, such as a kanji.
 */
export function foldKana(text: string): string | undefined {
  const katakana = text
    .normalize('NFKC')
    .replaceAll(HIRAGANA, (kana) => String.fromCodePoint((kana.codePointAt(0) ?? 0) + KATAKANA_AFTER))
    .replaceAll(/[‐‑–—−]/gu, '-')
    .toUpperCase()
  const letters = Array.from(katakana.normalize('NFD')).map((letter) => WRITTEN_AS.get(letter) ?? letter)
  const folded = letters.map((letter) => HALF_OF.get(letter) ?? letter).join('')
  return WRITTEN.test(folded) ? folded : undefined
}

/** Whether a bank's file can have this text as it is. */
export const isWritten = (text: string): boolean => WRITTEN.test(text)

/** One byte for each character. Throws for what isWritten does not let through. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const kana = HALF_WIDTH.indexOf(character)
    const code = character.charCodeAt(0)
    if (kana < 0 && (code > 0x7e || (code < 0x20 && code !== 0x0d && code !== 0x0a)))
      throw new Error('no character of a bank’s file')
    return kana < 0 ? code : FIRST_HALF_BYTE + kana
  })
}

/** What the bytes say; undefined when one of them is no character. Line ends are the caller's. */
export function textOf(bytes: Uint8Array): string | undefined {
  let text = ''
  for (const byte of bytes) {
    const kana = HALF_WIDTH[byte - FIRST_HALF_BYTE]
    const isAscii = byte >= 0x20 && byte <= 0x7e
    if (!isAscii && kana === undefined) return undefined
    text += kana ?? String.fromCharCode(byte)
  }
  return text
}
