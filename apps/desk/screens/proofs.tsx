// What the operator has seen proof of: birth date, region, memberships. It decides about restricted goods; claims decide nothing.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AttributesWire } from '#protocol/operator.ts'
import { Field, Switch } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import { Button, ReceiptLine } from '#ui/kit.tsx'
import { identityWords } from '../words-identity.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { PartOfFile } from './party.tsx'

type Membership = AttributesWire['memberships'][number]
const REGION = /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/u

type ProofsProps = PartOfFile &
  Readonly<{
    /** the birth date that is kept, once it was looked at */
    looked: string
  }>

export function Proofs(props: ProofsProps): JSX.Element {
  return props.hub.may('verify') ? <ProofsForm {...props} /> : <ProofsRead {...props} />
}

function ProofsForm({ hub, file, changed, looked }: ProofsProps): JSX.Element {
  const text = useWords(words)
  const identity = useWords(identityWords)
  const [typedDate, setBirthDate] = useState<string | null>(null)
  const [removes, setRemoves] = useState(false)
  const birthDate = removes ? '' : (typedDate ?? looked)
  // What is sent replaces what is kept: a date that nobody has looked at must not be wiped out by an empty field.
  const isDateClear = !file.has.birthDate || birthDate !== '' || removes
  const [region, setRegion] = useState(file.attributes.region ?? '')
  const [memberships, setMemberships] = useState<readonly Membership[]>(file.attributes.memberships)
  const isRegionRight = region === '' || REGION.test(region)
  const isRight = isDateClear && isRegionRight && memberships.every(({ name }) => name.trim() !== '')
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
                memberships: memberships.map(({ number, ...rest }) => ({
                  ...rest,
                  ...(number != null && number !== '' && { number }),
                })),
              },
            }
          : null
      }
      onDone={changed}
    >
      {removes ? null : (
        <DateField
          label={text.birthDate}
          value={birthDate}
          onInput={setBirthDate}
          {...(!isDateClear && { hint: identity.birthDateKept })}
        />
      )}
      {file.has.birthDate ? <Switch label={identity.removeBirthDate} checked={removes} onChange={setRemoves} /> : null}
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
          <Field
            label={identity.memberNumber}
            value={membership.number ?? ''}
            onInput={(number) => change(index, { number })}
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

/** For those who may not change it: the birth date stays hidden, as it is for everybody. */
function ProofsRead({ file }: PartOfFile): JSX.Element {
  const text = useWords(words)
  const identity = useWords(identityWords)
  const { region, memberships } = file.attributes
  return (
    <>
      <ReceiptLine label={text.region} value={region ?? identity.notKept} />
      {memberships.map(({ name, until, number }, index) => (
        <ReceiptLine
          key={index}
          label={name}
          value={[number, until].filter((each) => each != null && each !== '').join(' · ')}
        />
      ))}
    </>
  )
}

type DateFieldProps = Readonly<{ label: string; value: string; onInput: (day: string) => void; hint?: string }>

const DateField = ({ label, value, onInput, hint }: DateFieldProps): JSX.Element => (
  <label class="field">
    <span class="field-label">{label}</span>
    <input
      class="field-input"
      type="date"
      value={value}
      onInput={({ currentTarget }) => onInput(currentTarget.value)}
    />
    {hint === undefined ? null : <span class="field-hint">{hint}</span>}
  </label>
)
