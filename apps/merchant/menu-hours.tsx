// When orders are taken: spans of time on days of the week. No span at all is always; one that ends before it begins ends the next day.
import type { JSX } from 'preact'
import { useWords } from '#ui/i18n.ts'
import { Button } from '#ui/kit.tsx'
import type { Hours } from './menu-draft.ts'
import { menuWords } from './words-menu.ts'

type Props = Readonly<{ hours: readonly Hours[]; may: boolean; onChange: (hours: readonly Hours[]) => void }>

const DAYS = [1, 2, 3, 4, 5, 6, 7] as const
const LUNCH: Hours = { days: [1, 2, 3, 4, 5], from: '11:00', until: '14:00' }

export function HoursPart({ title, ...fields }: Props & Readonly<{ title: string }>): JSX.Element {
  const text = useWords(menuWords)
  return (
    <section class="menu-part" aria-label={title}>
      <h2>{title}</h2>
      <p class="office-detail">{text.hoursText}</p>
      <HoursFields {...fields} />
    </section>
  )
}

export function HoursFields({ hours, may, onChange }: Props): JSX.Element {
  const text = useWords(menuWords)
  const set = (at: number, change: Partial<Hours>): void =>
    onChange(hours.map((span, index) => (index === at ? { ...span, ...change } : span)))
  return (
    <div class="menu-days">
      {hours.length === 0 ? <p>{text.always}</p> : null}
      {hours.map((span, index) => (
        <fieldset key={index} class="menu-day" disabled={!may}>
          <legend class="hidden">{text.span(index + 1)}</legend>
          <span class="menu-week">
            {DAYS.map((day) => (
              <label key={day} class="menu-weekday">
                <input
                  type="checkbox"
                  checked={span.days.includes(day)}
                  onChange={({ currentTarget: { checked } }) =>
                    set(index, { days: checked ? [...span.days, day] : span.days.filter((each) => each !== day) })
                  }
                />
                <span aria-hidden="true">{text[`short${day}`]}</span>
                <span class="hidden">{text[`day${day}`]}</span>
              </label>
            ))}
          </span>
          <span class="menu-span">
            <Clock label={text.from} value={span.from} onChange={(from) => set(index, { from })} />
            <span aria-hidden="true">–</span>
            <Clock label={text.until} value={span.until} onChange={(until) => set(index, { until })} />
          </span>
          {may ? (
            <Button
              kind="quiet"
              icon="close"
              iconOnly
              onPress={() => onChange(hours.filter((_, other) => other !== index))}
            >
              {text.removeSpan(index + 1)}
            </Button>
          ) : null}
        </fieldset>
      ))}
      {may ? (
        <div>
          <Button icon="plus" onPress={() => onChange([...hours, LUNCH])}>
            {text.addSpan}
          </Button>
        </div>
      ) : null}
    </div>
  )
}

type ClockProps = Readonly<{ label: string; value: string; onChange: (value: string) => void }>

const Clock = ({ label, value, onChange }: ClockProps): JSX.Element => (
  <input
    class="field-input"
    type="time"
    aria-label={label}
    value={value}
    onInput={({ currentTarget }) => onChange(currentTarget.value)}
  />
)
