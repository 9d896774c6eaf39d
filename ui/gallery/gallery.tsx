// Every piece of the kit on one page, for looking at and for the browser tests. Nothing here is part of an app.
import type { ComponentChildren } from 'preact'
import { render } from 'preact'
import { useState } from 'preact/hooks'
import { Field, PinField, Segmented, Switch } from '../fields.tsx'
import { catalogue, formatDateTime, useLocale, useWords } from '../i18n.ts'
import type { IconName } from '../icons.tsx'
import { Icon } from '../icons.tsx'
import { Keypad } from '../keypad.tsx'
import {
  Banner,
  Button,
  EmptyState,
  List,
  ListRow,
  Receipt,
  ReceiptLine,
  say,
  Screen,
  Sheet,
  StatusRegion,
} from '../kit.tsx'
import { Amount, NumberDisplay, TimeLeft } from '../numbers.tsx'
import { keepPageInStep } from '../preferences.ts'
import { QrCode } from '../qr.tsx'
import type { ScannerState } from '../scan.tsx'
import { Scanner } from '../scan.tsx'
import { Settings } from '../settings.tsx'
import { play, wakeOnFirstTouch } from '../sound.ts'
import { Tally, TallyHalf, tallyName, tallyOf } from '../tally.tsx'

const words = catalogue({
  en: {
    title: 'The kit',
    buttons: 'Buttons',
    pay: (amount: string) => `Pay ${amount}`,
    decline: 'Decline',
    cancel: 'Cancel',
    refund: 'Give it back',
    amount: 'Amount',
    number: 'Payment number',
    tally: 'The tally',
    seal: 'Put the seal on',
    notices: 'Notices',
    demo: 'A demonstration: this money is not real.',
    offline: 'No connection. Trying again.',
    stale: 'Shown as it was at 14:05.',
    trouble: 'The payment was not made. No money moved.',
    fields: 'Fields',
    name: 'Your name',
    nameHint: 'As the shop will see it.',
    pin: 'PIN',
    pinWrong: 'This PIN does not fit. Try again.',
    hide: 'Hide my balance',
    lists: 'Lists',
    bakery: 'Marubeni Bakery',
    nothing: 'No payments yet',
    nothingText: 'What you pay and receive will be here.',
    receipt: 'Receipt',
    bread: 'Milk bread',
    tax: 'of which tax',
    sum: 'Sum',
    scanner: 'Scanner',
    open: 'Open the camera',
    close: 'Close the camera',
    code: 'QR code',
    sheet: 'Open a sheet',
    sheetTitle: 'Not this person?',
    sheetText: 'The phone is let go and you get a new number. No money has moved.',
    release: 'New number',
    icons: 'Icons',
    settings: 'Settings',
    sounds: 'Sounds',
    kind: 'How you pay',
    question: 'Pay Marubeni Bakery?',
    say: 'Say something',
    saying: 'Your name was kept.',
  },
  ja: {
    title: '部品',
    buttons: 'ボタン',
    pay: (amount) => `${amount}を支払う`,
    decline: '断る',
    cancel: 'やめる',
    refund: '返金する',
    amount: '金額',
    number: '支払い番号',
    tally: '割符',
    seal: '印を押す',
    notices: 'お知らせ',
    demo: 'デモです。本物のお金ではありません。',
    offline: '通信できません。再接続しています。',
    stale: '14:05時点の表示です。',
    trouble: '支払いはできませんでした。お金は動いていません。',
    fields: '入力欄',
    name: 'お名前',
    nameHint: 'お店に表示されます。',
    pin: '暗証番号',
    pinWrong: '暗証番号が違います。もう一度入力してください。',
    hide: '残高を隠す',
    lists: '一覧',
    bakery: 'まるべにベーカリー',
    nothing: 'まだ支払いはありません',
    nothingText: '支払いや受け取りがここに並びます。',
    receipt: '領収書',
    bread: 'ミルク食パン',
    tax: 'うち消費税',
    sum: '合計',
    scanner: '読み取り',
    open: 'カメラを開く',
    close: 'カメラを閉じる',
    code: 'QRコード',
    sheet: 'シートを開く',
    sheetTitle: 'この人ではありませんか',
    sheetText: 'この端末との結びつきを解き、新しい番号を出します。お金は動いていません。',
    release: '新しい番号',
    icons: 'アイコン',
    settings: '設定',
    sounds: '音',
    kind: '支払い方法',
    question: 'まるべにベーカリーに支払いますか',
    say: '知らせる',
    saying: 'お名前を登録しました。',
  },
})

const seedOf = (number: number) => Uint8Array.from({ length: 32 }, (_, index) => (number * 73 + index * 41 + 7) & 0xff)
const yen = (digits: string) => ({ sign: '', digits, symbol: '¥', symbolFirst: true })
const from = Date.now()

function Gallery() {
  const w = useWords(words)
  return (
    <main class="gallery">
      <Banner kind="demo">{w.demo}</Banner>
      <h1>{w.title}</h1>
      <TallyPiece />
      <div class="gallery-columns">
        <ButtonsPiece />
        <AmountPiece />
        <NumberPiece />
        <FieldsPiece />
        <ListsPiece />
        <ReceiptPiece />
        <Piece title={w.notices}>
          <Banner kind="offline">{w.offline}</Banner>
          <Banner kind="stale">{w.stale}</Banner>
          <Banner kind="trouble">{w.trouble}</Banner>
          <Button onPress={() => say(w.saying)}>{w.say}</Button>
        </Piece>
        <ScannerPiece />
        <Piece title={w.code}>
          <QrCode text="https://hub.example/j/4f8a0c2e9b7d41f6a35c8e1d2b907f64" size={200} title={w.number} />
        </Piece>
        <Piece title={w.settings}>
          <Settings />
        </Piece>
      </div>
      <Piece title={w.icons}>
        <div class="gallery-icons">
          {iconNames.map((name) => (
            <span key={name}>
              <Icon name={name} size={28} />
              <br />
              {name}
            </span>
          ))}
        </div>
      </Piece>
      <StatusRegion />
    </main>
  )
}

/** How the pieces make a screen of a phone: at #screen, since a page has one main part. */
function ExampleScreen() {
  const w = useWords(words)
  const tally = tallyOf(seedOf(5))
  return (
    <Screen
      title={w.question}
      onBack={() => say(w.cancel)}
      banners={<Banner kind="demo">{w.demo}</Banner>}
      corner={<TallyHalf side="right" tally={tally} sealed={false} width={88} />}
      actions={
        <>
          <Button kind="seal" wide>
            {w.pay('¥1,280')}
          </Button>
          <Button wide>{w.decline}</Button>
        </>
      }
    >
      <Amount parts={yen('1,280')} size="huge" />
      <List label={w.lists} items={[{ id: 'bread', title: `${w.bread} × 2` }]} keyOf={(line) => line.id} empty={null}>
        {(line) => <ListRow title={line.title} side="¥1,280" detail={`${w.tax} ¥95`} />}
      </List>
      <TimeLeft endsAtMs={from + 80_000} lastsMs={120_000} />
    </Screen>
  )
}

function Piece({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="gallery-piece">
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function TallyPiece() {
  const w = useWords(words)
  const locale = useLocale()
  const [sealed, setSealed] = useState(false)
  const tally = tallyOf(seedOf(1))
  return (
    <Piece title={w.tally}>
      <div class="gallery-halves">
        <TallyHalf side="left" tally={tally} sealed={sealed} width={170} />
        <TallyHalf side="right" tally={tally} sealed={sealed} width={170} />
      </div>
      <div class="gallery-row">
        <Button
          kind="seal"
          onPress={() => {
            setSealed(!sealed)
            play(sealed ? 'joined' : 'settled')
          }}
        >
          {w.seal}
        </Button>
        {tallyName(tally, locale)}
      </div>
      <div class="gallery-tallies">
        {[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((number) => (
          <figure key={number}>
            <Tally tally={tallyOf(seedOf(number))} sealed={number % 3 !== 0} />
            <figcaption>{tallyName(tallyOf(seedOf(number)), locale)}</figcaption>
          </figure>
        ))}
      </div>
    </Piece>
  )
}

function ButtonsPiece() {
  const w = useWords(words)
  const [isOpen, setOpen] = useState(false)
  return (
    <Piece title={w.buttons}>
      <Button kind="seal" wide>
        {w.pay('¥1,280')}
      </Button>
      <Button kind="seal" wide busy>
        {w.pay('¥1,280')}
      </Button>
      <div class="gallery-row">
        <Button shortcut="Esc">{w.decline}</Button>
        <Button kind="danger" icon="refund">
          {w.refund}
        </Button>
        <Button kind="quiet">{w.cancel}</Button>
        <Button disabled>{w.cancel}</Button>
        <Button kind="quiet" icon="settings" iconOnly>
          {w.settings}
        </Button>
      </div>
      <Button onPress={() => setOpen(true)}>{w.sheet}</Button>
      <Sheet
        open={isOpen}
        onClose={() => setOpen(false)}
        title={w.sheetTitle}
        actions={
          <Button kind="seal" wide onPress={() => setOpen(false)}>
            {w.release}
          </Button>
        }
      >
        <p>{w.sheetText}</p>
      </Sheet>
    </Piece>
  )
}

function AmountPiece() {
  const w = useWords(words)
  const [amount, setAmount] = useState('1280')
  const [entered, setEntered] = useState('')
  const shown = Number(amount || '0').toLocaleString('en')
  return (
    <Piece title={w.amount}>
      <div data-shows="amount">
        <Amount parts={yen(shown)} size="huge" />
      </div>
      <div class="gallery-row">
        <Amount parts={{ ...yen('320'), sign: '−' }} size="medium" tone="quiet" />
        <Amount parts={{ sign: '', digits: '12.50', symbol: '€', symbolFirst: false }} size="medium" tone="settled" />
        <Amount parts={yen('1,280')} size="small" />
      </div>
      <Keypad
        kind="amount"
        value={amount}
        onInput={setAmount}
        maxLength={8}
        label={w.amount}
        spoken={`¥${shown}`}
        onEnter={() => setEntered(amount)}
      />
      <output data-shows="entered">{entered}</output>
    </Piece>
  )
}

function NumberPiece() {
  const w = useWords(words)
  const [digits, setDigits] = useState('4820')
  return (
    <Piece title={w.number}>
      <NumberDisplay value="4820517" size="huge" label={w.number} />
      <TimeLeft endsAtMs={from + 80_000} lastsMs={120_000} />
      <NumberDisplay value={digits} length={7} label={w.number} />
      <Keypad
        value={digits}
        onInput={setDigits}
        maxLength={7}
        label={w.number}
        physicalKeys={false}
        spoken={digits.split('').join(' ')}
      />
      <TimeLeft endsAtMs={from + 9000} lastsMs={30_000} />
    </Piece>
  )
}

function FieldsPiece() {
  const w = useWords(words)
  const [name, setName] = useState('')
  const [pin, setPin] = useState('12')
  const [isHidden, setHidden] = useState(true)
  const [kind, setKind] = useState<'scan' | 'number' | 'code'>('scan')
  return (
    <Piece title={w.fields}>
      <Field label={w.name} value={name} onInput={setName} hint={w.nameHint} />
      <PinField label={w.pin} value={pin} onInput={setPin} error={w.pinWrong} />
      <Switch label={w.hide} checked={isHidden} onChange={setHidden} />
      <Segmented
        label={w.kind}
        value={kind}
        onChange={setKind}
        options={[
          { value: 'scan', label: w.scanner },
          { value: 'number', label: w.number },
          { value: 'code', label: w.code },
        ]}
      />
    </Piece>
  )
}

function ListsPiece() {
  const w = useWords(words)
  const locale = useLocale()
  const rows = [
    { id: 'a', amount: { ...yen('1,280'), sign: '−' }, atMs: 1_795_000_000_000 },
    { id: 'b', amount: yen('320'), atMs: 1_794_900_000_000 },
  ]
  return (
    <Piece title={w.lists}>
      <List label={w.lists} items={rows} keyOf={(row) => row.id} empty={null}>
        {(row) => (
          <ListRow
            icon={row.amount.sign === '' ? 'refund' : 'shop'}
            title={w.bakery}
            detail={formatDateTime(row.atMs, locale)}
            side={<Amount parts={row.amount} size="small" />}
            onPress={() => say(w.bakery)}
          />
        )}
      </List>
      <List
        label={w.lists}
        items={[] as readonly { id: string }[]}
        keyOf={(row) => row.id}
        empty={
          <EmptyState icon="history" title={w.nothing}>
            {w.nothingText}
          </EmptyState>
        }
      >
        {() => null}
      </List>
    </Piece>
  )
}

function ReceiptPiece() {
  const w = useWords(words)
  return (
    <Piece title={w.receipt}>
      <Receipt title={w.bakery} foot={formatDateTime(1_795_000_000_000, useLocale())}>
        <Tally tally={tallyOf(seedOf(3))} sealed width={150} />
        <ReceiptLine label={`${w.bread} × 2`} value="¥1,280" />
        <ReceiptLine label={w.tax} value="¥95" />
        <ReceiptLine label={w.sum} value={<Amount parts={yen('1,280')} size="medium" />} strong />
      </Receipt>
    </Piece>
  )
}

function ScannerPiece() {
  const w = useWords(words)
  const [isOpen, setOpen] = useState(false)
  const [text, setText] = useState('')
  const [state, setState] = useState<ScannerState>('asking')
  return (
    <Piece title={w.scanner}>
      {isOpen ? <Scanner onRead={setText} onState={setState} /> : null}
      <Button icon="scan" onPress={() => setOpen(!isOpen)}>
        {isOpen ? w.close : w.open}
      </Button>
      <output data-shows="read" data-state={state}>
        {text}
      </output>
    </Piece>
  )
}

const iconNames: readonly IconName[] = [
  'scan',
  'keypad',
  'myCode',
  'history',
  'refund',
  'person',
  'shop',
  'soundOn',
  'soundOff',
  'sun',
  'moon',
  'close',
  'back',
  'forward',
  'check',
  'warning',
  'offline',
  'backspace',
  'settings',
  'eye',
  'eyeClosed',
  'plus',
  'minus',
  'print',
]

keepPageInStep()
wakeOnFirstTouch()
const place = document.getElementById('app')
if (place !== null) render(location.hash === '#screen' ? <ExampleScreen /> : <Gallery />, place)
