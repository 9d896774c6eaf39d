// The desk and its hub: reads, and commands that are sent once however often they are repeated.
import { toHex } from '#core/bytes.ts'
import type {
  OperatorAnswerView,
  OperatorCommandBody,
  OperatorCommandName,
  OperatorRouteName,
  OperatorRouteView,
} from '#protocol/operator.ts'
import type { Client } from '#sdk/client.ts'
import type { Outcome } from '#sdk/outcome.ts'

export type Body<Name extends OperatorCommandName> = Omit<OperatorCommandBody<Name>, 'command'>

export type Hub = Readonly<{
  read<Name extends OperatorRouteName>(name: Name, input?: ReadInput): Promise<Outcome<OperatorRouteView<Name>>>
  /** `command` is kept by the asker until there is an answer, so that asking again never does a thing twice. */
  send<Name extends OperatorCommandName>(
    name: Name,
    command: string,
    body: Body<Name>,
  ): Promise<Outcome<OperatorAnswerView>>
}>

type ReadInput = Readonly<{ params?: Readonly<{ party: string }>; query?: object; body?: object }>

/** The addresses of protocol/operator.ts, which itself stays out of the browser with its schemas. */
const READS: Readonly<Record<OperatorRouteName, string>> = {
  operatorParties: '/v1/operator/parties',
  operatorParty: '/v1/operator/parties/{party}',
  operatorActions: '/v1/operator/actions',
  operatorHeads: '/v1/operator/heads',
  operatorRules: '/v1/operator/rules',
  operators: '/v1/operator/operators',
  creditCheck: '/v1/operator/credit-check',
}

export const newCommand = (): string => `cmd_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`

export const openHub = (client: Client): Hub => ({
  read: (name, { params, query, body } = {}) =>
    client.request({
      method: body === undefined ? 'GET' : 'POST',
      path: READS[name].replace('{party}', params?.party ?? ''),
      access: 'token',
      ...(query && { query: stringsOf(query) }),
      ...(body && { body }),
    }),
  send: (name, command, body) =>
    client.request({
      method: 'POST',
      path: `/v1/operator/commands/${name}`,
      access: 'signed',
      body: { command, ...body },
    }),
})

const stringsOf = (query: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  )
