// What the operator has seen proof of: birth date, region, memberships. It decides about restricted goods; claims decide nothing.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AttributesWire } from '#protocol/operator.ts'
import { Field } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import { Button } from '#ui/kit.tsx'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { PartOfFile } from './party.tsx'

type Membership = AttributesWire['memberships'][number]
const REGION = /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/u

export function Proofs({ hub, file, changed }: PartOfFile): JSX.Element {
  const text = useWords(words)
  const [birthDate, setBirthDate] = useState(file.attributes.birthDate ?? '')
  const [region, setRegion] = useState(file.attributes.region ?? '')
  const [memberships, setMemberships] = useState<readonly Membership[]>(file.attributes.memberships)
  const isRegionRight = region === '' || REGION.test(region)
  const isRight = isRegionRight && memberships.every(({ name }) => name.trim() !== '')
  const change = (index: number, part: Partial<Membership>): void =>
    setMemberships(memberships.map((each, at) => (at === index ? { ...each, ...part } : each)))
  return (
    <Act
      hub={hub}
      name="verify"
      label={text.verify}
      about={text.verifyText}
      done={text.verified}
      body={
        isRight
          ? {
              party: file.party,
              attributes: {
                birthDate: birthDate === '' ? null : birthDate,
                region: region === '' ? null : region,
                memberships: [...memberships],
              },
            }
          : null
      }
      onDone={changed}
    >
      <DateField label={text.birthDate} value={birthDate} onInput={setBirthDate} />
      <Field
        label={text.region}
        hint={text.regionHint}
        value={region}
        onInput={(typed) => setRegion(typed.toUpperCase())}
        maxLength={6}
        {...(!isRegionRight && { error: text.regionHint })}
      />
      {memberships.map((membership, index) => (
        <div class="membership" key={index}>
          <Field
            label={text.membership}
            value={membership.name}
            onInput={(name) => change(index, { name })}
            maxLength={40}
          />
          <DateField
            label={text.until}
            value={membership.until ?? ''}
            onInput={(until) => change(index, { until: until === '' ? null : until })}
          />
          <Button kind="quiet" onPress={() => setMemberships(memberships.filter((_, at) => at !== index))}>
            {text.remove}
          </Button>
        </div>
      ))}
      <Button kind="quiet" icon="plus" onPress={() => setMemberships([...memberships, { name: '', until: null }])}>
        {text.addMembership}
      </Button>
    </Act>
  )
}

type DateFieldProps = Readonly<{ label: string; value: string; onInput: (day: string) => void }>

const DateField = ({ label, value, onInput }: DateFieldProps): JSX.Element => (
  <label class="field">
    <span class="field-label">{label}</span>
    <input
      class="field-input"
      type="date"
      value={value}
      onInput={({ currentTarget }) => onInput(currentTarget.value)}
    />
  </label>
)
