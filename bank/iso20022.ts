// What a collector and its bank say to each other in ISO 20022: pain.008 (collect this), pain.002 (what became of it), camt.054 (what was
// booked). Only the parts that we write ourselves are read; what else a bank puts in is left alone.
import { decimalOf, exponentOf, MAX_AMOUNT, unitOf, type Unit } from '#core/money.ts'
import {
  attributeOf,
  children,
  elementAt,
  readXml,
  textAt,
  textOf,
  xml,
  type Element,
  type Fault,
  type Made,
} from './xml.ts'

export type { Fault } from './xml.ts'

/** `account`, `bank`: as the country writes them, at most 34 and 35 signs */
export type Holder = Readonly<{ name: string; account: string; bank: string }>

export type Debit = Readonly<{
  /** ours, end to end: at most 35 signs */
  id: string
  /** in the smallest part of the collection's unit */
  amount: bigint
  payer: Holder
  /** `signedOn`: YYYY-MM-DD */
  mandate: Readonly<{ id: string; signedOn: string }>
}>

/** `message` is at most 35 signs and never used twice; `createdAt`: 2026-11-21T09:00:00Z; `day`: YYYY-MM-DD */
export type Collection = Readonly<{
  message: string
  createdAt: string
  day: string
  unit: Unit
  collector: Holder
  debits: readonly Debit[]
}>

/** settled · refused (with the bank's reason, such as AM04 for too little money) · pending: not decided yet */
export type Fate = Readonly<
  | {
      id: string
      status: 'settled' | 'pending'
      /** what was booked, where the bank says so */
      booked?: Readonly<{ unit: Unit; amount: bigint }>
    }
  | { id: string; status: 'refused'; reason: string }
>

export type StatusReport = Readonly<{
  message: string
  createdAt: string
  original: string
  /** the kind of message that it answers; a collection where it is left out */
  about?: 'pain.001.001.09' | 'pain.007.001.09' | 'pain.008.001.08'
  fates: readonly Fate[]
}>

export type Entry = Readonly<{
  /** the bank's, for this booking */
  reference: string
  /** the debit's */
  id: string
  unit: Unit
  amount: bigint
  isCredit: boolean
  /** takes an earlier booking back */
  isReversal: boolean
  day: string
}>

export type Notice = Readonly<{ message: string; createdAt: string; account: string; entries: readonly Entry[] }>

export type Read<Message> = Readonly<{ ok: true; message: Message } | { ok: false; faults: readonly Fault[] }>

export const ID = /^(?=\S)[^\p{C}]{0,34}\S$/u
const NAME = /^(?=\S)[^\p{C}]{0,139}\S$/u
const ACCOUNT = /^[0-9A-Za-z][0-9A-Za-z-]{0,33}$/u
export const DAY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/u
const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})?$/u
export const COUNT = /^\d{1,15}$/u
export const DECIMAL = /^\d{1,18}(?:\.\d{1,17})?$/u
const REASON = /^[A-Z]{2}\d{2}$/u
const STATUSES = { settled: 'ACSC', pending: 'PDNG', refused: 'RJCT' } as const

// ---- pain.008

const COLLECTION = 'urn:iso:std:iso:20022:tech:xsd:pain.008.001.08'

/** Throws when a part does not fit: what comes from outside is checked before. */
export function writeCollection({ message, createdAt, day, unit, collector, debits }: Collection): Uint8Array {
  const sum = decimalOf({ unit, amount: total(debits) })
  const count = String(debits.length)
  return checked(
    readCollection,
    xml`<Document xmlns="${COLLECTION}"><CstmrDrctDbtInitn>
      <GrpHdr><MsgId>${message}</MsgId><CreDtTm>${createdAt}</CreDtTm><NbOfTxs>${count}</NbOfTxs><CtrlSum>${sum}</CtrlSum>
        <InitgPty><Nm>${collector.name}</Nm></InitgPty></GrpHdr>
      <PmtInf><PmtInfId>${message}</PmtInfId><PmtMtd>DD</PmtMtd><NbOfTxs>${count}</NbOfTxs><CtrlSum>${sum}</CtrlSum>
        <ReqdColltnDt>${day}</ReqdColltnDt>${party('Cdtr', collector)}${debits.map((debit) => debitXml(debit, unit))}</PmtInf>
      </CstmrDrctDbtInitn></Document>`,
  )
}

const debitXml = ({ id, amount, payer, mandate }: Debit, unit: Unit): Made =>
  xml`<DrctDbtTxInf><PmtId><EndToEndId>${id}</EndToEndId></PmtId>${money(unit, amount, 'InstdAmt')}
    <DrctDbtTx><MndtRltdInf><MndtId>${mandate.id}</MndtId><DtOfSgntr>${mandate.signedOn}</DtOfSgntr></MndtRltdInf></DrctDbtTx>
    ${agent('Dbtr', payer)}${owner('Dbtr', payer)}${accountXml('Dbtr', payer)}</DrctDbtTxInf>`

export const readCollection = (bytes: Uint8Array): Read<Collection> =>
  readMessage(bytes, COLLECTION, 'CstmrDrctDbtInitn', (root, at, faults) => {
    const payments = elementAt(root, 'PmtInf', at, faults) ?? ''
    const inside = `${at}/PmtInf`
    const found = children(payments, 'DrctDbtTxInf')
    if (found.length === 0) faults.push({ what: 'missing', at: `${inside}/DrctDbtTxInf` })
    const read = found.map((each, index) => debitFrom(each, `${inside}/DrctDbtTxInf[${index + 1}]`, faults))
    const units = new Set(read.map(({ unit }) => unit))
    const [unit] = units
    if (units.size > 1) faults.push({ what: 'field', at: `${inside}/DrctDbtTxInf/InstdAmt/@Ccy` })
    const debits = read.map(({ debit }) => debit)
    textAt(payments, 'PmtMtd', inside, faults, /^DD$/u)
    const collection = {
      ...headOf(root, at, faults),
      day: textAt(payments, 'ReqdColltnDt', inside, faults, DAY),
      collector: holderFrom(payments, 'Cdtr', inside, faults),
      debits,
    }
    if (unit === undefined) return undefined
    for (const [of, place] of [
      [elementAt(root, 'GrpHdr', at, faults) ?? '', `${at}/GrpHdr`],
      [payments, inside],
    ] as const) {
      if (Number(textAt(of, 'NbOfTxs', place, faults, COUNT)) !== debits.length)
        faults.push({ what: 'count', at: place })
      if (amountFrom(textAt(of, 'CtrlSum', place, faults, DECIMAL), unit) !== total(debits))
        faults.push({ what: 'sum', at: place })
    }
    return { ...collection, unit }
  })

function debitFrom(of: Element, at: string, faults: Fault[]): { unit: Unit | undefined; debit: Debit } {
  const { unit, amount } = moneyAt(of, 'InstdAmt', at, faults)
  const mandate = 'DrctDbtTx/MndtRltdInf'
  const debit = {
    id: textAt(of, 'PmtId/EndToEndId', at, faults, ID),
    amount,
    payer: holderFrom(of, 'Dbtr', at, faults),
    mandate: {
      id: textAt(of, `${mandate}/MndtId`, at, faults, ID),
      signedOn: textAt(of, `${mandate}/DtOfSgntr`, at, faults, DAY),
    },
  }
  return { unit, debit }
}

export const total = (debits: readonly Readonly<{ amount: bigint }>[]): bigint =>
  debits.reduce((sum, { amount }) => sum + amount, 0n)

// ---- pain.002

const STATUS = 'urn:iso:std:iso:20022:tech:xsd:pain.002.001.10'

/** Throws when a part does not fit. */
export function writeStatus({ message, createdAt, original, about, fates }: StatusReport): Uint8Array {
  const rows = fates.map(
    (fate) =>
      xml`<TxInfAndSts><OrgnlEndToEndId>${fate.id}</OrgnlEndToEndId><TxSts>${STATUSES[fate.status]}</TxSts>
        ${fate.status === 'refused' ? xml`<StsRsnInf><Rsn><Cd>${fate.reason}</Cd></Rsn></StsRsnInf>` : bookedXml(fate)}</TxInfAndSts>`,
  )
  return checked(
    readStatus,
    xml`<Document xmlns="${STATUS}"><CstmrPmtStsRpt><GrpHdr><MsgId>${message}</MsgId><CreDtTm>${createdAt}</CreDtTm></GrpHdr>
      <OrgnlGrpInfAndSts><OrgnlMsgId>${original}</OrgnlMsgId><OrgnlMsgNmId>${about ?? 'pain.008.001.08'}</OrgnlMsgNmId></OrgnlGrpInfAndSts>
      <OrgnlPmtInfAndSts><OrgnlPmtInfId>${original}</OrgnlPmtInfId>${rows}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`,
  )
}

const bookedXml = ({ booked }: Extract<Fate, { booked?: unknown }>): Made | readonly Made[] =>
  booked === undefined ? [] : xml`<OrgnlTxRef><Amt>${money(booked.unit, booked.amount, 'InstdAmt')}</Amt></OrgnlTxRef>`

export const readStatus = (bytes: Uint8Array): Read<StatusReport> =>
  readMessage(bytes, STATUS, 'CstmrPmtStsRpt', (root, at, faults) => {
    const original = textAt(root, 'OrgnlGrpInfAndSts/OrgnlMsgId', at, faults, ID)
    const payments = elementAt(root, 'OrgnlPmtInfAndSts', at, faults) ?? ''
    const fates = children(payments, 'TxInfAndSts').map((each, index): Fate => {
      const place = `${at}/OrgnlPmtInfAndSts/TxInfAndSts[${index + 1}]`
      const id = textAt(each, 'OrgnlEndToEndId', place, faults, ID)
      const said = textAt(each, 'TxSts', place, faults, /^(?:ACSC|PDNG|RJCT)$/u)
      if (said === STATUSES.refused) {
        const reason = textAt(each, 'StsRsnInf/Rsn/Cd', place, faults, REASON)
        return { id, status: 'refused', reason }
      }
      const status = said === STATUSES.settled ? 'settled' : 'pending'
      if (children(each, 'OrgnlTxRef').length === 0) return { id, status }
      const reference = elementAt(each, 'OrgnlTxRef/Amt', place, faults)
      const { unit, amount } = moneyAt(reference ?? '', 'InstdAmt', `${place}/OrgnlTxRef/Amt`, faults)
      return unit === undefined ? { id, status } : { id, status, booked: { unit, amount } }
    })
    if (fates.length === 0) faults.push({ what: 'missing', at: `${at}/OrgnlPmtInfAndSts/TxInfAndSts` })
    return { ...headOf(root, at, faults), original, fates }
  })

// ---- camt.054

const NOTICE = 'urn:iso:std:iso:20022:tech:xsd:camt.054.001.08'

/** Throws when a part does not fit. */
export function writeNotice({ message, createdAt, account, entries }: Notice): Uint8Array {
  const rows = entries.map(
    ({ reference, id, unit, amount, isCredit, isReversal, day }) =>
      xml`<Ntry><NtryRef>${reference}</NtryRef>${money(unit, amount, 'Amt')}<CdtDbtInd>${isCredit ? 'CRDT' : 'DBIT'}</CdtDbtInd>
        <RvslInd>${String(isReversal)}</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt>
        <BkTxCd><Prtry><Cd>DIRECT-DEBIT</Cd></Prtry></BkTxCd>
        <NtryDtls><TxDtls><Refs><EndToEndId>${id}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>`,
  )
  return checked(
    readNotice,
    xml`<Document xmlns="${NOTICE}"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>${message}</MsgId><CreDtTm>${createdAt}</CreDtTm></GrpHdr>
      <Ntfctn><Id>${message}</Id><Acct><Id><Othr><Id>${account}</Id></Othr></Id></Acct>${rows}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`,
  )
}

export const readNotice = (bytes: Uint8Array): Read<Notice> =>
  readMessage(bytes, NOTICE, 'BkToCstmrDbtCdtNtfctn', (root, at, faults) => {
    const notice = elementAt(root, 'Ntfctn', at, faults) ?? ''
    const inside = `${at}/Ntfctn`
    const entries = children(notice, 'Ntry').flatMap((each, index): Entry[] => {
      const place = `${inside}/Ntry[${index + 1}]`
      const { unit, amount } = moneyAt(each, 'Amt', place, faults)
      // Only what is booked has happened.
      textAt(each, 'Sts/Cd', place, faults, /^BOOK$/u)
      const entry = {
        reference: textAt(each, 'NtryRef', place, faults, ID),
        id: textAt(each, 'NtryDtls/TxDtls/Refs/EndToEndId', place, faults, ID),
        amount,
        isCredit: textAt(each, 'CdtDbtInd', place, faults, /^(?:CRDT|DBIT)$/u) === 'CRDT',
        isReversal:
          children(each, 'RvslInd').length > 0 &&
          textAt(each, 'RvslInd', place, faults, /^(?:true|false)$/u) === 'true',
        day: textAt(each, 'BookgDt/Dt', place, faults, DAY),
      }
      return unit === undefined ? [] : [{ ...entry, unit }]
    })
    const account = textAt(notice, 'Acct/Id/Othr/Id', inside, faults, ACCOUNT)
    return { ...headOf(root, at, faults), account, entries }
  })

// ---- what all three have

/** The message, if nothing in it is wrong. `read` gives undefined where it has named a fault. */
export function readMessage<Message>(
  bytes: Uint8Array,
  namespace: string,
  name: string,
  read: (root: Element, at: string, faults: Fault[]) => Message | undefined,
): Read<Message> {
  const parsed = readXml(bytes)
  if (!parsed.ok) return { ok: false, faults: [parsed.fault] }
  const [document = ''] = children(parsed.root, 'Document')
  const [root] = children(document, name)
  if (attributeOf(document, 'xmlns') !== namespace || root === undefined)
    return { ok: false, faults: [{ what: 'other-message', at: 'Document' }] }
  const faults: Fault[] = []
  const message = read(root, name, faults)
  return faults.length > 0 || message === undefined ? { ok: false, faults } : { ok: true, message }
}

/** What is written must be read as what it says: the shapes stand in one place. */
export function checked(read: (bytes: Uint8Array) => Read<unknown>, { made }: Made): Uint8Array {
  const bytes = new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>${made}`)
  const result = read(bytes)
  if (!result.ok) throw new Error(`it does not fit: ${result.faults.map(({ what, at }) => `${what} ${at}`).join(', ')}`)
  return bytes
}

export const headOf = (root: Element, at: string, faults: Fault[]): { message: string; createdAt: string } => ({
  message: textAt(root, 'GrpHdr/MsgId', at, faults, ID),
  createdAt: textAt(root, 'GrpHdr/CreDtTm', at, faults, TIME),
})

export const owner = (role: 'Cdtr' | 'Dbtr', { name }: Holder): Made =>
  role === 'Cdtr' ? xml`<Cdtr><Nm>${name}</Nm></Cdtr>` : xml`<Dbtr><Nm>${name}</Nm></Dbtr>`
export const accountXml = (role: 'Cdtr' | 'Dbtr', { account }: Holder): Made => {
  const id = xml`<Id><Othr><Id>${account}</Id></Othr></Id>`
  return role === 'Cdtr' ? xml`<CdtrAcct>${id}</CdtrAcct>` : xml`<DbtrAcct>${id}</DbtrAcct>`
}
export const agent = (role: 'Cdtr' | 'Dbtr', { bank }: Holder): Made => {
  const id = xml`<FinInstnId><ClrSysMmbId><MmbId>${bank}</MmbId></ClrSysMmbId></FinInstnId>`
  return role === 'Cdtr' ? xml`<CdtrAgt>${id}</CdtrAgt>` : xml`<DbtrAgt>${id}</DbtrAgt>`
}
const party = (role: 'Cdtr', holder: Holder): Made =>
  xml`${owner(role, holder)}${accountXml(role, holder)}${agent(role, holder)}`

export const holderFrom = (of: Element, role: 'Cdtr' | 'Dbtr', at: string, faults: Fault[]): Holder => ({
  name: textAt(of, `${role}/Nm`, at, faults, NAME),
  account: textAt(of, `${role}Acct/Id/Othr/Id`, at, faults, ACCOUNT),
  bank: textAt(of, `${role}Agt/FinInstnId/ClrSysMmbId/MmbId`, at, faults, ID),
})

export const money = (unit: Unit, amount: bigint, name: 'InstdAmt' | 'RvsdInstdAmt' | 'Amt'): Made => {
  const text = decimalOf({ unit, amount })
  switch (name) {
    case 'Amt':
      return xml`<Amt Ccy="${unit}">${text}</Amt>`
    case 'InstdAmt':
      return xml`<InstdAmt Ccy="${unit}">${text}</InstdAmt>`
    case 'RvsdInstdAmt':
      return xml`<RvsdInstdAmt Ccy="${unit}">${text}</RvsdInstdAmt>`
  }
}

export function moneyAt(
  of: Element,
  name: string,
  at: string,
  faults: Fault[],
): { unit: Unit | undefined; amount: bigint } {
  const element = elementAt(of, name, at, faults)
  if (element === undefined) return { unit: undefined, amount: 0n }
  const unit = unitOf(attributeOf(element, 'Ccy'))
  const amount = unit && amountFrom(textOf(element) ?? '', unit)
  if (amount === undefined || amount < 1n) faults.push({ what: 'field', at: `${at}/${name}` })
  return { unit, amount: amount ?? 0n }
}

/** Undefined where the unit has no such part, or nobody has so much. */
export function amountFrom(text: string, unit: Unit): bigint | undefined {
  if (!DECIMAL.test(text)) return undefined
  const [whole = '', part = ''] = text.split('.')
  const exponent = exponentOf(unit)
  if (part.length > exponent) return undefined
  const amount = BigInt(whole + part.padEnd(exponent, '0'))
  return amount <= MAX_AMOUNT ? amount : undefined
}
