// The shop's office: what has come in, what is coming, every sale with its refunds, and the statement. For any browser of the shop.
import type { JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { mayDo } from '#core/staff.ts'
import { Entrance, type Entered } from '#apps/shared/entrance.tsx'
import { SignIn } from '#apps/shared/sign-in.tsx'
import { staffDesk, type StaffDesk } from '#apps/shared/staff-calls.ts'
import { Statement } from '#apps/shared/statement.tsx'
import { formatAccount } from '#apps/shared/money.ts'
import type { StaffHereView } from '#protocol/identity.ts'
import { Segmented } from '#ui/fields.tsx'
import { currentLocale, onLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, StatusRegion } from '#ui/kit.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import { Goods } from './goods.tsx'
import { Machines } from './machines.tsx'
import { Menu } from './menu.tsx'
import { Money } from './money.tsx'
import { Points } from './points.tsx'
import { Sale } from './sale.tsx'
import { Sales } from './sales.tsx'
import { ShopDetails } from './shop-details.tsx'
import { Staff } from './staff.tsx'
import { WebShop } from './web-shop.tsx'
import { useBooks } from './books.ts'
import { menuWords } from './words-menu.ts'
import { receiptWords } from './words-receipt.ts'
import { pointWords } from './words-points.ts'
import { webShopWords } from './words-web-shop.ts'
import { words } from './words.ts'
import { goodsWords } from './words-goods.ts'

type Part = 'sales' | 'statement' | 'goods' | 'menu' | 'staff' | 'machines' | 'receipts' | 'signs' | 'web-shop'

type SigningIn = 'needed' | 'switch' | 'code'

/** The office, and over it the question who is here, while that is open: what was on the page stays there. */
function Office(entered: Entered): JSX.Element {
  const desk = useMemo(() => staffDesk(entered.client), [entered.client])
  const [here, setHere] = useState<StaffHereView>(NOBODY)
  const [signingIn, setSigningIn] = useState<SigningIn | null>(null)
  const know = (view: StaffHereView): void => {
    setHere(view)
    setSigningIn(view.needed && view.cashier === null ? 'needed' : null)
  }
  useEffect(() => {
    void desk.here().then((outcome) => outcome.ok && know(outcome.view))
  }, [desk])
  return (
    <>
      {signingIn === null ? null : (
        <AtTheDoor desk={desk} here={here} signingIn={signingIn} onIn={know} onBack={() => setSigningIn(null)} />
      )}
      <div hidden={signingIn !== null}>
        {/* Whoever comes next sees what they may, and nothing of the one before. */}
        <Rooms key={here.cashier?.id ?? ''} {...entered} here={here} isShut={signingIn !== null} ask={setSigningIn} />
      </div>
      <StatusRegion />
    </>
  )
}

const NOBODY: StaffHereView = { needed: false, cashier: null, staff: [] }

type DoorProps = Readonly<{
  desk: StaffDesk
  here: StaffHereView
  signingIn: SigningIn
  onIn: (here: StaffHereView) => void
  onBack: () => void
}>

function AtTheDoor({ desk, here, signingIn, onIn, onBack }: DoorProps): JSX.Element {
  return (
    <main class="office-door">
      <SignIn
        key={signingIn}
        desk={desk}
        here={here}
        onIn={onIn}
        startsWithCode={signingIn === 'code'}
        {...(signingIn !== 'needed' && { onBack })}
      />
    </main>
  )
}

type RoomsProps = Entered & Readonly<{ here: StaffHereView; isShut: boolean; ask: (signingIn: SigningIn) => void }>

function Rooms({ client, self, scheme, here, isShut, ask }: RoomsProps): JSX.Element | null {
  const text = useWords(words)
  const goodsText = useWords(goodsWords)
  const menuText = useWords(menuWords)
  const pointText = useWords(pointWords)
  const receiptText = useWords(receiptWords)
  const webShopText = useWords(webShopWords)
  const [part, setPart] = useState<Part>('sales')
  const [open, setOpen] = useState<string | null>(null)
  const books = useBooks(client, isShut)
  const [unit, setUnit] = useState<string>(scheme.unit)
  useEffect(() => {
    document.title = `${text.office} · ${'name' in self ? self.name : ''}`
  }, [text, self])
  useEffect(() => {
    if (books.closed?.code === 'cashier-needed') ask('needed')
  }, [books.closed])
  if (self.kind !== 'terminal') return null
  const shop = { client, here, closed: () => ask('needed') }
  const mayManageStaff = here.cashier !== null && mayDo(here.cashier.role, 'staff')
  const mayKeepBooks = here.cashier === null ? !here.needed : mayDo(here.cashier.role, 'books')
  const isOwner = here.cashier === null ? !here.needed : here.cashier.role === 'owner'
  const isBooks = part === 'sales' || part === 'statement'
  return (
    <div class="office">
      <header class="office-head no-print">
        <div>
          <h1>{self.name}</h1>
          <p class="office-account">
            {text.account} {formatAccount(self.account)}
          </p>
        </div>
        <div class="office-corner">
          {here.staff.length === 0 ? null : (
            <Button kind="quiet" icon="person" onPress={() => ask('switch')}>
              <span aria-hidden="true">{here.cashier?.name ?? text.signIn}</span>
              <span class="hidden">{here.cashier === null ? text.signIn : text.signedInAs(here.cashier.name)}</span>
            </Button>
          )}
          <LanguageChoice hideLabel />
        </div>
      </header>
      {scheme.demo ? (
        <div class="no-print">
          <Banner kind="demo">{text.demo}</Banner>
        </div>
      ) : null}
      {books.isOffline ? <Banner kind="offline">{text.offline}</Banner> : null}
      <Money balances={books.balances} unit={unit} onUnit={setUnit} />
      <nav class="office-parts no-print" aria-label={text.parts}>
        <Segmented<Part>
          label={text.parts}
          hideLabel
          value={part}
          onChange={(next) => {
            setOpen(null)
            setPart(next)
          }}
          options={[
            { value: 'sales', label: text.sales },
            { value: 'statement', label: text.statement },
            { value: 'goods', label: goodsText.goods },
            { value: 'menu', label: menuText.menu },
            ...(!here.needed || mayManageStaff ? [{ value: 'staff' as const, label: text.who }] : []),
            ...(mayManageStaff ? [{ value: 'machines' as const, label: text.machines }] : []),
            ...(isOwner ? [{ value: 'web-shop' as const, label: webShopText.webShop }] : []),
            ...(mayKeepBooks ? [{ value: 'signs' as const, label: pointText.signs }] : []),
            ...(mayKeepBooks ? [{ value: 'receipts' as const, label: receiptText.shop }] : []),
          ]}
        />
      </nav>
      <main class={open === null ? 'office-main' : 'office-main office-main-open'}>
        <div class="office-list">
          {isBooks && books.closed !== null ? <NotForYou onSwitch={() => ask('switch')} /> : null}
          {part === 'sales' && books.closed === null ? <Sales books={books} open={open} onOpen={setOpen} /> : null}
          {part === 'statement' && books.closed === null ? (
            <Statement
              client={client}
              unit={unit}
              zone={scheme.zone}
              name={self.name}
              account={formatAccount(self.account)}
              onOpen={setOpen}
              fresh={books.round}
            />
          ) : null}
          {part === 'goods' ? <Goods {...shop} unit={scheme.unit} /> : null}
          {part === 'menu' ? <Menu {...shop} unit={scheme.unit} /> : null}
          {part === 'staff' ? <StaffRoom {...shop} ask={ask} /> : null}
          {part === 'machines' ? <Machines {...shop} /> : null}
          {part === 'web-shop' ? <WebShop client={client} closed={shop.closed} unit={scheme.unit} /> : null}
          {part === 'signs' ? (
            <Points client={client} closed={shop.closed} unit={scheme.unit} shop={self.name} />
          ) : null}
          {part === 'receipts' ? <ShopDetails client={client} closed={shop.closed} /> : null}
        </div>
        {open === null ? null : (
          <Sale
            key={open}
            client={client}
            payment={open}
            onClose={() => setOpen(null)}
            onChange={books.look}
            fresh={books.round}
          />
        )}
      </main>
    </div>
  )
}

function NotForYou({ onSwitch }: Readonly<{ onSwitch: () => void }>): JSX.Element {
  const text = useWords(words)
  return (
    <EmptyState title={text.booksClosed} icon="person">
      <Button onPress={onSwitch}>{text.switchUser}</Button>
    </EmptyState>
  )
}

type StaffRoomProps = Readonly<{ here: StaffHereView; ask: (signingIn: SigningIn) => void }> &
  Parameters<typeof Staff>[0]

/** A shop begins without staff; the first owner comes with a code of the operator. */
function StaffRoom({ ask, ...shop }: StaffRoomProps): JSX.Element {
  const text = useWords(words)
  if (shop.here.cashier !== null) return <Staff {...shop} />
  return (
    <EmptyState title={text.noStaff} icon="person">
      <p>{text.noStaffText}</p>
      <Button onPress={() => ask('code')}>{text.haveCode}</Button>
    </EmptyState>
  )
}

function App(): JSX.Element {
  const text = useWords(words)
  return (
    <Entrance storage="warifu-office" demo="office" kind="terminal" title={text.office}>
      {(entered) => <Office {...entered} />}
    </Entrance>
  )
}

const nameTab = (locale: Locale): void => {
  document.title = words[locale].office
}

keepPageInStep()
nameTab(currentLocale())
onLocale(nameTab)
const root = document.querySelector('#app')
if (root) render(<App />, root)
