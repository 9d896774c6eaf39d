// The two messages by which a collector gives money back in ISO 20022: pain.007 (take this debit back, all of it) and pain.001 (pay this to
// somebody). What became of them is told in a pain.002 like that of a collection.
import { decimalOf, type Unit } from '#core/money.ts'
import {
  accountXml,
  agent,
  amountFrom,
  checked,
  COUNT,
  DAY,
  DECIMAL,
  headOf,
  holderFrom,
  ID,
  money,
  moneyAt,
  owner,
  readMessage,
  type Holder,
  type Read,
} from './iso20022.ts'
import { children, elementAt, textAt, xml, type Fault } from './xml.ts'

/** One debit taken back. `original`: its end-to-end id */
export type Reversal = Readonly<{
  message: string
  createdAt: string
  original: string
  unit: Unit
  amount: bigint
}>

/** One payment from the collector's account. `id`: ours, end to end */
export type Transfer = Readonly<{
  message: string
  createdAt: string
  day: string
  id: string
  unit: Unit
  amount: bigint
  payer: Holder
  payee: Holder
}>

// ---- pain.007

const REVERSAL = 'urn:iso:std:iso:20022:tech:xsd:pain.007.001.09'

/** Throws when a part does not fit. */
export const writeReversal = ({ message, createdAt, original, unit, amount }: Reversal): Uint8Array =>
  checked(
    readReversal,
    xml`<Document xmlns="${REVERSAL}"><CstmrPmtRvsl><GrpHdr><MsgId>${message}</MsgId><CreDtTm>${createdAt}</CreDtTm>
      <NbOfTxs>1</NbOfTxs></GrpHdr><OrgnlGrpInf><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>
      <OrgnlPmtInfAndRvsl><TxInf><OrgnlEndToEndId>${original}</OrgnlEndToEndId>${money(unit, amount, 'RvsdInstdAmt')}</TxInf>
      </OrgnlPmtInfAndRvsl></CstmrPmtRvsl></Document>`,
  )

export const readReversal = (bytes: Uint8Array): Read<Reversal> =>
  readMessage(bytes, REVERSAL, 'CstmrPmtRvsl', (root, at, faults) => {
    const transaction = elementAt(root, 'OrgnlPmtInfAndRvsl/TxInf', at, faults) ?? ''
    const inside = `${at}/OrgnlPmtInfAndRvsl/TxInf`
    textAt(root, 'GrpHdr/NbOfTxs', at, faults, /^1$/u)
    const original = textAt(transaction, 'OrgnlEndToEndId', inside, faults, ID)
    const { unit, amount } = moneyAt(transaction, 'RvsdInstdAmt', inside, faults)
    return unit === undefined ? undefined : { ...headOf(root, at, faults), original, unit, amount }
  })

// ---- pain.001

const TRANSFER = 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'

/** Throws when a part does not fit. */
export const writeTransfer = ({ message, createdAt, day, id, unit, amount, payer, payee }: Transfer): Uint8Array => {
  const sum = decimalOf({ unit, amount })
  return checked(
    readTransfer,
    xml`<Document xmlns="${TRANSFER}"><CstmrCdtTrfInitn><GrpHdr><MsgId>${message}</MsgId><CreDtTm>${createdAt}</CreDtTm>
      <NbOfTxs>1</NbOfTxs><CtrlSum>${sum}</CtrlSum><InitgPty><Nm>${payer.name}</Nm></InitgPty></GrpHdr>
      <PmtInf><PmtInfId>${message}</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>1</NbOfTxs><CtrlSum>${sum}</CtrlSum>
      <ReqdExctnDt><Dt>${day}</Dt></ReqdExctnDt>${owner('Dbtr', payer)}${accountXml('Dbtr', payer)}${agent('Dbtr', payer)}
      <CdtTrfTxInf><PmtId><EndToEndId>${id}</EndToEndId></PmtId><Amt>${money(unit, amount, 'InstdAmt')}</Amt>
      ${agent('Cdtr', payee)}${owner('Cdtr', payee)}${accountXml('Cdtr', payee)}</CdtTrfTxInf></PmtInf>
      </CstmrCdtTrfInitn></Document>`,
  )
}

export const readTransfer = (bytes: Uint8Array): Read<Transfer> =>
  readMessage(bytes, TRANSFER, 'CstmrCdtTrfInitn', (root, at, faults) => {
    const payment = elementAt(root, 'PmtInf', at, faults) ?? ''
    const inside = `${at}/PmtInf`
    const transaction = elementAt(payment, 'CdtTrfTxInf', inside, faults) ?? ''
    const place = `${inside}/CdtTrfTxInf`
    textAt(payment, 'PmtMtd', inside, faults, /^TRF$/u)
    const { unit, amount } = moneyAt(elementAt(transaction, 'Amt', place, faults) ?? '', 'InstdAmt', place, faults)
    const transfer = {
      ...headOf(root, at, faults),
      day: textAt(payment, 'ReqdExctnDt/Dt', inside, faults, DAY),
      id: textAt(transaction, 'PmtId/EndToEndId', place, faults, ID),
      amount,
      payer: holderFrom(payment, 'Dbtr', inside, faults),
      payee: holderFrom(transaction, 'Cdtr', place, faults),
    }
    if (unit === undefined) return undefined
    checkSums(root, payment, { at, unit, amount }, faults)
    return { ...transfer, unit }
  })

function checkSums(
  root: Parameters<typeof children>[0],
  payment: Parameters<typeof children>[0],
  { at, unit, amount }: Readonly<{ at: string; unit: Unit; amount: bigint }>,
  faults: Fault[],
): void {
  for (const [of, place] of [
    [elementAt(root, 'GrpHdr', at, faults) ?? '', `${at}/GrpHdr`],
    [payment, `${at}/PmtInf`],
  ] as const) {
    if (textAt(of, 'NbOfTxs', place, faults, COUNT) !== '1') faults.push({ what: 'count', at: place })
    if (amountFrom(textAt(of, 'CtrlSum', place, faults, DECIMAL), unit) !== amount)
      faults.push({ what: 'sum', at: place })
  }
}
