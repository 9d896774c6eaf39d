// The frame of the register: who we are, the bill at the left, the deal at the right, the keys at the bottom.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import { whoMayMore } from '#apps/shared/signing-in.ts'
import { staffWords } from '#apps/shared/staff-words.ts'
import type { Problem } from '#protocol/problems.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Sheet } from '#ui/kit.tsx'
import { Settings } from '#ui/settings.tsx'
import { actionsOf, canSellOffline, KEYS, WHILE_BUSY, type Action } from '../actions.ts'
import { perform, useRegister, useTill } from '../context.tsx'
import { atCounter } from '../counter.ts'
import { hasStaff, isKeying, screenOf, type RegisterState, type Screen } from '../state.ts'
import { codeWords } from '../words-code.ts'
import { handBackWords } from '../words-hand-back.ts'
import { words } from '../words.ts'
import { AskScreen, Proven, QuestionPaper } from './ask.tsx'
import { BillPanel } from './bill.tsx'
import { CodeScreen } from './code.tsx'
import { Ended, Paid } from './done.tsx'
import { History } from './history.tsx'
import { DealSheets } from './confirm.tsx'
import { KeyingPad } from './keying.tsx'
import { KitchenScreen } from './kitchen.tsx'
import { MoreWays, WayPanel } from './more-ways.tsx'
import { CardMachineSetting } from './card-setting.tsx'
import { Printer } from './printer.tsx'
import { Record } from './record.tsx'
import { GoodsSheets } from './sheets.tsx'
import { Banners, SignInScreen, TillName, WhoIsHere } from './staff.tsx'
import { Authorising, Expired, Joined, Open } from './waiting.tsx'

export function TillScreen(): JSX.Element {
  const state = useRegister()
  const screen = screenOf(state)
  if (screen === 'starting') return <Starting />
  if (screen === 'code') return <CodeScreen />
  if (screen === 'sign-in') return <SignInScreen state={state} />
  return (
    <div class={`till till-${screen}${state.isEditing ? ' till-editing' : ''}`}>
      <Banners state={state} />
      <TillHead state={state} />
      <main class="till-main">
        <Panels screen={screen} state={state} />
      </main>
      <KeyBar state={state} />
      <DealSheets />
      <GoodsSheets />
      <SettingsSheet />
    </div>
  )
}

function Panels({ screen, state }: { readonly screen: Screen; readonly state: RegisterState }): JSX.Element {
  if (screen === 'history') return <History />
  if (screen === 'record' && state.record) return <Record deal={state.record} />
  if (screen === 'ask') return <AskScreen />
  if (screen === 'kitchen') return <KitchenScreen />
  const question = state.deal?.question ?? state.opening?.question ?? null
  return (
    <>
      {question === null ? (
        <BillPanel withKeys={screen !== 'keying' && isKeying(state)} />
      ) : (
        <QuestionPaper question={question} />
      )}
      <section class="deal">
        <DealPanel screen={screen} state={state} />
        <Trouble state={state} />
      </section>
    </>
  )
}

function DealPanel({ screen, state }: { readonly screen: Screen; readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  const codeText = useWords(codeWords)
  const offlineText = useWords(handBackWords)
  const { deal } = state
  if (screen === 'way') return <WayPanel />
  if (deal !== null) {
    if (screen === 'open') return <Open deal={deal} />
    if (screen === 'expired') return <Expired />
    if (screen === 'joined') return <Joined deal={deal} />
    if (screen === 'authorising') return <Authorising deal={deal} />
    if (screen === 'paid') return <Paid deal={deal} />
    if (screen === 'proven') return <Proven deal={deal} />
    if (screen === 'ended') return <Ended deal={deal} />
  }
  if (screen === 'opening') {
    return (
      <>
        <Heading>{state.opening?.code === undefined ? text.busyOpen : codeText.asking}</Heading>
        <span class="opening-turn" aria-hidden="true" />
        {canSellOffline(state) ? (
          <>
            <p class="deal-text">{offlineText.sellOfflineText}</p>
            <ActionButton action="sell-offline" wide />
          </>
        ) : null}
      </>
    )
  }
  return (
    <>
      <Heading>{text.titleKeying}</Heading>
      <KeyingPad />
      <MoreWays />
    </>
  )
}

/** The heading of what is happening now; the focus moves here when it changes, so that it is read out. */
export function Heading({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [children])
  return (
    <h1 class="deal-title" tabIndex={-1} ref={heading}>
      {children}
    </h1>
  )
}

type TroubleProps = {
  readonly state: Pick<RegisterState, 'problem'>
  /** Leave out whether money moved where none could have: setting up. */
  readonly isAboutMoney?: boolean
}

/** A refusal: what happened, whether money moved, what to do. */
export function Trouble({ state, isAboutMoney = true }: TroubleProps): JSX.Element | null {
  const locale = useLocale()
  if (state.problem === null) return null
  const { sentence, moneySentence, next } = problemText(state.problem, locale, 'biller')
  return (
    <Banner kind="trouble">
      {sentence} {isAboutMoney ? moneySentence : ''} {next} <WhoCan problem={state.problem} />
    </Banner>
  )
}

/** Where one's own role is not enough: who of the shop may do it. */
export function WhoCan({ problem }: { readonly problem: Problem }): JSX.Element | null {
  const text = useWords(staffWords)
  const locale = useLocale()
  const { staff } = useRegister()
  const others = problem.code === 'not-permitted' ? whoMayMore(staff?.staff ?? []) : []
  if (others.length === 0) return null
  return <>{text.whoCan(new Intl.ListFormat(locale).format(others.map(({ name }) => name)))}</>
}

function TillHead({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  const { store } = useTill()
  return (
    <header class="till-head">
      <TillName state={state} />
      <div class="till-corner">
        {hasStaff(state) ? <WhoIsHere state={state} /> : null}
        <Button
          kind="quiet"
          icon="settings"
          iconOnly
          onPress={() => store.update((now) => ({ ...now, sheet: 'settings' }))}
        >
          {text.settings}
        </Button>
      </div>
    </header>
  )
}

/** The keys that do something now. What Enter does stands where it belongs, in the panel. */
function KeyBar({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  const actions = actionsOf(state).filter((action) => KEYS[action] !== 'Enter' && !isInThePanel(action, state))
  return (
    <footer
      class="key-bar"
      // A key pressed by hand must not take the focus, or Enter would press it again.
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
    >
      <ul role="list" aria-label={text.keyBar}>
        {actions.map((action) => (
          <li class={KEYS[action] === 'Esc' ? 'key-escape' : ''} key={action}>
            <ActionButton action={action} kind="quiet" />
          </li>
        ))}
      </ul>
    </footer>
  )
}

const IN_THE_PANEL: ReadonlySet<Action> = new Set([
  'sell-offline',
  'search',
  'camera',
  'tip',
  'release',
  'permit',
  'forbid',
  'known',
  'challenge',
  'again',
  'refund',
  'deliver',
])

/** While the panel asks about the picture or waits for the password it has no room for another thing to press. */
function isInThePanel(action: Action, { deal, known }: RegisterState): boolean {
  if (action !== 'release' || deal === null || deal.question !== null) return IN_THE_PANEL.has(action)
  const { kind } = atCounter(deal, known)
  return kind === 'known' || kind === 'passed'
}

type ActionButtonProps = Readonly<{ action: Action; kind?: 'seal' | 'plain' | 'quiet' | 'danger'; wide?: boolean }>

/** The button of an action, with its key. */
export function ActionButton({ action, kind = 'plain', wide = false }: ActionButtonProps): JSX.Element {
  const text = useWords(words)
  const till = useTill()
  const state = useRegister()
  return (
    <Button
      kind={kind}
      wide={wide}
      shortcut={KEYS[action]}
      busy={state.busy !== null && BUSY_OF[action] === state.busy}
      disabled={state.busy !== null && BUSY_OF[action] !== state.busy && !WHILE_BUSY.has(action)}
      onPress={() => perform(till, action)}
    >
      {text[labelOf(action, state)]}
    </Button>
  )
}

type Label = (typeof LABELS)[Action] | 'actAmount' | 'actNotSure' | 'actAskAgain'

function labelOf(action: Action, { keys, deal, known }: RegisterState): Label {
  if (action === 'goods' && keys === 'goods') return 'actAmount'
  if (action === 'again' && deal?.question) return 'actAskAgain'
  if (action === 'challenge' && deal !== null && atCounter(deal, known).kind === 'compare') return 'actNotSure'
  return LABELS[action]
}

const BUSY_OF: Partial<Record<Action, RegisterState['busy']>> = {
  'send-bill': 'bill',
  'change-bill': 'bill',
  renew: 'renew',
  cancel: 'cancel',
  release: 'release',
  permit: 'permit',
  forbid: 'permit',
  challenge: 'challenge',
}

const LABELS = {
  'show-number': 'actShowNumber',
  'hand-back': 'actHandBack',
  'sell-offline': 'actSellOffline',
  'send-bill': 'actSendBill',
  next: 'actNext',
  renew: 'actRenew',
  'add-line': 'actAddLine',
  goods: 'actGoods',
  search: 'findGoods',
  camera: 'camera',
  tip: 'tip',
  'amount-later': 'actAmountLater',
  again: 'actAgain',
  'change-bill': 'actChangeBill',
  release: 'actRelease',
  permit: 'actPermit',
  forbid: 'actForbid',
  known: 'actKnown',
  challenge: 'actChallenge',
  ask: 'actAsk',
  'ask-now': 'actAskNow',
  'switch-user': 'actSwitchUser',
  history: 'actHistory',
  kitchen: 'actKitchen',
  refund: 'actRefund',
  deliver: 'actDeliver',
  cancel: 'actCancel',
  clear: 'actClear',
  'stop-editing': 'actStopEditing',
  back: 'actBack',
} as const satisfies { readonly [Each in Action]: string }

function Starting(): JSX.Element {
  const text = useWords(words)
  const { connection } = useRegister()
  return (
    <main class="screen starting">
      {connection === 'offline' ? <Banner kind="offline">{text.offline}</Banner> : null}
      <h1>{text.starting}</h1>
      <p>{text.startingText}</p>
    </main>
  )
}

function SettingsSheet(): JSX.Element {
  const text = useWords(words)
  const { store } = useTill()
  const { sheet } = useRegister()
  return (
    <Sheet
      open={sheet === 'settings'}
      title={text.settings}
      onClose={() => store.update((now) => ({ ...now, sheet: null }))}
    >
      <Settings />
      <Printer />
      {sheet === 'settings' ? <CardMachineSetting /> : null}
    </Sheet>
  )
}
