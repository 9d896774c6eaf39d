// What screens can ask for. What is asked for is done in paying.ts, people.ts, sign-up.ts, recovery.ts, profile.ts and security.ts.
import type { NewBank } from './bank.ts'
import type { SealedCard } from './cards.ts'
import type { CardOfId } from './card-id.ts'
import type { Askable, Releases } from '#core/persona.ts'
import type { Language } from '#protocol/identity.ts'
import type { CardBody, CardKeysView } from '#protocol/cards.ts'
import type { Problem } from '#protocol/problems.ts'
import type { Prove } from '#sdk/approval.ts'
import type { CardData } from '#sdk/card-envelope.ts'
import type { Client } from '#sdk/client.ts'
import type { Outcome } from '#sdk/outcome.ts'
import type { BillToSign } from '#sdk/hand-back.ts'
import type { PurchaseToSign } from '#sdk/purchase.ts'
import type { Draft, RecoverStep } from './beginning.ts'
import type { TableActions } from './orders.ts'
import type { Wanted } from './means.ts'
import type * as people from './people.ts'
import type { Subscribed } from './push.ts'
import type { SignedHere } from './purchase.ts'
import type { Place } from './state.ts'

/** What screens can ask for. */
export type Actions = Readonly<{
  start(): void
  /** forgets the key and is enrolled again */
  startAnew(): void
  enrol(code: string, label: string): void
  choosePin(pin: string): void
  addPasskey(): void
  skipPasskey(): void
  go(place: Place): void
  type(digits: string): void
  join(): void
  scanned(text: string): void
  /** a sign where nobody stands: looked up, a deal opened there, and joined */
  openPoint(point: string): void
  askAtPoint(amount: string | null): void
  changeAmount(): void
  confirmPoint(): void
  /** what to pay the bill on the screen with */
  chooseMeans(wanted: Wanted): void
  /** reads how this card can be repaid at the shop on the screen */
  lookAtCard(card: string): void
  approve(): void
  answer(): void
  givePin(pin: string): void
  usePasskey(): void
  /** ends the browser's question for the passkey; the PIN is asked for instead */
  usePin(): void
  leaveProof(): void
  decline(): void
  moreTime(): void
  done(): void
  openHistory(): void
  moreHistory(): void
  /** the history of another currency */
  historyOf(unit: string): void
  openReceipt(payment: string, from: 'home' | 'history'): void
  /** a bill that somebody has sent here */
  openWaiting(payment: string): void
  /** the code that a register reads */
  openMyCode(): void
  showCode(): void
  leaveCode(): void
  /** a card's user id, which a register reads; and a new one in its place */
  openCardId(card: CardOfId): void
  renewCardId(card: CardOfId): Promise<Problem | null>
  openAsk(): void
  ask(asked: people.Asked): void
  /** a code that the other phone signs without a network */
  showBill(asked: Omit<people.Asked, 'to'>): void
  signBill(bill: BillToSign, pin: string): void
  /** a purchase that a register has signed: approved with the PIN, or with this phone's own passkey */
  signPurchase(purchase: PurchaseToSign, pin: string): void
  signPurchaseByPasskey(purchase: PurchaseToSign): void
  /** the code of one that was approved before */
  showPurchase(signed: SignedHere): void
  /** with a network of its own the phone hands it in itself */
  submitPurchase(signed: SignedHere): void
  openAsking(deal: string): void
  leaveAsking(): void
  cancelAsked(): void
  openContacts(): void
  openStatement(unit: string): void
  /** a question: one switch, and the answer with what is switched on */
  choose(attribute: Askable, isOn: boolean): void
  confirm(): void
  /** what a question's switches stand on */
  readForShowing(): void
  /** menu, order and what is paid of it */
  table: TableActions
  begin: BeginningActions
  mine: MyActions
  /** For what a screen asks and waits for itself: null when it is done. */
  putContact(account: string, status: 'listed' | 'blocked' | 'removed'): Promise<Problem | null>
  takeBack(payment: string, portion: number): Promise<Problem | null>
  openUnit(unit: string): Promise<Problem | null>
  /** lets the shop of this bill see these too, once */
  showMore(payment: string, attributes: readonly Askable[]): Promise<Problem | null>
  /** for the statement, which reads by itself */
  client: Client
}>

/** Null when it is done, else why not. */
type Done = Promise<Problem | null>

/** How a phone begins. */
export type BeginningActions = Readonly<{
  /** the three ways */
  choose(): void
  signUp(): void
  /** what one step has asked for */
  write(change: Partial<Draft>): void
  sendAgain(): void
  backInSignUp(): void
  /** the operator's or another phone's code */
  useCode(): void
  recover(): void
  mailForRecovery(email: string): void
  /** at the address, signing up or coming back: its mail is there already */
  codeIsThere(email: string): void
  codeForRecovery(code: string): void
  goInRecovery(step: RecoverStep): void
  backInRecovery(): void
  removeLost(device: string): Done
  waitToBeLetIn(pin: string): void
  stopWaiting(): void
}>

/** What a person has set up. */
export type MyActions = Readonly<{
  readProfile(): Done
  setProfile(profile: Readonly<{ displayName: string; language: Language; birthDate: string | null }>): Done
  setPortrait(picture: string | null): Done
  leavePortrait(): void
  setEmail(email: string, code: string | null, prove: Prove | null): Done
  setUserCode(userCode: string | null): Done
  readReleases(): Done
  setReleases(merchant: string | null, releases: Releases | null): Done
  readShops(): Done
  readNotifications(): void
  setNotifications(wish: Readonly<{ isOn: boolean; detail: boolean; locale: Language }>): Promise<Subscribed>
  readDevices(): Done
  revokeDevice(device: string): Done
  refuseDevice(request: string): Done
  addPhone(prove: Prove): Done
  readPasskeys(): Done
  readBanks(): Done
  addBank(account: NewBank, prove: Prove): Done
  removeBank(means: string): Done
  readCards(): Done
  /** `before`: where the shown pages end */
  readPaidByCard(before?: string): Done
  readCardKeys(): Promise<Outcome<CardKeysView>>
  /** encrypts what was typed of a card, for the vault alone */
  sealCard(keys: CardKeysView['keys'], card: CardData): Promise<Outcome<SealedCard>>
  addCard(card: SealedCard, prove: Prove): Done
  changeCard(body: CardBody<'changeCard'>): Done
  removeCard(card: string): Done
  removePasskey(credential: string, prove: Prove): Done
  setApprovesWith(choice: 'any' | 'security-key', prove: Prove): Done
  changePin(pin: string, prove: Prove): Done
  unlock(prove: Prove): Done
  /** a proof that only a security key can give */
  bySecurityKey: Prove
}>
