// <warifu-pay>: a bill's number and QR with what is happening to it, on anybody's page. One file, no framework, nothing inline, so that
// `script-src` and `connect-src` are all that a strict content policy has to name. docs/ways/web-shop.md says how it is used.
//
//   src      an address of the page's own server that answers {state, number, link, expiresAt, now}; looked at until it is over
//   or, set by the page itself: number, link, expires (milliseconds since 1970), state, now
//   lang     en or ja; by default the page's
//
// state: waiting · joined · paid · held · ended · expired. It tells each change by the event `warifu-state` ({state}), and by
// `warifu-renew` that somebody wants a new number.
import { drawingOf } from '#ui/qr-drawing.ts'
import { STYLE } from './style.ts'
import { localeOf, WORDS } from './words.ts'

const STATES = ['loading', 'waiting', 'joined', 'paid', 'held', 'ended', 'expired'] as const
type State = (typeof STATES)[number]
type Bill = Readonly<{ state: State; number: string | null; link: string | null; leftMs: number | null }>

const LOOK_EVERY_MS = 1_500
const MINUTE_MS = 60_000
const FINAL: readonly State[] = ['paid', 'held', 'ended']
const SVG = 'http://www.w3.org/2000/svg'

class WarifuPay extends HTMLElement {
  static readonly observedAttributes = ['src', 'number', 'link', 'expires', 'state', 'now', 'lang']

  readonly #root = this.attachShadow({ mode: 'open' })
  readonly #status = document.createElement('p')
  readonly #body = document.createElement('div')
  #timer: ReturnType<typeof setTimeout> | undefined
  #shown = ''
  #said: State | null = null
  #bill: Bill = { state: 'loading', number: null, link: null, leftMs: null }
  #isOffline = false
  #isHere = false

  constructor() {
    super()
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    this.#root.adoptedStyleSheets = [sheet]
    this.#status.setAttribute('role', 'status')
    this.#root.append(this.#status, this.#body)
  }

  connectedCallback(): void {
    this.#isHere = true
    this.#begin()
  }

  disconnectedCallback(): void {
    this.#isHere = false
    clearTimeout(this.#timer)
  }

  attributeChangedCallback(name: string): void {
    if (!this.#isHere) return
    if (name === 'src') this.#begin()
    else this.#render()
  }

  /** Looks at `src` now, for a page that knows of something new. */
  look(): void {
    this.#begin()
  }

  #begin(): void {
    clearTimeout(this.#timer)
    if (this.hasAttribute('src')) void this.#look()
    else this.#render()
  }

  async #look(): Promise<void> {
    const src = this.getAttribute('src') ?? ''
    const found = await answerOf(src)
    if (!this.#isHere || src !== this.getAttribute('src')) return
    this.#isOffline = found === undefined
    if (found !== undefined) this.#bill = found
    this.#render()
    if (!FINAL.includes(this.#bill.state)) this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS)
  }

  #fromAttributes(): Bill {
    const [expires, now] = [Number(this.getAttribute('expires') ?? NaN), Number(this.getAttribute('now') ?? Date.now())]
    return {
      state: stateFrom(this.getAttribute('state') ?? 'waiting'),
      number: this.getAttribute('number'),
      link: this.getAttribute('link'),
      leftMs: Number.isFinite(expires) ? expires - now : null,
    }
  }

  #render(): void {
    if (!this.hasAttribute('src')) this.#bill = this.#fromAttributes()
    const locale = localeOf(this)
    const words = WORDS[locale]
    const { state, number, link, leftMs } = this.#bill
    const minutes = leftMs === null ? null : Math.max(0, Math.ceil(leftMs / MINUTE_MS))
    const line = this.#isOffline ? words.offline : words[state]
    if (this.#status.textContent !== line) this.#status.textContent = line
    this.#status.className = state
    // What has not changed is left alone: a code that is drawn anew flickers, and a button loses its focus.
    const shape = JSON.stringify([locale, state, number, link, minutes])
    if (shape !== this.#shown) {
      this.#shown = shape
      this.#body.replaceChildren(...this.#parts(minutes))
    }
    if (state !== this.#said && state !== 'loading') {
      this.#said = state
      this.dispatchEvent(new CustomEvent('warifu-state', { detail: { state }, bubbles: true }))
    }
  }

  #parts(minutes: number | null): Node[] {
    const words = WORDS[localeOf(this)]
    const { state, number, link } = this.#bill
    if (state === 'expired') {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = words.renew
      button.addEventListener('click', () => this.dispatchEvent(new CustomEvent('warifu-renew', { bubbles: true })))
      return [button]
    }
    if (state !== 'waiting') return []
    // What a page's server says is shown, never followed: a link that is no web address is none.
    const address = link !== null && /^https?:\/\//.test(link) && URL.canParse(link) ? link : null
    return [
      textIn('p', words.scan),
      ...(address === null ? [] : [qrOf(address, words.qr)]),
      ...(number === null ? [] : [numberOf(number, words.number)]),
      ...(minutes === null ? [] : [textIn('p', words.left(minutes), 'left')]),
      ...(address === null ? [] : [linkTo(address, words.open)]),
    ]
  }
}

/** What the page's server says; undefined when it says nothing that can be used. */
async function answerOf(src: string): Promise<Bill | undefined> {
  try {
    const response = await fetch(src, { headers: { accept: 'application/json' }, cache: 'no-store' })
    if (!response.ok) return undefined
    const said: unknown = await response.json()
    if (typeof said !== 'object' || said === null) return undefined
    const { state, number, link, expiresAt, now } = said as Readonly<Record<string, unknown>>
    return {
      state: stateFrom(state),
      number: typeof number === 'string' && /^\d{7,11}$/.test(number) ? number : null,
      link: typeof link === 'string' ? link : null,
      leftMs: typeof expiresAt === 'number' ? expiresAt - (typeof now === 'number' ? now : Date.now()) : null,
    }
  } catch {
    // No network, or a page where JSON was expected: it is asked again.
    return undefined
  }
}

const stateFrom = (value: unknown): State => STATES.find((known) => known === value) ?? 'loading'

function textIn(tag: string, text: string, name = ''): HTMLElement {
  const element = document.createElement(tag)
  element.textContent = text
  if (name !== '') element.className = name
  return element
}

function linkTo(address: string, text: string): HTMLAnchorElement {
  const anchor = document.createElement('a')
  anchor.href = address
  anchor.textContent = text
  return anchor
}

function qrOf(text: string, title: string): SVGElement {
  const { length, path } = drawingOf(text, 'medium')
  const svg = document.createElementNS(SVG, 'svg')
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${length} ${length}`,
    role: 'img',
    'aria-label': title,
    'shape-rendering': 'crispEdges',
  }))
    svg.setAttribute(name, value)
  const paper = document.createElementNS(SVG, 'rect')
  for (const [name, value] of Object.entries({ width: String(length), height: String(length), fill: '#fff' }))
    paper.setAttribute(name, value)
  const ink = document.createElementNS(SVG, 'path')
  ink.setAttribute('d', path)
  ink.setAttribute('fill', '#000')
  svg.append(paper, ink)
  return svg
}

/** In groups of three for the eye, digit by digit for the ear. */
function numberOf(number: string, label: string): HTMLElement {
  const whole = textIn('p', '', 'number')
  const heard = textIn('span', `${label}: ${number.split('').join(' ')}`, 'heard')
  const seen = document.createElement('span')
  seen.setAttribute('aria-hidden', 'true')
  seen.append(...(number.match(/.{1,3}/gu) ?? []).map((group) => textIn('b', group)))
  whole.append(heard, seen)
  return whole
}

if (customElements.get('warifu-pay') === undefined) customElements.define('warifu-pay', WarifuPay)
