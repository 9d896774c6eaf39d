// The portrait: taken or chosen, moved into a square, sent. What leaves the phone is the square alone, drawn anew.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { Banner, Button, say, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { MyPlace } from '../mine.ts'
import {
  dragged,
  draw,
  EDGE,
  keptInside,
  LARGEST_ZOOM,
  MIDDLE,
  pictureOf,
  readPicture,
  type Crop,
} from '#apps/shared/picture.ts'
import { mineWords } from '../words-mine.ts'
import { ProblemNote } from './problem.tsx'
import { useReading } from './reading.ts'

/** An image's address for the base64 that the hub gives. */
export const portraitSource = (base64: string): string => `data:image/jpeg;base64,${base64}`

type PortraitProps = ScreenOf & { readonly place: Extract<MyPlace, { at: 'portrait' }> }

export function Portrait({ state, act, banners, place }: PortraitProps): JSX.Element {
  const words = useWords(mineWords)
  const [picture, setPicture] = useState<ImageBitmap | null>(null)
  const [isUnreadable, setUnreadable] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  useReading(act.mine.readProfile)
  const now = state.mine.profile?.portrait ?? null
  const isNew = place.from === 'enrolment'
  const choose = async (file: File): Promise<void> => {
    const read = await readPicture(file)
    setUnreadable(read === undefined)
    setProblem(null)
    if (read !== undefined) setPicture(read)
  }
  const send = async (sent: string | null): Promise<void> => {
    setBusy(true)
    const answer = await act.mine.setPortrait(sent)
    setBusy(false)
    setProblem(answer)
    if (answer !== null) return
    say(sent === null ? words.portraitRemoved : words.saved)
    setPicture(null)
    if (sent !== null) act.mine.leavePortrait()
  }
  const trouble = (
    <>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      {isUnreadable ? <Banner kind="trouble">{words.portraitUnreadable}</Banner> : null}
    </>
  )
  if (picture !== null) {
    return (
      <Cropping
        key="cropping"
        picture={picture}
        banners={banners}
        trouble={trouble}
        busy={busy}
        use={(made) => (made === undefined ? setProblem(problemOf('picture-invalid')) : void send(made))}
        leave={() => setPicture(null)}
      />
    )
  }
  return (
    <Screen
      key="portrait"
      title={now === null ? words.portraitTitle : words.portrait}
      banners={banners}
      {...(isNew ? {} : { onBack: act.mine.leavePortrait })}
      actions={
        <>
          <FileButton kind="seal" label={words.portraitTake} capture choose={choose} />
          <FileButton kind="plain" label={words.portraitChoose} choose={choose} />
          {isNew ? (
            <Button kind="quiet" wide onPress={act.mine.leavePortrait}>
              {words.portraitLater}
            </Button>
          ) : null}
        </>
      }
    >
      {trouble}
      <p class="quiet">{words.portraitText}</p>
      {now === null ? null : (
        <>
          <img class="portrait" src={portraitSource(now)} alt={words.portraitAlt} />
          <Button kind="danger" wide busy={busy} onPress={() => void send(null)}>
            {words.portraitRemove}
          </Button>
        </>
      )}
    </Screen>
  )
}

type FileButtonProps = {
  readonly kind: 'seal' | 'plain'
  readonly label: string
  readonly capture?: boolean
  readonly choose: (file: File) => Promise<void>
}

/** A button over a file field, so that it looks and works as every other one. */
function FileButton({ kind, label, capture = false, choose }: FileButtonProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button kind={kind} wide onPress={() => input.current?.click()}>
        {label}
      </Button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        {...(capture ? { capture: 'user' } : {})}
        class="hidden"
        aria-label={label}
        tabIndex={-1}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          currentTarget.value = ''
          if (file !== undefined) void choose(file)
        }}
      />
    </>
  )
}

type CroppingProps = {
  readonly picture: ImageBitmap
  readonly banners: JSX.Element
  readonly trouble: JSX.Element
  readonly busy: boolean
  readonly use: (picture: string | undefined) => void
  readonly leave: () => void
}

/** One press of an arrow key moves so much of the square's edge. */
const STEP = 0.05
const ARROWS: Readonly<Record<string, { right: number; down: number }>> = {
  ArrowLeft: { right: -STEP, down: 0 },
  ArrowRight: { right: STEP, down: 0 },
  ArrowUp: { right: 0, down: -STEP },
  ArrowDown: { right: 0, down: STEP },
}

function Cropping({ picture, banners, trouble, busy, use, leave }: CroppingProps): JSX.Element {
  const words = useWords(mineWords)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [crop, setCrop] = useState<Crop>(MIDDLE)
  const from = useRef<Readonly<{ x: number; y: number }> | null>(null)
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, picture, crop)
  }, [picture, crop])
  const move = ({ clientX, clientY }: PointerEvent, edge: number): void => {
    const last = from.current
    if (last === null) return
    from.current = { x: clientX, y: clientY }
    const by = { right: (clientX - last.x) / edge, down: (clientY - last.y) / edge }
    setCrop((before) => dragged(picture, before, by))
  }
  const save = async (): Promise<void> => {
    if (canvas.current !== null) use(await pictureOf(canvas.current))
  }
  return (
    <Screen
      title={words.portraitCrop}
      banners={banners}
      onBack={leave}
      actions={
        <Button kind="seal" wide busy={busy} onPress={() => void save()}>
          {words.portraitUse}
        </Button>
      }
    >
      {trouble}
      <canvas
        ref={canvas}
        class="portrait portrait-crop"
        width={EDGE}
        height={EDGE}
        role="application"
        tabIndex={0}
        aria-label={`${words.portraitCrop}. ${words.portraitCropHint}`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          from.current = { x: event.clientX, y: event.clientY }
        }}
        onPointerMove={(event) => move(event, event.currentTarget.clientWidth)}
        onPointerUp={() => (from.current = null)}
        onPointerCancel={() => (from.current = null)}
        onKeyDown={(event) => {
          const by = ARROWS[event.key]
          if (by === undefined) return
          event.preventDefault()
          setCrop((before) => dragged(picture, before, by))
        }}
      />
      <p class="quiet small">{words.portraitCropHint}</p>
      <label class="field">
        <span class="field-label">{words.portraitZoom}</span>
        <input
          class="portrait-zoom"
          type="range"
          min={1}
          max={LARGEST_ZOOM}
          step={0.05}
          value={crop.zoom}
          onInput={({ currentTarget }) =>
            setCrop((before) => keptInside(picture, { ...before, zoom: Number(currentTarget.value) }))
          }
        />
      </label>
      <Button kind="quiet" wide disabled={busy} onPress={leave}>
        {words.portraitOther}
      </Button>
    </Screen>
  )
}
