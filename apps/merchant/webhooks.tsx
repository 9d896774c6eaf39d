// Webhooks in the office: where they go, whether they arrive, their log, and a message sent again by hand.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ShopBody, ShopView } from '#protocol/shop.ts'
import type { Client } from '#sdk/client.ts'
import { callShop } from '#sdk/shop-calls.ts'
import { Field } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, List, say } from '#ui/kit.tsx'
import { Row, type Act } from './row.tsx'
import { Trouble, useDoing } from './shop.tsx'
import { Once, TerminalChoice } from './web-shop.tsx'
import { webShopWords } from './words-web-shop.ts'

const URL_LENGTH = 500
const LOOK_EVERY_MS = 5_000
const EVENTS: ShopBody<'addWebhook'>['events'] = [
  'deal.joined',
  'deal.held',
  'deal.settled',
  'deal.reopened',
  'deal.ended',
  'deal.refunded',
]

type Endpoint = ShopView<'webhooks'>['endpoints'][number]
type Delivery = ShopView<'deliveries'>['deliveries'][number]
type Terminals = ShopView<'apiKeys'>['terminals']

export function Webhooks(props: Readonly<{ client: Client; closed: () => void; terminals: Terminals }>): JSX.Element {
  const { client, closed, terminals } = props
  const text = useWords(webShopWords)
  const doing = useDoing(closed)
  const [endpoints, setEndpoints] = useState<readonly Endpoint[] | null>(null)
  const [secret, setSecret] = useState<string | null>(null)
  const [open, setOpen] = useState<Endpoint | null>(null)
  const know = (view: ShopView<'webhooks'>): void => setEndpoints(view.endpoints)
  const look = (): Promise<boolean> => doing.run(callShop(client, 'webhooks'), know)
  useEffect(() => void look(), [client])

  const add = async (url: string, terminal: string): Promise<boolean> => {
    const body = { url, events: EVENTS, terminal }
    const isMade = await doing.run(callShop(client, 'addWebhook', { body }), (view) => setSecret(view.secret))
    if (isMade) await look()
    return isMade
  }
  const turn = ({ endpoint, url, events }: Endpoint, active: boolean): Promise<boolean> =>
    doing.run(callShop(client, 'changeWebhook', { body: { endpoint, url, events, active } }), know)
  const rotate = ({ endpoint }: Endpoint): Promise<boolean> =>
    doing.run(callShop(client, 'rotateWebhook', { body: { endpoint } }), (view) => setSecret(view.secret))
  const test = async (each: Endpoint): Promise<void> => {
    const asked = callShop(client, 'testWebhook', { body: { endpoint: each.endpoint } })
    if (!(await doing.run(asked, () => setOpen(each)))) return
    say(text.testSent)
  }
  const end = ({ endpoint }: Endpoint): Promise<boolean> =>
    doing.run(callShop(client, 'endWebhook', { body: { endpoint } }), (view) => {
      setOpen(null)
      know(view)
    })

  return (
    <>
      <h2>{text.webhooks}</h2>
      <Trouble problem={doing.problem} />
      <List
        label={text.webhooks}
        items={endpoints ?? []}
        keyOf={({ endpoint }) => endpoint}
        empty={<p role="status">{endpoints === null ? text.loading : text.noWebhooks}</p>}
      >
        {(each) => (
          <EndpointRow
            endpoint={each}
            onLog={() => setOpen(each)}
            onTest={() => void test(each)}
            onTurn={(active) => void turn(each, active)}
            onRotate={() => void rotate(each)}
            onEnd={() => void end(each)}
          />
        )}
      </List>
      {secret === null ? null : (
        <Once title={text.webhookMade} secret={secret} onClose={() => setSecret(null)}>
          {text.webhookSecretOnce}
        </Once>
      )}
      {open === null ? null : (
        <Log key={open.endpoint} client={client} closed={closed} endpoint={open} onClose={() => setOpen(null)} />
      )}
      {terminals.length === 0 ? (
        <p class="office-detail">{text.needShop}</p>
      ) : (
        <AddWebhook busy={doing.busy} terminals={terminals} onAdd={add} />
      )}
    </>
  )
}

type RowProps = Readonly<{
  endpoint: Endpoint
  onLog: () => void
  onTest: () => void
  onTurn: (active: boolean) => void
  onRotate: () => void
  onEnd: () => void
}>

function EndpointRow({ endpoint, onLog, onTest, onTurn, onRotate, onEnd }: RowProps): JSX.Element {
  const text = useWords(webShopWords)
  const locale = useLocale()
  const { url, terminal, status, why, failingSince, waiting } = endpoint
  const isOff = status === 'off'
  const state = isOff
    ? text.off
    : failingSince === null
      ? text.works
      : text.failing(formatDateTime(failingSince, locale))
  const facts = [terminal.label, state, ...(waiting === 0 ? [] : [text.waiting(waiting)])]
  const faults = { failing: text.offFailing, gone: text.offGone, full: text.offFull, unreadable: text.unreadable }
  const acts: readonly Act[] = [
    { label: text.log, onPress: onLog },
    ...(isOff ? [] : [{ label: text.sendTest, onPress: onTest }]),
    { label: isOff ? text.switchOn : text.switchOff, onPress: () => onTurn(isOff) },
    { label: text.newSecret, onPress: onRotate },
    { label: text.endKey, onPress: onEnd },
  ]
  return (
    <Row name={url} facts={facts} acts={acts}>
      {why === null ? null : <Banner kind="trouble">{faults[why]}</Banner>}
    </Row>
  )
}

type LogProps = Readonly<{ client: Client; closed: () => void; endpoint: Endpoint; onClose: () => void }>

function Log({ client, closed, endpoint, onClose }: LogProps): JSX.Element {
  const text = useWords(webShopWords)
  const doing = useDoing(closed)
  const [deliveries, setDeliveries] = useState<readonly Delivery[] | null>(null)
  const know = (view: ShopView<'deliveries'>): void => setDeliveries(view.deliveries)
  const params = { endpoint: endpoint.endpoint }
  const look = (): Promise<boolean> => doing.run(callShop(client, 'deliveries', { params }), know)
  useEffect(() => {
    void look()
    const timer = setInterval(() => void look(), LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [])
  const resend = async ({ delivery }: Delivery): Promise<void> => {
    if (await doing.run(callShop(client, 'resend', { body: { ...params, delivery } }), know)) say(text.sentAgain)
  }
  return (
    <section class="one-time-code" aria-label={text.logOf(endpoint.url)}>
      <h3>{text.logOf(endpoint.url)}</h3>
      <Trouble problem={doing.problem} />
      <List
        label={text.log}
        items={deliveries ?? []}
        keyOf={({ delivery }) => delivery}
        empty={<p role="status">{deliveries === null ? text.loading : text.noLog}</p>}
      >
        {(delivery) => <DeliveryRow delivery={delivery} onAgain={() => void resend(delivery)} />}
      </List>
      <Button onPress={onClose}>{text.close}</Button>
    </section>
  )
}

function DeliveryRow({ delivery, onAgain }: Readonly<{ delivery: Delivery; onAgain: () => void }>): JSX.Element {
  const text = useWords(webShopWords)
  const locale = useLocale()
  const { type, state, attempts, createdAt, status, answer, deal } = delivery
  const at = formatDateTime(createdAt, locale)
  const states = { waiting: text.stateWaiting, delivered: text.stateDelivered, failed: text.stateFailed }
  const answered = attempts === 0 ? [] : [status === null ? text.noAnswer : String(status)]
  const facts = [
    states[state],
    text.tries(attempts),
    ...answered,
    ...(answer === null || answer === '' ? [] : [answer]),
  ]
  return (
    <Row
      name={`${text[type]} ${deal ?? at}`}
      title={`${text[type]} · ${at}`}
      facts={facts}
      acts={[{ label: text.again, onPress: onAgain }]}
    >
      {deal === null ? null : <span class="office-detail">{deal}</span>}
    </Row>
  )
}

type AddProps = Readonly<{
  busy: boolean
  terminals: Terminals
  onAdd: (url: string, terminal: string) => Promise<boolean>
}>

function AddWebhook({ busy, terminals, onAdd }: AddProps): JSX.Element {
  const text = useWords(webShopWords)
  const [url, setUrl] = useState('')
  const [chosen, setChosen] = useState('')
  const terminal = terminals.some(({ id }) => id === chosen) ? chosen : (terminals[0]?.id ?? '')
  const send = async (): Promise<void> => {
    if (url.trim() !== '' && (await onAdd(url.trim(), terminal))) setUrl('')
  }
  return (
    <form
      class="people-form"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Field label={text.address} hint={text.addressHint} value={url} onInput={setUrl} maxLength={URL_LENGTH} />
      <TerminalChoice terminals={terminals} value={terminal} onChange={setChosen} />
      <Button type="submit" busy={busy} disabled={url.trim() === ''}>
        {text.addWebhook}
      </Button>
    </form>
  )
}
