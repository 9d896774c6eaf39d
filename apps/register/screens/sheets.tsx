// What is asked about goods on a sheet of its own: how much it weighs, a tip, and the camera that reads codes.
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Share } from '#core/pricing.ts'
import { parseTyped, sum, unitOf } from '#core/money.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Keypad } from '#ui/keypad.tsx'
import { Button, Sheet } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { GOODS_FORMATS, Scanner } from '#ui/scan.tsx'
import { useRegister, useTill } from '../context.tsx'
import { billOf, GRAM_DIGITS, gramsText, priceOfLine, shareText, withGood, EMPTY_DRAFT } from '../draft.ts'
import { nameOf, nameOfLine } from '../goods.ts'
import { scanned } from '../scanned.ts'
import { sellWeighed } from '../selling.ts'
import { saleTermsOf, withTip } from '../state.ts'
import { words } from '../words.ts'

export function GoodsSheets(): JSX.Element {
  return (
    <>
      <WeighSheet />
      <TipSheet />
      <CameraSheet />
    </>
  )
}

function useSheet(): Readonly<{ close: () => void }> {
  const { store } = useTill()
  return { close: () => store.update((state) => ({ ...state, sheet: null, weighing: null })) }
}

function WeighSheet(): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const till = useTill()
  const { sheet, weighing, scheme } = useRegister()
  const { close } = useSheet()
  const [grams, setGrams] = useState('')
  useLayoutEffect(() => setGrams(''), [weighing])
  const weight = Number(grams)
  const isReady = weighing !== null && weight > 0
  const take = (): void => {
    if (!isReady) return
    sellWeighed(till, weighing, weight)
    close()
  }
  const [line] = weighing === null ? [] : withGood(EMPTY_DRAFT, weighing, { locale, zone: 'UTC', grams: weight }).lines
  const unit = scheme?.unit ?? ''
  return (
    <Sheet open={sheet === 'weigh'} onClose={close} title={weighing === null ? text.weigh : nameOf(weighing, locale)}>
      {/* Digits and Enter belong to the keypad, not to the sheet's own close button, where a dialog would put the focus. */}
      <div class="weigh" tabIndex={-1} autofocus>
        <p class="weigh-grams">
          <span>{gramsText(weight, locale)}</span>
          <Amount parts={amountParts(line === undefined ? 0n : priceOfLine(line).price, unit, locale)} size="large" />
        </p>
        {weighing?.price == null ? null : (
          <p class="what-if">
            {text.weighText(amountText(weighing.price, unit, locale), weighing.unit === 'kg' ? '1 kg' : '100 g')}
          </p>
        )}
        <Keypad
          kind="amount"
          value={grams}
          maxLength={GRAM_DIGITS}
          onInput={setGrams}
          onEnter={take}
          enterLabel={text.addIt}
          canEnter={isReady}
          spoken={gramsText(weight, locale)}
          label={text.weigh}
        />
      </div>
    </Sheet>
  )
}

/** What people give where they tip: in hundredths of a percent. */
const TIPS = [1_000, 1_500, 1_800, 2_000]

function TipSheet(): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { store } = useTill()
  const state = useRegister()
  const { close } = useSheet()
  const { draft, sheet } = state
  const terms = saleTermsOf(state, locale)
  const unit = terms?.unit ?? ''
  const without = terms && billOf({ ...draft, tip: null }, terms)
  const goods = sum(without?.lines.map(({ amount }) => amount) ?? [])
  const choose = (tip: Share | null): void => {
    store.update((now) => ({ ...withTip(now, tip), sheet: null }))
  }
  const tipAt = (share: number): bigint => (goods * BigInt(share) + 5_000n) / 10_000n
  return (
    <Sheet open={sheet === 'tip'} onClose={close} title={text.tip}>
      <div class="tips">
        {TIPS.map((share) => (
          <Button key={share} onPress={() => choose({ kind: 'share', share })}>
            <span>{shareText({ kind: 'share', share }, unit, locale)}</span>{' '}
            <span class="tip-amount">{amountText(tipAt(share), unit, locale)}</span>
          </Button>
        ))}
        <ShareField label={text.tipAmount} unit={unit} only="amount" key={String(sheet === 'tip')} onShare={choose} />
        <Button kind="quiet" onPress={() => choose(null)}>
          {text.noTip}
        </Button>
      </div>
    </Sheet>
  )
}

type ShareFieldProps = Readonly<{
  label: string
  unit: string
  /** leave out to choose between both */
  only?: Share['kind']
  onShare: (share: Share | null) => void
}>

/** A percentage or an amount, taken when it is said that it is right. */
export function ShareField({ label, unit, only, onShare }: ShareFieldProps): JSX.Element {
  const text = useWords(words)
  const [kind, setKind] = useState<Share['kind']>(only ?? 'share')
  const [typed, setTyped] = useState('')
  const share = shareFrom(typed, kind, unit)
  return (
    <form
      class="share-field"
      onSubmit={(event) => {
        event.preventDefault()
        if (share === undefined) return
        onShare(share)
        setTyped('')
      }}
    >
      {only === undefined ? (
        <Segmented<Share['kind']>
          label={label}
          hideLabel
          value={kind}
          onChange={setKind}
          options={[
            { value: 'share', label: '%' },
            { value: 'amount', label: text.amount },
          ]}
        />
      ) : null}
      <Field label={label} value={typed} onInput={setTyped} inputMode="decimal" maxLength={12} />
      <Button type="submit" disabled={share === undefined}>
        {text.take}
      </Button>
    </form>
  )
}

/** undefined where it is neither. */
function shareFrom(typed: string, kind: Share['kind'], code: string): Share | undefined {
  if (kind === 'amount') {
    const unit = unitOf(code)
    const amount = unit && parseTyped(typed, unit)
    return amount === undefined || amount === 0n ? undefined : { kind, amount }
  }
  const [match, whole = '', part = ''] =
    /^([0-9]{1,3})(?:\.([0-9]{1,2}))?%?$/u.exec(typed.normalize('NFKC').trim()) ?? []
  const share = Number(whole) * 100 + Number(part.padEnd(2, '0'))
  return match === undefined || share === 0 || share > 10_000 ? undefined : { kind, share }
}

/** A good's code is put on the bill and the camera looks on; anything else closes the sheet and goes where it belongs. */
function CameraSheet(): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const till = useTill()
  const state = useRegister()
  const { close } = useSheet()
  const { sheet, draft, goods, unknown, place, deal } = state
  const open = sheet === 'camera'
  const last = draft.lines.at(-1)
  const opened = useRef(draft.lines)
  useEffect(() => void (opened.current = draft.lines), [open])
  useEffect(() => {
    if (open && (unknown !== null || place === 'way' || deal !== null)) close()
  }, [unknown, place, deal])
  return (
    <Sheet
      open={open}
      onClose={close}
      title={text.camera}
      actions={
        <Button kind="seal" wide onPress={close}>
          {text.done}
        </Button>
      }
    >
      {open ? (
        <div class="camera">
          <Scanner
            formats={GOODS_FORMATS}
            label={text.camera}
            onRead={(code) => {
              if (!scanned(code, till))
                till.store.update((now) => ({ ...now, unknown: { code: code.slice(0, 40), isMisread: true } }))
            }}
          />
          <p class="camera-last" role="status">
            {last === undefined || draft.lines === opened.current
              ? text.cameraText
              : text.added(
                  `${nameOfLine(last, goods, locale)}${last.quantity > 1 ? ` × ${last.quantity}` : ''}`,
                  amountText(priceOfLine(last).price, state.scheme?.unit ?? '', locale),
                )}
          </p>
        </div>
      ) : null}
    </Sheet>
  )
}
