// The desk and its hub: reads, and commands that are sent once however often they are repeated.
import { operatorMay, type ActionKind, type OperatorRole } from '#core/actions.ts'
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
  /** May whoever sits here do this? What they may not is not offered. `ofOperator`: it is about somebody of the desk. */
  may(what: ActionKind, ofOperator?: boolean): boolean
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
  operatorBank: '/v1/operator/bank',
  operatorRules: '/v1/operator/rules',
  operators: '/v1/operator/operators',
  operatorClients: '/v1/operator/clients',
  creditCheck: '/v1/operator/credit-check',
  operatorRates: '/v1/operator/rates',
  ratesCheck: '/v1/operator/rates-check',
  operatorCardTables: '/v1/operator/card-tables',
  operatorCardFile: '/v1/operator/card-tables/file',
  cardTablesCheck: '/v1/operator/card-tables-check',
  operatorCardReport: '/v1/operator/card-report',
  reconcileCards: '/v1/operator/card-report-ask',
}

export const newCommand = (): string => `cmd_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`

/** `shut`: the passkey is asked for again. */
export function openHub(client: Client, role: OperatorRole, shut: () => void): Hub {
  const heard = <View>(outcome: Outcome<View>): Outcome<View> => {
    if (!outcome.ok && outcome.problem.code === 'passkey-needed') shut()
    return outcome
  }
  return {
    may: (what, ofOperator) => operatorMay(role, what, ofOperator),
    read: async (name, input) => heard(await read(client, name, input)),
    send: async (name, command, body) =>
      heard(
        await client.request({
          method: 'POST',
          path: `/v1/operator/commands/${name}`,
          access: 'signed',
          body: { command, ...body },
        }),
      ),
  }
}

/** Asks one of the desk's reads. */
export const read = <Name extends OperatorRouteName>(
  client: Client,
  name: Name,
  { params, query, body }: ReadInput = {},
): Promise<Outcome<OperatorRouteView<Name>>> =>
  client.request({
    method: body === undefined ? 'GET' : 'POST',
    path: READS[name].replace('{party}', params?.party ?? ''),
    access: 'token',
    ...(query && { query: stringsOf(query) }),
    ...(body && { body }),
  })

const stringsOf = (query: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  )
