// The page on which people sign in to a site: a number and a code for the wallet, who asks for what, and how to get away from it.
import type { ComponentChildren, JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { fromHex } from '#core/bytes.ts'
import type { SignInView } from '#protocol/sign-in.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner } from '#ui/kit.tsx'
import { NumberDisplay, TimeLeft } from '#ui/numbers.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { QrCode } from '#ui/qr.tsx'
import { LanguageChoice } from '#ui/settings.tsx'
import { TallyHalf, tallyName, tallyOf } from '#ui/tally.tsx'
import { goesOn, isSettled, next, type Heard, type Page } from './state.ts'
import { ASKED, words } from './words.ts'

const ASK_EVERY_MS = 1_500
const HERE = location.pathname.replace(/\/$/u, '')

async function ask(): Promise<Heard> {
  try {
    const response = await fetch(`${HERE}/state`, { headers: { accept: 'application/json' }, cache: 'no-store' })
    // Border: the hub serves this page and its state together.
    return { status: response.status, view: response.ok ? ((await response.json()) as SignInView) : null }
  } catch {
    return null
  }
}

/** Asks until there is nothing more to ask; at once when the page is looked at again. */
function usePage(): Page {
  const [page, setPage] = useState<Page>({ kind: 'starting' })
  useEffect(() => {
    let now: Page = { kind: 'starting' }
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const look = async (): Promise<void> => {
      clearTimeout(timer)
      timer = undefined
      now = next(now, await ask(), Date.now())
      if (isOver) return
      setPage(now)
      if (now.kind === 'shown' && goesOn(now.view)) location.replace(`${HERE}/finish`)
      else if (!isSettled(now)) timer = setTimeout(() => void look(), ASK_EVERY_MS)
    }
    const again = (): void => {
      if (timer !== undefined && document.visibilityState === 'visible') void look()
    }
    document.addEventListener('visibilitychange', again)
    void look()
    return () => {
      isOver = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', again)
    }
  }, [])
  return page
}

function SignIn(): JSX.Element {
  const text = useWords(words)
  const page = usePage()
  useEffect(() => {
    document.title = page.kind === 'shown' ? text.title(page.view.site) : text.tab
  }, [page, text])
  switch (page.kind) {
    case 'starting':
      return <Sheet title={text.starting} />
    case 'over':
      return (
        <Sheet title={text.over}>
          <p>{text.overText}</p>
        </Sheet>
      )
    case 'too-many':
      return (
        <Sheet title={text.tooMany}>
          <p>{text.tooManyText}</p>
        </Sheet>
      )
    case 'shown':
      return <Shown view={page.view} clockOffsetMs={page.clockOffsetMs} isOffline={page.isOffline} />
  }
}

type ShownProps = { readonly view: SignInView; readonly clockOffsetMs: number; readonly isOffline: boolean }

function Shown({ view, clockOffsetMs, isOffline }: ShownProps): JSX.Element {
  const text = useWords(words)
  const banner = isOffline ? <Banner kind="offline">{text.offline}</Banner> : null
  switch (view.state) {
    case 'open':
      return (
        <Sheet title={text.title(view.site)} detail={text.merchant(view.merchant)} banner={banner} canCancel>
          <Ticket view={view} clockOffsetMs={clockOffsetMs} />
          <Asked view={view} />
        </Sheet>
      )
    case 'waiting':
      return (
        <Sheet title={text.title(view.site)} detail={text.merchant(view.merchant)} banner={banner} canCancel>
          <p role="status">{text.waiting}</p>
          <Asked view={view} />
        </Sheet>
      )
    case 'joined':
      return (
        <Sheet title={text.joined(view.payer ?? '')} detail={text.title(view.site)} banner={banner} canCancel>
          <p role="status">{text.joinedText}</p>
          <Half view={view} />
          <Asked view={view} />
        </Sheet>
      )
    case 'answered':
    case 'declined':
      return (
        <Sheet title={view.state === 'answered' ? text.answered : text.declined}>
          <p role="status">{view.site}</p>
        </Sheet>
      )
  }
}

type SheetProps = {
  readonly title: string
  readonly detail?: string
  readonly banner?: JSX.Element | null
  readonly canCancel?: boolean
  readonly children?: ComponentChildren
}

function Sheet({ title, detail, banner = null, canCancel = false, children }: SheetProps): JSX.Element {
  const text = useWords(words)
  return (
    <div class="signin">
      <header class="signin-head">
        <LanguageChoice hideLabel />
      </header>
      {banner}
      <main class="signin-main">
        <h1>{title}</h1>
        {detail === undefined ? null : <p class="signin-detail">{detail}</p>}
        {children}
        {canCancel ? (
          <p class="signin-cancel">
            <a class="button" href={`${HERE}/cancel`}>
              {text.cancel}
            </a>
            <span class="signin-detail">{text.cancelIf}</span>
          </p>
        ) : null}
      </main>
    </div>
  )
}

function Ticket({ view, clockOffsetMs }: { readonly view: SignInView; readonly clockOffsetMs: number }): JSX.Element {
  const text = useWords(words)
  const { number, link, expiresAt, lastsMs } = view
  return (
    <section class="signin-ticket">
      <div class="signin-by-number">
        <p>{text.how}</p>
        {number === null ? null : (
          <p class="signin-number">
            <NumberDisplay value={number} size="huge" label={text.number} />
          </p>
        )}
        {link === null ? null : (
          <p>
            <a class="button button-seal" href={link} target="_blank" rel="noopener">
              {text.here}
            </a>
          </p>
        )}
      </div>
      {link === null ? null : (
        <div class="signin-qr">
          <QrCode text={link} title={text.qr} />
        </div>
      )}
      <div class="signin-while">
        {expiresAt === null ? null : (
          <TimeLeft key={expiresAt} open endsAtMs={expiresAt} lastsMs={lastsMs} clockOffsetMs={clockOffsetMs} />
        )}
        <p class="signin-detail">{text.untilExpiry}</p>
      </div>
      <p class="signin-careful">{text.careful}</p>
    </section>
  )
}

function Asked({ view }: { readonly view: SignInView }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const named = [text.yourName, ...view.attributes.map((what) => ASKED[locale][what])]
  return (
    <section class="signin-asked">
      <h2>{text.asks}</h2>
      <ul>
        {named.map((what) => (
          <li key={what}>{what}</li>
        ))}
      </ul>
      <p class="signin-detail">{text.choose}</p>
    </section>
  )
}

/** Our half of the tally; the phone shows the other. */
function Half({ view }: { readonly view: SignInView }): JSX.Element | null {
  const locale = useLocale()
  const seed = view.tally === null ? undefined : fromHex(view.tally)
  if (seed === undefined) return null
  const tally = tallyOf(seed)
  return (
    <figure class="signin-tally">
      <TallyHalf side="left" tally={tally} sealed={false} />
      <figcaption>{tallyName(tally, locale)}</figcaption>
    </figure>
  )
}

keepPageInStep()
const root = document.querySelector('#app')
if (root) render(<SignIn />, root)
