// Which screen is shown for which state, and the notices above all of them.
import type { JSX } from 'preact'
import { Banner, Button, StatusRegion } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import { useStore, type Store } from '#ui/store.ts'
import type { Actions } from './actions.ts'
import type { Shell } from './shell.ts'
import { isOffline, type State } from './state.ts'
import { AddPasskey, ChoosePin, Enrol } from './screens/enrolment.tsx'
import { Ask } from './screens/ask.tsx'
import { Asking } from './screens/asking.tsx'
import { BankAdd, Banks } from './screens/bank.tsx'
import { Begin } from './screens/begin.tsx'
import { CardAdd } from './screens/card-add.tsx'
import { CardHistory } from './screens/card-history.tsx'
import { CardSettings, Cards } from './screens/cards.tsx'
import { CardId } from './screens/card-id.tsx'
import { ChangeEmail } from './screens/email.tsx'
import { ChangePin } from './screens/change-pin.tsx'
import { LetIn } from './screens/let-in.tsx'
import { Notifications } from './screens/notifications.tsx'
import { PhoneCode, Phones } from './screens/phones.tsx'
import { Portrait } from './screens/portrait.tsx'
import { Profile } from './screens/profile.tsx'
import { Recover } from './screens/recover.tsx'
import { Security } from './screens/security.tsx'
import { Shown as ShownList, ShownTo } from './screens/shown.tsx'
import { SignUp } from './screens/sign-up.tsx'
import { Sites } from './screens/sites.tsx'
import { Contacts } from './screens/contacts.tsx'
import { BillShown } from './screens/bill-shown.tsx'
import { History } from './screens/history.tsx'
import { Home } from './screens/home.tsx'
import { MyCode } from './screens/my-code.tsx'
import { TableScreens } from './screens/order-table.tsx'
import { Payment } from './screens/payment.tsx'
import { Point } from './screens/point.tsx'
import { ReceiptOf } from './screens/receipt.tsx'
import { Purchase, PurchaseSigned } from './screens/purchase.tsx'
import { Scan } from './screens/scan.tsx'
import { WalletSettings } from './screens/settings.tsx'
import { Sign, Signed } from './screens/sign.tsx'
import { Starting, Stopped } from './screens/starting.tsx'
import { StatementPage } from './screens/statement.tsx'
import { walletWords } from './words.ts'

export type AppProps = {
  readonly store: Store<State>
  readonly announcement: Store<string>
  readonly act: Actions
  readonly code: string | undefined
  readonly shell: Shell
}

/** What every screen gets. */
export type ScreenOf = { readonly state: State; readonly act: Actions; readonly banners: JSX.Element }

export function App({ store, announcement, act, code, shell }: AppProps): JSX.Element {
  const state = useStore(store)
  const banners = <Notices state={state} shell={shell} />
  return (
    <>
      <Shown state={state} act={act} banners={banners} code={code} />
      <div class="hidden" role="status" aria-live="assertive">
        {useStore(announcement)}
      </div>
      <StatusRegion />
    </>
  )
}

function Shown({ state, act, banners, code }: ScreenOf & { readonly code: string | undefined }): JSX.Element {
  const { place } = state
  const shared = { state, act, banners }
  switch (place.at) {
    case 'starting':
      return <Starting />
    case 'stopped':
      return <Stopped why={place.why} act={act} />
    case 'begin':
      return <Begin {...shared} />
    case 'sign-up':
      return <SignUp {...shared} place={place} />
    case 'recover':
      return <Recover {...shared} place={place} />
    case 'let-in':
      return <LetIn {...shared} place={place} />
    case 'profile':
      return <Profile {...shared} />
    case 'email':
      return <ChangeEmail {...shared} />
    case 'portrait':
      return <Portrait {...shared} place={place} />
    case 'shown':
      return <ShownList {...shared} />
    case 'shown-to':
      return <ShownTo {...shared} place={place} />
    case 'phones':
      return <Phones {...shared} />
    case 'phone-code':
      return <PhoneCode {...shared} place={place} />
    case 'security':
      return <Security {...shared} />
    case 'change-pin':
      return <ChangePin {...shared} />
    case 'sites':
      return <Sites {...shared} />
    case 'banks':
      return <Banks {...shared} />
    case 'bank-add':
      return <BankAdd {...shared} />
    case 'cards':
      return <Cards {...shared} />
    case 'card-add':
      return <CardAdd {...shared} />
    case 'card-history':
      return <CardHistory {...shared} />
    case 'card':
      return <CardSettings key={place.card} {...shared} card={place.card} />
    case 'notifications':
      return <Notifications {...shared} />
    case 'enrol':
      return <Enrol {...shared} place={place} code={code} />
    case 'choose-pin':
      return <ChoosePin {...shared} place={place} />
    case 'add-passkey':
      return <AddPasskey {...shared} place={place} />
    case 'home':
      return <Home {...shared} />
    case 'my-code':
      return <MyCode {...shared} place={place} />
    case 'card-id':
      return <CardId key={place.card.id} {...shared} place={place} />
    case 'point':
      return <Point {...shared} place={place} />
    case 'table':
      return <TableScreens {...shared} place={place} />
    case 'scan':
      return <Scan {...shared} place={place} />
    case 'history':
      return <History {...shared} />
    case 'settings':
      return <WalletSettings {...shared} />
    case 'receipt':
      return <ReceiptOf {...shared} place={place} />
    case 'payment':
      return <Payment {...shared} />
    case 'statement':
      return <StatementPage {...shared} place={place} />
    case 'contacts':
      return <Contacts {...shared} />
    case 'ask':
      return <Ask {...shared} place={place} />
    case 'bill-shown':
      return <BillShown {...shared} place={place} />
    case 'sign':
      return <Sign {...shared} place={place} />
    case 'signed':
      return <Signed {...shared} place={place} />
    case 'purchase':
      return <Purchase key={place.purchase.deal} {...shared} place={place} />
    case 'purchase-signed':
      return <PurchaseSigned key={place.signed.purchase.deal} {...shared} place={place} />
    case 'asking':
      return <Asking {...shared} place={place} />
  }
}

function Notices({ state, shell }: { readonly state: State; readonly shell: Shell }): JSX.Element {
  const words = useWords(walletWords)
  const { scheme, demoPin, place, isUpdateReady } = state
  return (
    <div class="notices">
      {scheme?.demo ? (
        <Banner kind="demo">{demoPin === null ? words.demoBannerNoPin : words.demoBanner(demoPin)}</Banner>
      ) : null}
      {isOffline(state) ? <Banner kind="offline">{words.offline}</Banner> : null}
      {isUpdateReady && place.at === 'home' ? (
        <Banner
          kind="note"
          action={
            <Button kind="quiet" onPress={shell.update}>
              {words.updateNow}
            </Button>
          }
        >
          {words.updateReady}
        </Banner>
      ) : null}
    </div>
  )
}
