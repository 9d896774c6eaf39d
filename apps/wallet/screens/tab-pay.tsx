// What this person pays of the table's bill: the own lines, chosen ones, or an equal share of what is open.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { OrderBody, TabLineView, TabView } from '#protocol/orders.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { nameIn } from '../basket.ts'
import { freeShares, openPieces, ownOpen, reservedBy } from '../table.ts'
import { orderWords } from '../words-order.ts'
import { Stepper, TableNotes, type TableProps } from './order-table.tsx'
import { Sums } from './tab.tsx'

type Wanted = OrderBody<'share'>['share']
type Kind = Wanted['kind']
/** Pieces by line. */
type Picked = Readonly<Record<number, number>>

/** As protocol/limits.ts has it: `shareParts`. */
const MOST_PEOPLE = 20

export function PayWhat(props: TableProps): JSX.Element {
  const { act, banners, table } = props
  const words = useWords(orderWords)
  const { tab } = table
  const toTab = (): void => act.table.go('tab')
  if (tab === null) return <Screen title={words.payTitle} banners={banners} onBack={toTab} />
  return <Choosing key={tab.tab} {...props} tab={tab} onBack={toTab} />
}

type ChoosingProps = TableProps & Readonly<{ tab: TabView; onBack: () => void }>

function Choosing({ act, banners, table, tab, onBack }: ChoosingProps): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const free = freeShares(tab)
  const mine = ownOpen(tab)
  const [kind, setKind] = useState<Kind>(mine > 0n ? 'mine' : 'equal')
  const [picked, setPicked] = useState<Picked>({})
  const [people, setPeople] = useState(Math.max(2, tab.guests.length))
  const wanted = wantedOf({ kind, picked, people: free[0]?.of ?? people, tab })
  const amount = amountOf({ kind, picked, people, tab })
  const money = (of: bigint): string => amountText(of, tab.unit, locale)
  return (
    <Screen
      title={words.payTitle}
      banners={banners}
      onBack={onBack}
      actions={
        <Button
          kind="seal"
          wide
          busy={table.busy === 'share'}
          disabled={wanted === undefined || amount === 0n}
          onPress={() => (wanted === undefined ? undefined : act.table.share(wanted))}
        >
          {table.busy === 'share' ? words.reserving : words.payNow(money(amount))}
        </Button>
      }
    >
      <TableNotes table={table} />
      <fieldset class="choices">
        <legend class="field-label">{words.payWhat}</legend>
        <Way kind="mine" on={kind} onPick={setKind} amount={money(mine)} isShut={mine === 0n} text={words.payMine} />
        <Way kind="lines" on={kind} onPick={setKind} isShut={BigInt(tab.open) === 0n} text={words.payLines} />
        <Way
          kind="equal"
          on={kind}
          onPick={setKind}
          isShut={BigInt(tab.open) === 0n && free.length === 0}
          text={words.payEqual}
        />
      </fieldset>
      {kind === 'lines' ? <PickLines tab={tab} picked={picked} onPick={setPicked} /> : null}
      {kind === 'equal' ? <Equal tab={tab} people={people} onPeople={setPeople} /> : null}
      <Sums tab={tab} />
    </Screen>
  )
}

type WayProps = Readonly<{
  kind: Kind
  on: Kind
  text: string
  amount?: string
  isShut: boolean
  onPick: (kind: Kind) => void
}>

const Way = ({ kind, on, text, amount, isShut, onPick }: WayProps): JSX.Element => (
  <label class="choice pay-choice">
    <input type="radio" name="pay" checked={kind === on} disabled={isShut} onChange={() => onPick(kind)} />
    <span>{text}</span>
    {amount === undefined ? null : <span class="pay-choice-amount">{amount}</span>}
  </label>
)

type PickProps = Readonly<{ tab: TabView; picked: Picked; onPick: (picked: Picked) => void }>

/** Every line; what somebody else pays is shown as such, and cannot be chosen. */
function PickLines({ tab, picked, onPick }: PickProps): JSX.Element {
  const words = useWords(orderWords)
  return (
    <fieldset class="choices">
      <legend class="field-label">{words.choose}</legend>
      {tab.lines
        .filter(({ pay }) => pay !== 'none' && pay !== 'back')
        .map((line) => (
          <PickLine
            key={line.line}
            tab={tab}
            line={line}
            pieces={picked[line.line] ?? 0}
            onPick={(pieces) => onPick({ ...picked, [line.line]: pieces })}
          />
        ))}
    </fieldset>
  )
}

type PickLineProps = Readonly<{ tab: TabView; line: TabLineView; pieces: number; onPick: (pieces: number) => void }>

function PickLine({ tab, line, pieces, onPick }: PickLineProps): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const left = openPieces(line)
  const share = reservedBy(tab, line.line)
  const taken =
    line.pay === 'paid'
      ? words.paid
      : line.pay !== 'reserved' || share === undefined
        ? ''
        : share.mine || share.who === null
          ? words.payingYou
          : words.payingBy(share.who)
  const name = nameIn(line, locale)
  const details = [line.mine ? words.yours : line.who, taken].filter((each) => each !== '')
  return (
    <>
      <label class="choice pay-choice">
        <input
          type="checkbox"
          checked={pieces > 0 && left > 0}
          disabled={left === 0}
          onChange={({ currentTarget }) => onPick(currentTarget.checked ? left : 0)}
        />
        <span class="pay-choice-text">
          {line.quantity === 1 ? name : words.times(name, line.quantity)}
          <span class="order-detail">{details.join(' · ')}</span>
        </span>
        <span class="pay-choice-amount">
          <Amount parts={amountParts(left === 0 ? line.amount : line.open, tab.unit, locale)} size="small" />
        </span>
      </label>
      {pieces > 0 && left > 1 ? (
        <Stepper name={name} value={Math.min(pieces, left)} from={1} to={left} onChange={onPick} />
      ) : null}
    </>
  )
}

/** A sharing that has begun is joined; otherwise one says among how many. */
function Equal({
  tab,
  people,
  onPeople,
}: Readonly<{ tab: TabView; people: number; onPeople: (people: number) => void }>): JSX.Element {
  const words = useWords(orderWords)
  const [next, ...others] = freeShares(tab)
  if (next !== undefined) {
    return (
      <Banner kind="note">
        <span class="sentence strong">{words.shareOf(next.nth ?? 1, next.of ?? 1)}</span>
        <span class="sentence">{words.shareRunning(next.of ?? 1, others.length + 1)}</span>
      </Banner>
    )
  }
  return (
    <div class="stack-small">
      <div class="stepper-row">
        <span class="field-label">{words.people}</span>
        <Stepper name={words.people} value={people} from={2} to={MOST_PEOPLE} onChange={onPeople} />
      </div>
      <p class="quiet small">{words.shareText}</p>
    </div>
  )
}

type Choice = Readonly<{ kind: Kind; picked: Picked; people: number; tab: TabView }>

/** What is asked of the hub; undefined while nothing is chosen. */
function wantedOf({ kind, picked, people, tab }: Choice): Wanted | undefined {
  if (kind === 'mine') return { kind }
  if (kind === 'equal') return { kind, of: people }
  const lines = pickedIn(tab, picked)
  return lines.length === 0 ? undefined : { kind, lines: lines.map(({ line, quantity }) => ({ line, quantity })) }
}

/** What it comes to as it looks here; the hub says what is reserved. */
function amountOf({ kind, picked, people, tab }: Choice): bigint {
  if (kind === 'mine') return ownOpen(tab)
  if (kind === 'lines') return pickedIn(tab, picked).reduce((sum, { amount }) => sum + amount, 0n)
  const [next] = freeShares(tab)
  const [open, among] = [BigInt(tab.open), BigInt(people)]
  return next === undefined ? (open + among - 1n) / among : BigInt(next.amount)
}

const pickedIn = (tab: TabView, picked: Picked): { line: number; quantity: number; amount: bigint }[] =>
  tab.lines.flatMap((line) => {
    const left = openPieces(line)
    const quantity = Math.min(picked[line.line] ?? 0, left)
    if (quantity === 0) return []
    return [{ line: line.line, quantity, amount: (BigInt(line.open) * BigInt(quantity)) / BigInt(left) }]
  })
