// Pieces of HTML for the receipt's page and mail: text is escaped here and nowhere else.
import { encodeQR } from 'qr'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escaped = (text: string): string => text.replaceAll(/[&<>"']/gu, (sign) => ESCAPES[sign] ?? '')

/** A QR code as a drawing without styles or scripts; `label` is what it is for. */
export function qrSvg(text: string, label: string): string {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
  const drawn = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  const size = rows.length
  return `<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${escaped(label)}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#fff"/><path d="${drawn}" fill="#000"/></svg>`
}

/** The language of these that the reader likes best (RFC 9110 section 12.5.4); English where none is named. */
export function languageOf(header: string | undefined): 'en' | 'ja' {
  const wishes = (header ?? '').split(',').map((wish) => {
    const [tag = '', ...parameters] = wish.split(';').map((part) => part.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    return { tag: tag.split('-')[0] ?? '', quality: quality === undefined ? 1 : Number(quality.slice(2)) }
  })
  const best = (language: string): number =>
    Math.max(0, ...wishes.filter(({ tag, quality }) => tag === language && quality > 0).map(({ quality }) => quality))
  return best('ja') > best('en') ? 'ja' : 'en'
}
