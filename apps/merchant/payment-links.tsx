// Payment links in the office: made for an amount, copied and sent by whatever way, ended.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { halfWidth } from '#core/numbers.ts'
import { parseTyped, unitOf } from '#core/money.ts'
import type { ShopView } from '#protocol/shop.ts'
import type { Client } from '#sdk/client.ts'
import { callShop } from '#sdk/shop-calls.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, List, say } from '#ui/kit.tsx'
import { Row } from './row.tsx'
import { Trouble, useDoing } from './shop.tsx'
import { TerminalChoice } from './web-shop.tsx'
import { webShopWords } from './words-web-shop.ts'

const TEXT_LENGTH = 120
const HOUR_MS = 3_600_000
const LIVES = { hour: HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS } as const
type Life = keyof typeof LIVES
type Uses = 'one' | 'many'
type Link = ShopView<'paymentLinks'>['links'][number]
type Terminals = ShopView<'apiKeys'>['terminals']
type Draft = Readonly<{ terminal: string; text: string; amount: string; uses: Uses; lifeMs: number }>

type Props = Readonly<{ client: Client; closed: () => void; terminals: Terminals; unit: string }>

export function PaymentLinks({ client, closed, terminals, unit }: Props): JSX.Element {
  const text = useWords(webShopWords)
  const doing = useDoing(closed)
  const [links, setLinks] = useState<readonly Link[] | null>(null)
  const know = (view: ShopView<'paymentLinks'>): void => setLinks(view.links)
  const look = (): Promise<boolean> => doing.run(callShop(client, 'paymentLinks'), know)
  useEffect(() => void look(), [client])
  const add = async (draft: Draft): Promise<boolean> => {
    const isMade = await doing.run(callShop(client, 'addPaymentLink', { body: { ...draft, unit } }), () => {})
    if (isMade) await look()
    return isMade
  }
  const end = ({ link }: Link): Promise<boolean> =>
    doing.run(callShop(client, 'endPaymentLink', { body: { link } }), know)
  return (
    <>
      <h2>{text.links}</h2>
      <Trouble problem={doing.problem} />
      <List
        label={text.links}
        items={links ?? []}
        keyOf={({ link }) => link}
        empty={<p role="status">{links === null ? text.loading : text.noLinks}</p>}
      >
        {(link) => <LinkLine link={link} onEnd={() => void end(link)} />}
      </List>
      {terminals.length === 0 ? null : <AddLink busy={doing.busy} terminals={terminals} unit={unit} onAdd={add} />}
    </>
  )
}

function LinkLine({ link, onEnd }: Readonly<{ link: Link; onEnd: () => void }>): JSX.Element {
  const text = useWords(webShopWords)
  const locale = useLocale()
  const { url, amount, unit, uses, status, expiresAt } = link
  const states = { open: text.until(formatDateTime(expiresAt, locale)), expired: text.expired, ended: text.ended }
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(url)
    say(text.copied)
  }
  const acts = [
    { label: text.copy, onPress: () => void copy() },
    { label: text.endKey, onPress: onEnd },
  ]
  return (
    <Row
      name={link.text}
      title={`${link.text} · ${amountText(amount, unit, locale)}`}
      facts={[text[uses], states[status]]}
      acts={status === 'open' ? acts : []}
    >
      {status === 'open' ? <a href={url}>{url}</a> : null}
    </Row>
  )
}

type AddProps = Readonly<{
  busy: boolean
  terminals: Terminals
  unit: string
  onAdd: (draft: Draft) => Promise<boolean>
}>

function AddLink({ busy, terminals, unit, onAdd }: AddProps): JSX.Element {
  const text = useWords(webShopWords)
  const [what, setWhat] = useState('')
  const [typed, setTyped] = useState('')
  const [uses, setUses] = useState<Uses>('one')
  const [life, setLife] = useState<Life>('week')
  const [chosen, setChosen] = useState('')
  const terminal = terminals.some(({ id }) => id === chosen) ? chosen : (terminals[0]?.id ?? '')
  const known = unitOf(unit)
  const amount = known === undefined ? undefined : parseTyped(halfWidth(typed), known)
  const isReady = what.trim() !== '' && amount !== undefined && amount > 0n
  const send = async (): Promise<void> => {
    if (!isReady) return
    const draft = { terminal, text: what.trim(), amount: String(amount), uses, lifeMs: LIVES[life] }
    if (await onAdd(draft)) {
      setWhat('')
      setTyped('')
    }
  }
  return (
    <form
      class="people-form"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Field label={text.linkText} value={what} onInput={setWhat} maxLength={TEXT_LENGTH} />
      <Field label={`${text.amount} (${unit})`} value={typed} onInput={setTyped} inputMode="decimal" />
      <Segmented<Uses>
        label={text.uses}
        value={uses}
        onChange={setUses}
        options={(['one', 'many'] as const).map((value) => ({ value, label: text[value] }))}
      />
      <Segmented<Life>
        label={text.lives}
        value={life}
        onChange={setLife}
        options={(['hour', 'week', 'month'] as const).map((value) => ({ value, label: text[value] }))}
      />
      <TerminalChoice terminals={terminals} value={terminal} onChange={setChosen} />
      <Button type="submit" busy={busy} disabled={!isReady}>
        {text.makeLink}
      </Button>
    </form>
  )
}
