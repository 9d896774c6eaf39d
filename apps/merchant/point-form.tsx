// One sign: what it is called, where it hangs, what is paid there, and its picture.
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { draw, EDGE, MIDDLE, pictureOf, readPicture } from '#apps/shared/picture.ts'
import type { Unit } from '#core/money.ts'
import type { OfficePointView } from '#protocol/points.ts'
import type { Client } from '#sdk/client.ts'
import { callPoint } from '#sdk/point-calls.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import { Banner, Button, say } from '#ui/kit.tsx'
import { bodyOf, draftOf, emptyDraft, isFilled, type DraftFault, type PointDraft } from './point-draft.ts'
import { Trouble, useDoing } from './shop.tsx'
import { pointWords } from './words-points.ts'

type FormProps = Readonly<{
  client: Client
  closed: () => void
  unit: Unit
  /** a known sign, or the id of a new one */
  of: OfficePointView | string
  onSaved: (view: OfficePointView) => void
  onBack: () => void
}>

export function PointForm({ client, closed, unit, of, onSaved, onBack }: FormProps): JSX.Element {
  const text = useWords(pointWords)
  const doing = useDoing(closed)
  const [draft, setDraft] = useState<PointDraft>(() => (typeof of === 'string' ? emptyDraft(of) : draftOf(of)))
  const [faults, setFaults] = useState<readonly DraftFault[]>([])
  const set = (change: Partial<PointDraft>): void => setDraft({ ...draft, ...change })
  const wrong = (...of: readonly DraftFault[]): object => {
    const fault = faults.find((each) => of.includes(each))
    if (fault === undefined) return {}
    return { error: fault === 'tax' ? text.taxWrong : fault === 'bounds' ? text.boundsWrong : text.amountWrong }
  }
  const save = (): void => {
    const body = bodyOf(draft, unit)
    if ('length' in body) return setFaults(body)
    setFaults([])
    void doing.run(callPoint(client, 'setPoint', { body }), (view) => {
      say(text.saved(view.label))
      onSaved(view)
    })
  }
  return (
    <section class="people" aria-label={text.signs}>
      <form
        class="point-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (isFilled(draft)) save()
        }}
      >
        <h2>{typeof of === 'string' ? text.newTitle : text.changeTitle(of.label)}</h2>
        <Field
          label={text.label}
          hint={text.labelHint}
          value={draft.label}
          onInput={(label) => set({ label })}
          maxLength={60}
        />
        <Field
          label={text.place}
          hint={text.placeHint}
          value={draft.place}
          onInput={(place) => set({ place })}
          maxLength={120}
        />
        <Field
          label={text.text}
          hint={text.textHint}
          value={draft.text}
          onInput={(of) => set({ text: of })}
          maxLength={120}
        />
        <Segmented<PointDraft['mode']>
          label={text.mode}
          value={draft.mode}
          onChange={(mode) => set({ mode })}
          options={[
            { value: 'amount', label: text.typed },
            { value: 'fixed', label: text.fixed },
            { value: 'order', label: text.order },
          ]}
        />
        {draft.mode === 'order' ? <Paying draft={draft} set={set} /> : null}
        {draft.mode === 'fixed' ? (
          <Field
            label={`${text.price} (${unit})`}
            value={draft.price}
            onInput={(price) => set({ price })}
            inputMode="decimal"
            maxLength={20}
            {...wrong('price')}
          />
        ) : null}
        {draft.mode === 'amount' ? (
          <div class="point-bounds">
            <Field
              label={`${text.minimum} (${unit})`}
              value={draft.minimum}
              onInput={(minimum) => set({ minimum })}
              inputMode="decimal"
              maxLength={20}
              {...wrong('minimum')}
            />
            <Field
              label={`${text.maximum} (${unit})`}
              value={draft.maximum}
              onInput={(maximum) => set({ maximum })}
              inputMode="decimal"
              maxLength={20}
              {...wrong('maximum', 'bounds')}
            />
          </div>
        ) : null}
        {draft.mode === 'order' ? null : (
          <Field
            label={text.tax}
            hint={text.taxHint}
            value={draft.tax}
            onInput={(tax) => set({ tax })}
            inputMode="decimal"
            maxLength={5}
            {...wrong('tax')}
          />
        )}
        <Trouble problem={doing.problem} />
        <div class="point-actions">
          <Button kind="seal" type="submit" busy={doing.busy} disabled={!isFilled(draft)}>
            {text.save}
          </Button>
          <Button onPress={onBack}>{text.back}</Button>
        </div>
      </form>
      {typeof of === 'string' ? null : <Picture client={client} closed={closed} of={of} onSaved={onSaved} />}
    </section>
  )
}

type PayingProps = Readonly<{ draft: PointDraft; set: (change: Partial<PointDraft>) => void }>

/** Where guests order: whether the kitchen waits for the money. */
function Paying({ draft, set }: PayingProps): JSX.Element {
  const text = useWords(pointWords)
  return (
    <div>
      <Segmented<PointDraft['paying']>
        label={text.paying}
        value={draft.paying}
        onChange={(paying) => set({ paying })}
        options={[
          { value: 'end', label: text.payEnd },
          { value: 'first', label: text.payFirst },
        ]}
      />
      <p class="office-detail">{draft.paying === 'first' ? text.payFirstText : text.payEndText}</p>
    </div>
  )
}

/** Cut to the square in its middle; the hub writes it anew without anything but the picture. */
function Picture({
  client,
  closed,
  of,
  onSaved,
}: Pick<FormProps, 'client' | 'closed' | 'onSaved'> & { of: OfficePointView }) {
  const text = useWords(pointWords)
  const doing = useDoing(closed)
  const [isUnread, setIsUnread] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const send = (picture: string | null): Promise<boolean> =>
    doing.run(callPoint(client, 'setPointPicture', { body: { point: of.point, picture } }), (view) => {
      say(text.pictureSaved)
      onSaved(view)
    })
  const choose = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return
    const bitmap = await readPicture(file)
    const canvas = document.createElement('canvas')
    canvas.width = EDGE
    canvas.height = EDGE
    if (bitmap !== undefined) draw(canvas, bitmap, MIDDLE)
    const picture = bitmap === undefined ? undefined : await pictureOf(canvas)
    setIsUnread(picture === undefined)
    if (picture !== undefined) await send(picture)
  }
  return (
    <section class="point-form" aria-label={text.picture}>
      <h2>{text.picture}</h2>
      <p>{text.pictureText}</p>
      <p class="office-detail" role="status">
        {of.hasPicture ? text.hasPicture : text.noPicture}
      </p>
      {isUnread ? <Banner kind="trouble">{text.pictureUnread}</Banner> : null}
      <Trouble problem={doing.problem} />
      <input
        ref={input}
        type="file"
        accept="image/*"
        capture="environment"
        hidden
        aria-label={text.choose}
        onChange={({ currentTarget }) => void choose(currentTarget.files?.[0])}
      />
      <div class="point-actions">
        <Button busy={doing.busy} onPress={() => input.current?.click()}>
          {text.choose}
        </Button>
        {of.hasPicture ? (
          <Button kind="quiet" onPress={() => void send(null)}>
            {text.removePicture}
          </Button>
        ) : null}
      </div>
    </section>
  )
}
