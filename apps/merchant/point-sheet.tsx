// A sign as it is printed: its code, name and place, and the EMVCo form small beside it. And the same link on a tag.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import type { OfficePointView } from '#protocol/points.ts'
import { Segmented } from '#ui/fields.tsx'
import { useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { hasTags, writeTag, type TagTrouble } from '#ui/nfc.ts'
import { QrCode } from '#ui/qr.tsx'
import { pointWords, signWords } from './words-points.ts'

type Paper = 'a6' | 'a4'
type SheetProps = Readonly<{ of: OfficePointView; shop: string; onBack: () => void }>

export function PointSheet({ of, shop, onBack }: SheetProps): JSX.Element {
  const text = useWords(pointWords)
  const own = useLocale()
  const [paper, setPaper] = useState<Paper>('a6')
  const [language, setLanguage] = useState<Locale>(own)
  return (
    <section class="people point-print" aria-label={text.sheetTitle}>
      <div class="no-print point-form">
        <h2>{text.sheetTitle}</h2>
        <Segmented<Paper>
          label={text.size}
          value={paper}
          onChange={setPaper}
          options={[
            { value: 'a6', label: 'A6' },
            { value: 'a4', label: 'A4' },
          ]}
        />
        <Segmented<Locale>
          label={text.sheetLanguage}
          value={language}
          onChange={setLanguage}
          options={[
            { value: 'en', label: 'English', lang: 'en' },
            { value: 'ja', label: '日本語', lang: 'ja' },
          ]}
        />
        <div class="point-actions">
          <Button kind="seal" onPress={() => window.print()}>
            {text.printNow}
          </Button>
          <Button onPress={onBack}>{text.back}</Button>
        </div>
        <TagWriter link={of.link} />
      </div>
      <Sign of={of} shop={shop} paper={paper} language={language} />
    </section>
  )
}

function Sign({
  of,
  shop,
  paper,
  language,
}: Omit<SheetProps, 'onBack'> & Readonly<{ paper: Paper; language: Locale }>) {
  const words = signWords[language]
  return (
    <article class={`sign sign-${paper}`} lang={language}>
      <p class="sign-pay">{of.mode === 'order' ? words.order : words.pay}</p>
      <div class="sign-code">
        <QrCode text={of.link} title={of.link} />
      </div>
      <h3 class="sign-label">{of.label}</h3>
      <p class="sign-place">{of.place}</p>
      <p>{shop}</p>
      {of.amount === null ? null : (
        <p class="sign-price">
          {of.text} {amountText(of.amount, of.unit, language)}
        </p>
      )}
      <p class="sign-how">{of.mode === 'order' ? words.orderHow : words.how}</p>
      {of.emv === null ? null : (
        <div class="sign-other">
          <QrCode text={of.emv} title={words.other} />
          <span>{words.other}</span>
        </div>
      )}
    </article>
  )
}

/** Only where the browser writes tags; elsewhere it says who can. */
function TagWriter({ link }: Readonly<{ link: string }>): JSX.Element {
  const text = useWords(pointWords)
  const [state, setState] = useState<'idle' | 'holding' | 'written' | TagTrouble>('idle')
  const stop = useRef(new AbortController())
  useEffect(() => () => stop.current.abort(), [])
  const write = async (): Promise<void> => {
    setState('holding')
    setState(await writeTag(link, stop.current.signal))
  }
  if (!hasTags()) return <p class="office-detail">{text.tagNone}</p>
  const says = {
    holding: text.tagHold,
    written: text.tagWritten,
    none: text.tagNone,
    refused: text.tagRefused,
    trouble: text.tagTrouble,
  }
  return (
    <>
      <div>
        <Button busy={state === 'holding'} onPress={() => void write()}>
          {text.tag}
        </Button>
      </div>
      {state === 'idle' ? null : (
        <Banner kind={state === 'refused' || state === 'trouble' ? 'trouble' : 'note'}>{says[state]}</Banner>
      )}
    </>
  )
}
