// The office of the web shop: keys of its server, webhooks and payment links. A secret is shown once, when it is made.
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { idFrom, type CommandId } from '#core/ids.ts'
import type { KeyScope, ShopView } from '#protocol/shop.ts'
import type { Client } from '#sdk/client.ts'
import { callShop } from '#sdk/shop-calls.ts'
import { Field, Switch } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, List, Sheet } from '#ui/kit.tsx'
import { PaymentLinks } from './payment-links.tsx'
import { Row } from './row.tsx'
import { Trouble, useDoing } from './shop.tsx'
import { Webhooks } from './webhooks.tsx'
import { webShopWords } from './words-web-shop.ts'

const NAME_LENGTH = 60
// The protocol's own list stays out of the browser with its schemas; the type holds this one to it.
const SCOPES = Object.keys({
  'deals:write': true,
  'deals:read': true,
  'refunds:write': true,
  'webhooks:write': true,
} satisfies Record<KeyScope, true>) as readonly KeyScope[]

export type WebShopProps = Readonly<{ client: Client; closed: () => void; unit: string }>
type Keys = ShopView<'apiKeys'>
/** A key that was asked for and not told yet. */
type Asking = Readonly<{ as: string; command: CommandId }>
const newCommand = (): CommandId => idFrom('cmd', crypto.getRandomValues(new Uint8Array(16)))
type Key = Keys['keys'][number]

export function WebShop({ client, closed, unit }: WebShopProps): JSX.Element {
  const text = useWords(webShopWords)
  const doing = useDoing(closed)
  const [view, setView] = useState<Keys | null>(null)
  const [made, setMade] = useState<ShopView<'addApiKey'> | null>(null)
  const [leaving, setLeaving] = useState<Key | null>(null)
  const asking = useRef<Asking | null>(null)
  const look = (): Promise<boolean> => doing.run(callShop(client, 'apiKeys'), setView)
  useEffect(() => void look(), [client])

  const add = async (name: string, scopes: KeyScope[], terminal: string | null): Promise<boolean> => {
    // Pressed again after a lost answer it is the same command, and so the same key.
    const as = JSON.stringify([name, scopes, terminal])
    if (asking.current?.as !== as) asking.current = { as, command: newCommand() }
    const body = { command: asking.current.command, name, scopes, terminal }
    const asked = callShop(client, 'addApiKey', { body })
    const isMade = await doing.run(asked, setMade)
    const outcome = await asked
    if (outcome.ok || outcome.problem.code !== 'no-answer') asking.current = null
    if (isMade) await look()
    return isMade
  }
  const end = ({ key }: Key): Promise<boolean> =>
    doing.run(callShop(client, 'endApiKey', { body: { key } }), (next) => {
      setLeaving(null)
      setView(next)
    })
  const terminals = view?.terminals ?? []
  return (
    <section class="people" aria-label={text.webShop}>
      <h2>{text.keys}</h2>
      {leaving === null ? <Trouble problem={doing.problem} /> : null}
      <List
        label={text.keys}
        items={view?.keys ?? []}
        keyOf={({ key }) => key}
        empty={<p role="status">{view === null ? text.loading : text.noKeys}</p>}
      >
        {(key) => <KeyRow apiKey={key} onEnd={() => setLeaving(key)} />}
      </List>
      {made === null ? null : (
        <Once title={text.keyMade(made.key.name)} secret={made.secret} onClose={() => setMade(null)}>
          {text.secretOnce}
        </Once>
      )}
      <AddKey busy={doing.busy} terminals={terminals} onAdd={add} />
      <Webhooks client={client} closed={closed} terminals={terminals} />
      <PaymentLinks client={client} closed={closed} terminals={terminals} unit={unit} />
      <Sheet
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={text.endKeyTitle(leaving?.name ?? '')}
        actions={
          leaving === null ? null : (
            <>
              <Button kind="danger" wide busy={doing.busy} onPress={() => void end(leaving)}>
                {text.endDo}
              </Button>
              <Button wide onPress={() => setLeaving(null)}>
                {text.notNow}
              </Button>
            </>
          )
        }
      >
        <p>{text.endKeyText}</p>
        <Trouble problem={doing.problem} />
      </Sheet>
    </section>
  )
}

/** A secret that is told now and never again. */
export function Once(
  props: Readonly<{ title: string; secret: string; children: string; onClose: () => void }>,
): JSX.Element {
  const text = useWords(webShopWords)
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus(), [props.secret])
  return (
    <section class="one-time-code" aria-label={props.title}>
      <h3 tabIndex={-1} ref={heading}>
        {props.title}
      </h3>
      <output class="web-shop-secret">{props.secret}</output>
      <p>{props.children}</p>
      <Button onPress={props.onClose}>{text.close}</Button>
    </section>
  )
}

function KeyRow({ apiKey, onEnd }: Readonly<{ apiKey: Key; onEnd: () => void }>): JSX.Element {
  const text = useWords(webShopWords)
  const locale = useLocale()
  const { name, terminal, scopes, status, lastSeenAt } = apiKey
  const facts = [
    ...(terminal.label === name ? [] : [terminal.label]),
    status === 'ended'
      ? text.keyEnded
      : lastSeenAt === null
        ? text.never
        : text.used(formatDateTime(lastSeenAt, locale)),
    ...(scopes.length === SCOPES.length ? [] : scopes.map((scope) => text[scope])),
  ]
  return <Row name={name} facts={facts} acts={status === 'ended' ? [] : [{ label: text.endKey, onPress: onEnd }]} />
}

type AddProps = Readonly<{
  busy: boolean
  terminals: Keys['terminals']
  onAdd: (name: string, scopes: KeyScope[], terminal: string | null) => Promise<boolean>
}>

function AddKey({ busy, terminals, onAdd }: AddProps): JSX.Element {
  const text = useWords(webShopWords)
  const [name, setName] = useState('')
  const [terminal, setTerminal] = useState('')
  const [scopes, setScopes] = useState<readonly KeyScope[]>(SCOPES)
  const isReady = name.trim() !== '' && scopes.length > 0
  const send = async (): Promise<void> => {
    if (isReady && (await onAdd(name.trim(), [...scopes], terminal === '' ? null : terminal))) setName('')
  }
  return (
    <form
      class="people-form"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Field label={text.keyName} hint={text.keyNameHint} value={name} onInput={setName} maxLength={NAME_LENGTH} />
      {terminals.length === 0 ? null : (
        <TerminalChoice terminals={terminals} value={terminal} onChange={setTerminal} none={text.newShop} />
      )}
      <fieldset class="web-shop-scopes">
        <legend class="field-label">{text.mayDo}</legend>
        {SCOPES.map((scope) => (
          <Switch
            key={scope}
            label={text[scope]}
            checked={scopes.includes(scope)}
            onChange={(on) => setScopes(SCOPES.filter((each) => (each === scope ? on : scopes.includes(each))))}
          />
        ))}
      </fieldset>
      <Button kind="seal" type="submit" busy={busy} disabled={!isReady}>
        {text.makeKey}
      </Button>
    </form>
  )
}

type ChoiceProps = Readonly<{
  terminals: Keys['terminals']
  value: string
  onChange: (terminal: string) => void
  /** what choosing none means, where that may be */
  none?: string
}>

export function TerminalChoice({ terminals, value, onChange, none }: ChoiceProps): JSX.Element {
  const text = useWords(webShopWords)
  return (
    <label class="web-shop-choice">
      <span class="field-label">{text.forShop}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {none === undefined ? null : <option value="">{none}</option>}
        {terminals.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
}
