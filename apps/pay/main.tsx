// The page behind a payment link: the shop, the amount, and <warifu-pay> with the number and QR of this visit's own deal.
import type { JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { PayView } from '#protocol/shop.ts'
import { lookAtLink, openLink } from '#sdk/pay-link.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, StatusRegion } from '#ui/kit.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import { payWords } from './words.ts'

const link = location.pathname.slice(location.pathname.lastIndexOf('/') + 1)

/** The same in this tab for as long as it is open, so that a reload finds the same deal. */
function visitOf(): string {
  const kept = sessionStorage.getItem(`warifu.visit.${link}`)
  if (kept !== null && /^[0-9a-f]{32}$/.test(kept)) return kept
  const made = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0'))
  sessionStorage.setItem(`warifu.visit.${link}`, made.join(''))
  return made.join('')
}

function Pay(): JSX.Element {
  const text = useWords(payWords)
  const locale = useLocale()
  const [outcome, setOutcome] = useState<Outcome<PayView> | null>(null)
  const [visit] = useState(visitOf)
  const open = async (): Promise<void> => setOutcome(await openLink(location.origin, { link, visit }))
  const begin = async (): Promise<void> => {
    // A link that was opened in this tab before may be over for everybody else by now, and is still this one's.
    const opened = await openLink(location.origin, { link, visit })
    setOutcome(
      opened.ok
        ? opened
        : opened.problem.code === 'link-over'
          ? await lookAtLink(location.origin, link, visit)
          : opened,
    )
  }
  useEffect(() => void begin(), [])
  useEffect(() => {
    document.title = outcome?.ok === true ? `${text.title} · ${outcome.view.shop}` : text.title
  }, [text, outcome])
  return (
    <main class="pay">
      {outcome === null ? <p role="status">{text.loading}</p> : null}
      {outcome?.ok === false ? <Trouble problem={outcome.problem} onAgain={() => void begin()} /> : null}
      {outcome?.ok === true ? (
        <>
          <p>{text.to(outcome.view.shop)}</p>
          <h1>{outcome.view.text}</h1>
          <p class="pay-amount">{amountText(outcome.view.amount, outcome.view.unit, locale)}</p>
          <Element src={`/v1/pay/${link}/${visit}`} locale={locale} onRenew={() => void open()} />
          <p class="pay-detail">{text.until(formatDateTime(outcome.view.linkExpiresAt, locale))}</p>
          {outcome.view.legalName === outcome.view.shop ? null : <p class="pay-detail">{outcome.view.legalName}</p>}
        </>
      ) : null}
      <LanguageChoice hideLabel />
      <StatusRegion />
    </main>
  )
}

type ElementProps = Readonly<{ src: string; locale: string; onRenew: () => void }>

/** The component that shops use too. */
function Element({ src, locale, onRenew }: ElementProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = document.createElement('warifu-pay')
    element.setAttribute('src', src)
    element.setAttribute('lang', locale)
    element.addEventListener('warifu-renew', onRenew)
    place.current?.replaceChildren(element)
  }, [src, locale])
  return <div ref={place} />
}

type TroubleProps = Readonly<{
  problem: Parameters<typeof problemText>[0]
  onAgain: () => void
}>

function Trouble({ problem, onAgain }: TroubleProps): JSX.Element {
  const text = useWords(payWords)
  const locale = useLocale()
  const said = problemText(problem, locale, 'payer')
  return (
    <>
      <h1>{text.title}</h1>
      <Banner kind="trouble">{`${said.sentence} ${said.next} ${said.moneySentence}`}</Banner>
      <Button onPress={onAgain}>{text.again}</Button>
    </>
  )
}

keepPageInStep()
const root = document.querySelector('#app')
if (root) render(<Pay />, root)
