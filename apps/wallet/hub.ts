// The wallet and its hub: opens the client, watches, and puts into the state what comes. Paying is in paying.ts, setting
// up in enrolment.ts.
import { problemOf, type Problem, type ProblemCode } from '#protocol/problems.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { forgetIdentity } from '#sdk/identity.ts'
import { passkeysPossible } from '#sdk/passkey.ts'
import { indexedDbStorage, type Storage } from '#sdk/storage.ts'
import type { Store } from '#ui/store.ts'
import type { Actions } from './actions.ts'
import { resumed } from './beginning.ts'
import { readPaidByCard } from './card-history.ts'
import { chooseMeans, keepMeansRight, lookAtCard } from './choosing.ts'
import { addPasskey, askForCode, choosePin, enrolInDemo, enrolWith, goOn, offerPortrait } from './enrolment.ts'
import { isPurchaseHash, openedBy, type Opened } from './links.ts'
import { forget, keeper, recall, type Keeper } from './memory.ts'
import * as handBack from './hand-back.ts'
import * as myCode from './my-code.ts'
import { backToTable, tableActions, takeUpTable } from './orders.ts'
import * as paying from './paying.ts'
import * as people from './people.ts'
import * as points from './points.ts'
import { keepWorkerInformed, onTapped } from './push.ts'
import { forgetReached } from './push-memory.ts'
import * as profile from './profile.ts'
import * as purchase from './purchase.ts'
import * as recovery from './recovery.ts'
import { scanned } from './scanned.ts'
import * as bank from './bank.ts'
import * as cards from './cards.ts'
import { keepAttesting, openCardId, renewCardId } from './card-id.ts'
import * as security from './security.ts'
import * as signUp from './sign-up.ts'
import * as when from './state.ts'
import type { DeviceSelf, State } from './state.ts'

export type Opening = Readonly<{
  /** our own origin: the hub's address */
  hub: string
  /** 'own', or the name of one of several phones in this browser */
  device: string
  /** of the link that opened the page */
  token: string | undefined
  /** of a sign's link */
  point: string | undefined
  /** what the part behind the # asks for */
  asked: Opened
  /** the page's own address, where it is the code of a bill to sign or of a signed one */
  handBack: string | undefined
  /** begins the page anew */
  reload(): void
}>

/** What every dealing needs at hand. */
export type Desk = Readonly<{
  opening: Opening
  storage: Storage
  client: Client
  memory: Keeper
  /** the hub's clock, ms */
  now(): number
  state(): State
  update(change: (state: State) => State): void
  /** what this life of the page has in hand itself; all else that has no answer is an earlier life's */
  hands: paying.Hands
}>

/** Opens the wallet of one device; nothing happens before `start`. */
export function openWallet(store: Store<State>, opening: Opening): Actions {
  const storage = indexedDbStorage(opening.device === 'own' ? 'warifu-wallet' : `warifu-wallet-${opening.device}`)
  const client = openClient({ storage, hub: opening.hub })
  const now = (): number => client.hubNow()
  const update = (change: (state: State) => State): void => {
    store.update((state) => change(when.learntTheTime(state, Math.round(now() - Date.now()))))
  }
  let desk: Desk | undefined
  const withDesk =
    <Given extends readonly unknown[]>(deal: (desk: Desk, ...given: Given) => unknown) =>
    (...given: Given): void => {
      if (desk !== undefined) deal(desk, ...given)
    }

  const atDesk =
    <Given extends readonly unknown[]>(deal: (desk: Desk, ...given: Given) => Promise<Problem | null>) =>
    async (...given: Given): Promise<Problem | null> =>
      desk === undefined ? null : deal(desk, ...given)

  async function start(): Promise<void> {
    update((state) => when.went(state, { at: 'starting' }))
    const memory = await recall(storage).catch(() => undefined)
    if (memory === undefined) return update((state) => when.went(state, { at: 'stopped', why: 'no-storage' }))
    desk = {
      opening,
      storage,
      client,
      memory: keeper(storage, memory),
      now,
      state: store.get,
      update,
      hands: paying.emptyHands(),
    }
    if (opening.token !== undefined) await desk.memory.keep({ link: opening.token })
    if (opening.point !== undefined) await desk.memory.keep({ point: opening.point })
    const { pinLength, demoPin, label, isPasskeyHere, inbox, inboxAt, told } = memory
    update((state) => ({ ...state, pinLength, demoPin, label, isPasskeyHere, inbox, inboxAt, told }))
    keepWorkerInformed(store, desk)
    keepMeansRight(store, desk)
    keepAttesting(store, desk)
    onTapped(withDesk(openTapped))
    // The same link again, in a page that is open already.
    window.addEventListener('hashchange', () => {
      const { hash, pathname, search } = location
      history.replaceState(null, '', pathname + search)
      withDesk(openTapped)(hash)
    })
    return wakeUp(desk)
  }

  return {
    start: () => void start(),
    startAnew: () => void startAnew(store.get().self, storage).then(opening.reload),
    enrol: withDesk(enrolWith),
    choosePin: withDesk(choosePin),
    addPasskey: withDesk(addPasskey),
    skipPasskey: withDesk(offerPortrait),
    go: (place) => update((state) => when.went(state, place)),
    type: (digits) => update((state) => when.typed(state, digits)),
    join: withDesk(paying.joinTyped),
    scanned: withDesk(scanned),
    openPoint: withDesk(points.openPoint),
    askAtPoint: withDesk(points.askAtPoint),
    changeAmount: withDesk(points.changeAmount),
    confirmPoint: withDesk(points.confirmPoint),
    chooseMeans: withDesk(chooseMeans),
    lookAtCard: withDesk(lookAtCard),
    approve: withDesk(paying.approveShown),
    answer: withDesk(paying.answerShown),
    givePin: withDesk(paying.provePin),
    usePasskey: withDesk(paying.provePasskey),
    usePin: withDesk(paying.leavePasskey),
    leaveProof: () => update(when.proofLeft),
    decline: withDesk(paying.declineShown),
    moreTime: withDesk(paying.askForTime),
    done: withDesk((at) => {
      const deal = at.state().current?.view?.deal
      paying.closeShown(at)
      backToTable(at, deal)
    }),
    openHistory: withDesk((at) => {
      at.update((state) => when.went(state, { at: 'history' }))
      return readHistory(at)
    }),
    historyOf: withDesk((at, unit: string) => {
      at.update((state) => ({ ...state, history: { entries: [], unit, next: null, status: 'loading' } }))
      return readHistory(at)
    }),
    moreHistory: withDesk((at) => readHistory(at, at.state().history?.next ?? undefined)),
    openReceipt: withDesk(openReceipt),
    openWaiting: withDesk(paying.openWaiting),
    openMyCode: withDesk(myCode.openMyCode),
    showCode: withDesk(myCode.showCode),
    leaveCode: withDesk(myCode.leaveCode),
    openCardId: withDesk(openCardId),
    renewCardId: atDesk(renewCardId),
    openAsk: withDesk(people.openAsk),
    ask: withDesk(people.ask),
    showBill: withDesk(handBack.showBill),
    signBill: withDesk(handBack.sign),
    signPurchase: withDesk(purchase.signWithPin),
    signPurchaseByPasskey: withDesk(purchase.signWithPasskey),
    showPurchase: withDesk(purchase.showSigned),
    submitPurchase: withDesk(purchase.submit),
    openAsking: withDesk((at, deal: string) => people.openAsking(at, deal, null)),
    leaveAsking: withDesk(people.leaveAsking),
    cancelAsked: withDesk(people.cancelAsked),
    openContacts: withDesk((at) => {
      at.update((state) => when.went(state, { at: 'contacts' }))
      return people.readContacts(at)
    }),
    openStatement: (unit) => update((state) => when.went(state, { at: 'statement', unit })),
    choose: (attribute, isOn) => update((state) => when.answerChosen(state, attribute, isOn)),
    confirm: withDesk(paying.confirmShown),
    readForShowing: withDesk(paying.readForShowing),
    table: tableActions(withDesk, () => desk),
    begin: {
      choose: withDesk(signUp.askForWay),
      signUp: withDesk(signUp.beginSignUp),
      write: withDesk(signUp.writeDraft),
      sendAgain: withDesk(signUp.sendAgain),
      backInSignUp: withDesk(signUp.backInSignUp),
      useCode: withDesk(askForCode),
      recover: withDesk(recovery.beginRecovery),
      mailForRecovery: withDesk(recovery.mailForRecovery),
      codeIsThere: withDesk(recovery.codeIsThere),
      codeForRecovery: withDesk(recovery.codeForRecovery),
      goInRecovery: withDesk(recovery.goInRecovery),
      backInRecovery: withDesk(recovery.backInRecovery),
      removeLost: atDesk(recovery.removeLost),
      waitToBeLetIn: withDesk(recovery.waitToBeLetIn),
      stopWaiting: withDesk(recovery.stopWaiting),
    },
    mine: {
      readProfile: atDesk(profile.readProfile),
      setProfile: atDesk(profile.setProfile),
      setPortrait: atDesk(profile.setPortrait),
      leavePortrait: withDesk(profile.leavePortrait),
      setEmail: atDesk(profile.setEmail),
      setUserCode: atDesk(profile.setUserCode),
      readReleases: atDesk(profile.readReleases),
      setReleases: atDesk(profile.setReleases),
      readShops: atDesk(profile.readShops),
      readNotifications: withDesk(profile.readNotifications),
      setNotifications: async (wish) =>
        desk === undefined ? { ok: false, why: 'impossible' } : profile.setNotifications(desk, wish),
      readDevices: atDesk(security.readDevices),
      revokeDevice: atDesk(security.revokeDevice),
      refuseDevice: atDesk(security.refuseDevice),
      addPhone: atDesk(security.addPhone),
      readPasskeys: atDesk(security.readPasskeys),
      readBanks: atDesk(bank.readBanks),
      addBank: atDesk(bank.addBank),
      removeBank: atDesk(bank.removeBank),
      readCards: atDesk(cards.readCards),
      readPaidByCard: atDesk(readPaidByCard),
      readCardKeys: async () => (desk === undefined ? NO_DESK : cards.readCardKeys(desk)),
      sealCard: async (keys, card) => (desk === undefined ? NO_DESK : cards.sealed(desk, keys, card)),
      addCard: atDesk(cards.addCard),
      changeCard: atDesk(cards.changeCard),
      removeCard: atDesk(cards.removeCard),
      removePasskey: atDesk(security.removePasskey),
      setApprovesWith: atDesk(security.setApprovesWith),
      changePin: atDesk(security.changePin),
      unlock: atDesk(security.unlock),
      bySecurityKey: async (approval, identity) =>
        desk === undefined ? NO_DESK : security.bySecurityKey(desk)(approval, identity),
    },
    putContact: atDesk(people.putContact),
    takeBack: atDesk(people.takeBack),
    openUnit: atDesk(people.openUnit),
    showMore: atDesk(paying.showMore),
    client,
  }
}

/** Asked before the wallet was started. */
const NO_DESK = { ok: false, problem: problemOf('session-needed') } as const

/** Forgets all that this phone knew of itself, and that the worker does of it: nothing pushed to its old name counts any more. */
async function startAnew(self: DeviceSelf | null, storage: Storage): Promise<void> {
  await Promise.all([forgetIdentity(storage), forget(storage), self && forgetReached(self.id)])
}

/** An enrolled phone goes on where it was; a new one is set up. */
async function wakeUp(desk: Desk): Promise<void> {
  const { client, update, opening } = desk
  const known = await client.identity()
  if (known?.self.kind === 'device') {
    const { self, scheme } = known
    update((state) => ({ ...state, self, scheme, passkeys: passkeysPossible(scheme) }))
    void refresh(desk)
    return goOn(desk, self)
  }
  const scheme = await client.scheme()
  if (!scheme.ok) return update((state) => when.went(state, { at: 'stopped', why: 'no-answer' }))
  update((state) => ({ ...state, scheme: scheme.view, passkeys: passkeysPossible(scheme.view) }))
  if (opening.asked.code !== undefined) return askForCode(desk)
  if (await recovery.goOnWaiting(desk)) return undefined
  const { begun } = desk.memory.get()
  if (begun !== null) return signUp.showBeginning(desk, resumed(begun))
  return scheme.view.demo && opening.asked.place !== 'begin' ? enrolInDemo(desk) : signUp.askForWay(desk)
}

/** What was stored at enrolment may have changed since: the scheme's rules, a PIN or passkey from another phone. */
async function refresh({ client, update }: Desk): Promise<void> {
  const [scheme, self] = await Promise.all([client.scheme(), client.self()])
  if (scheme.ok) update((state) => ({ ...state, scheme: scheme.view, passkeys: passkeysPossible(scheme.view) }))
  if (self.ok) return learnSelf(update, self.view)
  const why = WHY_STOPPED[self.problem.code]
  if (why !== undefined) update((state) => when.went(state, { at: 'stopped', why }))
}

/** The hub does not know this phone (any more): somebody has removed it, or the hub was set up anew. */
const WHY_STOPPED: Partial<Record<ProblemCode, 'removed' | 'unknown-here'>> = {
  'device-revoked': 'removed',
  'signature-invalid': 'unknown-here',
  'not-found': 'unknown-here',
}

export function learnSelf(update: Desk['update'], self: Readonly<{ kind: string }> | DeviceSelf): void {
  if (self.kind === 'device' && 'secret' in self) update((state) => ({ ...state, self }))
}

/** The phone is set up: it watches, finishes what an earlier life left, and shows the payment it was in or its home. */
export function openHome(desk: Desk): void {
  const { memory, update } = desk
  const { current, joining, link, point } = memory.get()
  update((state) => ({ ...when.went(state, { at: 'home' }), joining }))
  if (current !== null) paying.openStored(desk, current)
  watchInbox(desk)
  if (link !== null) void paying.joinLink(desk, link)
  if (point !== null) {
    // Looked at once: a reload starts at home.
    void memory.keep({ point: null })
    void points.openPoint(desk, point)
  }
  const { payment, place } = desk.opening.asked
  if (payment !== undefined) void paying.openLinked(desk, payment)
  if (place === 'phones') update((state) => when.went(state, { at: 'phones' }))
  void purchase.readPurchases(desk)
  void takeUpTable(desk)
  if (desk.opening.handBack !== undefined) {
    scanned(desk, desk.opening.handBack)
    void people.readContacts(desk)
  }
}

/** Of a notification, or the address: the payment takes the screen, or the phones do. */
function openTapped(desk: Desk, hash: string): void {
  if (desk.state().self === null) return
  if (isPurchaseHash(hash)) return scanned(desk, `${desk.opening.hub}/wallet${hash}`)
  const { payment, place } = openedBy(hash)
  if (payment !== undefined) void paying.openLinked(desk, payment)
  if (place === 'phones') desk.update((state) => when.went(state, { at: 'phones' }))
}

function watchInbox(desk: Desk): void {
  const { client, memory, now, update, state } = desk
  client.watch(
    { topic: 'inbox' },
    (inbox) => {
      update((before) => when.inboxArrived(before, inbox, now()))
      void memory.keep({ inbox, inboxAt: now(), clockOffsetMs: Math.round(now() - Date.now()) })
      void purchase.lookAtPurchases(desk)
      paying.followShown(desk)
      if (state().place.at === 'history') void readHistory(desk)
    },
    (status) => {
      const wasLive = status !== 'live' && state().connection === 'live'
      update((before) => when.connected(before, status))
      // Commands that a broken session or an earlier life has left without an answer.
      if (status === 'live') void paying.finishLeft(desk)
      // A wallet may have slept for days: meanwhile another phone may have asked to be let in.
      if (status === 'live') void security.lookAround(desk)
      // Perhaps it is not the network: the hub cuts off a phone that was removed.
      if (status === 'offline' || wasLive) void refresh(desk)
    },
  )
}

/** Of the currency that was looked at last; at first the scheme's own, or the one that there is. */
async function readHistory({ client, state, update }: Desk, before?: string): Promise<void> {
  const { history, inbox, scheme } = state()
  const units = inbox?.balances.map((balance) => balance.unit) ?? []
  const unit = history?.unit ?? units.find((each) => each === scheme?.unit) ?? units[0] ?? scheme?.unit ?? ''
  update((known) => when.historyStatus(known, 'loading', unit))
  const page = await client.history({ unit, ...(before !== undefined && { before }) })
  update((now) => {
    // Another currency is looked at by now.
    if (now.history?.unit !== unit) return now
    return page.ok ? when.historyArrived(now, page.view, before !== undefined) : when.historyStatus(now, 'failed', unit)
  })
}

async function openReceipt({ client, update }: Desk, payment: string, from: 'home' | 'history'): Promise<void> {
  update((state) => {
    const view = state.inbox?.payments.find((open) => open.payment === payment) ?? null
    return when.went(state, { at: 'receipt', payment, view, problem: null, from })
  })
  const answer = await client.payment(payment)
  update((state) => {
    if (answer.ok) return when.paymentArrived(state, answer.view)
    const { place } = state
    return place.at === 'receipt' && place.payment === payment
      ? when.went(state, { ...place, problem: answer.problem })
      : state
  })
}
