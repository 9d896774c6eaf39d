// The shop's signs: codes that hang where nobody stands. Made, changed, printed and ended here.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { toHex } from '#core/bytes.ts'
import { unitOf } from '#core/money.ts'
import type { OfficePointView } from '#protocol/points.ts'
import type { Client } from '#sdk/client.ts'
import { callPoint } from '#sdk/point-calls.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, EmptyState, List, say, Sheet } from '#ui/kit.tsx'
import { PointForm } from './point-form.tsx'
import { PointSheet } from './point-sheet.tsx'
import { Trouble, useDoing } from './shop.tsx'
import { pointWords } from './words-points.ts'

type PointsProps = Readonly<{ client: Client; closed: () => void; unit: string; shop: string }>

type View =
  | Readonly<{ at: 'list' }>
  | Readonly<{ at: 'form'; of: OfficePointView | string }>
  | Readonly<{ at: 'sheet'; of: OfficePointView }>

export function Points({ client, closed, unit, shop }: PointsProps): JSX.Element | null {
  const text = useWords(pointWords)
  const [points, setPoints] = useState<readonly OfficePointView[] | null>(null)
  const [view, setView] = useState<View>({ at: 'list' })
  const [ending, setEnding] = useState<OfficePointView | null>(null)
  const doing = useDoing(closed)
  useEffect(() => void doing.run(callPoint(client, 'points'), (read) => setPoints(read.points)), [client])
  const known = unitOf(unit)
  const put = (fresh: OfficePointView): void =>
    setPoints((before) => [fresh, ...(before ?? []).filter(({ point }) => point !== fresh.point)])
  const end = (of: OfficePointView): Promise<boolean> =>
    doing.run(callPoint(client, 'endPoint', { body: { point: of.point } }), (fresh) => {
      setEnding(null)
      put(fresh)
      say(text.endDone(of.label))
    })
  if (known === undefined) return null
  const toList = (): void => setView({ at: 'list' })
  if (view.at === 'form') {
    return (
      <PointForm
        key={typeof view.of === 'string' ? view.of : 'known'}
        client={client}
        closed={closed}
        unit={known}
        of={view.of}
        onBack={toList}
        onSaved={(fresh) => {
          put(fresh)
          // A new one goes on to its picture.
          setView({ at: 'form', of: fresh })
        }}
      />
    )
  }
  if (view.at === 'sheet') return <PointSheet of={view.of} shop={shop} onBack={toList} />
  const inOrder = [...(points ?? [])].sort((left, right) => place(left) - place(right))
  return (
    <section class="people" aria-label={text.signs}>
      <Trouble problem={ending === null ? doing.problem : null} />
      {points === null ? null : (
        <List
          label={text.signs}
          items={inOrder}
          keyOf={({ point }) => point}
          empty={
            <EmptyState title={text.none} icon="scan">
              {text.noneText}
            </EmptyState>
          }
        >
          {(of) => <PointRow of={of} onView={setView} onEnd={() => setEnding(of)} />}
        </List>
      )}
      <div>
        <Button kind="seal" icon="plus" onPress={() => setView({ at: 'form', of: newPointId() })}>
          {text.add}
        </Button>
      </div>
      <Sheet
        open={ending !== null}
        onClose={() => setEnding(null)}
        title={text.endTitle(ending?.label ?? '')}
        actions={
          ending === null ? null : (
            <>
              <Button kind="danger" wide busy={doing.busy} onPress={() => void end(ending)}>
                {text.endDo}
              </Button>
              <Button wide onPress={() => setEnding(null)}>
                {text.notNow}
              </Button>
            </>
          )
        }
      >
        <p>{text.endText}</p>
        <Trouble problem={doing.problem} />
      </Sheet>
    </section>
  )
}

/** Signs in use first; the hub has put the newest at the top. */
const place = ({ status }: OfficePointView): number => (status === 'active' ? 0 : 1)

type RowProps = Readonly<{ of: OfficePointView; onView: (view: View) => void; onEnd: () => void }>

function PointRow({ of, onView, onEnd }: RowProps): JSX.Element {
  const text = useWords(pointWords)
  const locale = useLocale()
  const { label, unit, mode, amount, minimum, maximum, status } = of
  const costs =
    mode === 'order'
      ? text.orders
      : amount === null
        ? text.from(amountText(minimum ?? '0', unit, locale), amountText(maximum ?? '0', unit, locale))
        : amountText(amount, unit, locale)
  const facts = [of.place, costs, status === 'ended' ? text.ended : of.hasPicture ? text.hasPicture : text.noPicture]
  const named = (name: string): JSX.Element => (
    <>
      {name}
      <span class="hidden">: {label}</span>
    </>
  )
  return (
    <div class="people-row">
      <span class="people-who">
        {label}
        <span class="office-detail">{facts.join(' · ')}</span>
      </span>
      {status === 'ended' ? null : (
        <span class="point-actions">
          <Button kind="quiet" onPress={() => onView({ at: 'form', of })}>
            {named(text.edit)}
          </Button>
          <Button kind="quiet" onPress={() => onView({ at: 'sheet', of })}>
            {named(text.print)}
          </Button>
          <Button kind="quiet" onPress={onEnd}>
            {named(text.end)}
          </Button>
        </span>
      )}
    </div>
  )
}

/** Made here and kept while the form is open, so that saving twice makes one sign. */
const newPointId = (): string => `pnt_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`
