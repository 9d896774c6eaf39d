// The open book: balances of everybody, and the newest transfers, each withdrawn at once and deposited a moment later.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountParts } from '#apps/shared/money.ts'
import type { LedgerRow, LedgerView } from '#protocol/views.ts'
import type { WatchStatus } from '#sdk/watching.ts'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { Icon } from '#ui/icons.tsx'
import { Banner, EmptyState } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { watchLedger } from './ledger.ts'
import { words } from './words.ts'

export function Book({ unit }: { readonly unit: string }): JSX.Element {
  const text = useWords(words)
  const [ledger, setLedger] = useState<LedgerView | null>(null)
  const [status, setStatus] = useState<WatchStatus>('connecting')
  useEffect(() => watchLedger(setLedger, setStatus), [])
  return (
    <section class="part part-ledger" aria-label={text.ledger}>
      <div class="part-head">
        <h2>{text.ledger}</h2>
        <Balances ledger={ledger} unit={unit} />
      </div>
      {status === 'offline' ? <Banner kind="offline">{text.offline}</Banner> : null}
      <div class="book" tabIndex={0} role="region" aria-label={text.newest}>
        {ledger === null || ledger.rows.length === 0 ? (
          <EmptyState title={text.ledgerEmpty}>{text.ledgerEmptyText}</EmptyState>
        ) : (
          <Transfers rows={ledger.rows} />
        )}
      </div>
    </section>
  )
}

function Balances({ ledger, unit }: { readonly ledger: LedgerView | null; readonly unit: string }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  return (
    <ul class="balances" role="list" aria-label={text.balances}>
      {(ledger?.balances ?? [])
        .filter((balance) => balance.unit === unit)
        .map(({ owner, account, balance }) => (
          <li key={account}>
            <span class="balance-owner">{owner}</span>{' '}
            <Amount parts={amountParts(balance, unit, locale)} size="small" />
          </li>
        ))}
    </ul>
  )
}

function Transfers({ rows }: { readonly rows: readonly LedgerRow[] }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  return (
    <table class="transfers">
      <caption class="hidden">{text.newest}</caption>
      <thead>
        <tr>
          <th scope="col">{text.colTime}</th>
          <th scope="col">{text.colKind}</th>
          <th scope="col">{text.colFrom}</th>
          <th scope="col">{text.colTo}</th>
          <th scope="col" class="cell-amount">
            {text.colAmount}
          </th>
          <th scope="col">{text.colState}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.bucket} ${row.sequence}`} class={row.deposited ? 'row-deposited' : 'row-withdrawn'}>
            <td>{formatTime(row.at, locale)}</td>
            <td>{text[`kind_${row.kind}`]}</td>
            <td>{ownerOf(row.debitOwner, text)}</td>
            <td>{ownerOf(row.creditOwner, text)}</td>
            <td class="cell-amount">
              <Amount parts={amountParts(row.amount, row.unit, locale)} size="small" />
            </td>
            <td class="cell-state">
              <span class="state-withdrawn">{text.withdrawn}</span>
              {row.deposited ? (
                <span class="state-deposited">
                  <Icon name="forward" size={12} />
                  {text.deposited}
                </span>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The scheme's own accounts have no party's name, only a key that begins with what they are for. */
function ownerOf(owner: string, text: { readonly escrow: string; readonly scheme: string }): string {
  const [, account] = /^([a-z]+)[^a-z]/u.exec(owner) ?? []
  if (account === undefined) return owner
  return account === 'escrow' ? text.escrow : text.scheme
}
