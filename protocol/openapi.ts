// OpenAPI 3.1, made from the very routes and schemas that the server checks with.
import { ALL_ROUTES, type Route } from './routes.ts'
import { PROBLEMS, type ProblemCode } from './problems.ts'
import { ProblemView } from './views.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** The document for a hub at `server` (its origin). */
export function openApi(server: string, version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ALL_ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Warifu',
      version,
      summary: "Joins a shop's terminal and a payer's phone by one number, moves the money at once and tells both.",
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    paths,
    components: {
      schemas: { Problem: ProblemView },
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description:
            "A key of a shop's server (wk_…), in the place of token and signature on the routes that its scopes name.",
        },
        token: {
          type: 'http',
          scheme: 'bearer',
          description: "The session's token: reads for ten minutes, changes nothing.",
        },
        signed: {
          type: 'apiKey',
          in: 'header',
          name: 'Signature',
          description:
            'RFC 9421 signature sig1 with hmac-sha256 under the session key over "@method" "@path" "@query" "content-digest"; keyid is the session.',
        },
      },
    },
  }
}

const DESCRIPTION = [
  'Amounts are decimal-integer strings in the smallest part of their unit. Times are milliseconds since 1970.',
  'Every command carries `command`, an id its sender made and stored before sending: the same id gets the same answer for ever, so an unanswered command is simply sent again.',
  'Every no is an RFC 9457 problem with a stable `code`. 503 with Retry-After is the only 5xx.',
  'Views are watched over the WebSocket `/v1/watch`: `{"type":"hello","token":…}`, then `{"type":"watch","topic":"terminal"}`; each message holds a whole view with its version.',
].join('\n\n')

/** Problems every route may answer, by what it asks of its caller. */
const ALWAYS: readonly ProblemCode[] = ['unavailable', 'busy', 'request-invalid']
const WITH_BODY: readonly ProblemCode[] = [
  'json-invalid',
  'field-invalid',
  'unknown-field',
  'amount-invalid',
  'id-invalid',
  'text-invalid',
  'card-number-in-text',
  'type-unsupported',
  'too-large',
]
const WITH_QUERY: readonly ProblemCode[] = ['field-invalid', 'unknown-field', 'card-number-in-text']
const WITH_SESSION: readonly ProblemCode[] = [
  'session-needed',
  'session-ended',
  'not-allowed',
  'key-unknown',
  'scope-missing',
]
const WITH_SIGNATURE: readonly ProblemCode[] = [
  'signature-needed',
  'signature-wrong',
  'session-ended',
  'not-allowed',
  'key-unknown',
  'scope-missing',
]

/** The codes a route may answer. */
export function problemsOf(route: Route): ProblemCode[] {
  const codes = [
    ...ALWAYS,
    ...(route.body === undefined ? [] : WITH_BODY),
    ...(route.query === undefined ? [] : WITH_QUERY),
    ...(route.access === 'token' ? WITH_SESSION : []),
    ...(route.access === 'signed' ? WITH_SIGNATURE : []),
    ...(route.problems as readonly ProblemCode[]),
  ]
  return [...new Set(codes)]
}

function operation(route: Route): Record<string, unknown> {
  const responses: Record<string, unknown> = {
    200: {
      description: 'Done, or the view asked for.',
      content: { [route.type ?? 'application/json']: { schema: route.response } },
    },
  }
  const byStatus = Map.groupBy(problemsOf(route), (code) => PROBLEMS[code][0])
  for (const [status, codes] of [...byStatus].toSorted(([left], [right]) => left - right)) {
    responses[status] = {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join('\n\n'),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }
  }
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.path.startsWith('/v1/commands/') ? (route.who ?? 'commands') : 'reading and enrolling'],
    ...(route.access !== 'open' && { security: [{ [route.access]: [] }] }),
    ...parametersOf(route),
    ...(route.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: route.body } } },
    }),
    responses,
  }
}

/** 'POST /v1/commands/open-offer' → 'postCommandsOpenOffer'. */
const operationId = (route: Route): string =>
  [route.method.toLowerCase(), ...route.path.replace(/^\/(v1\/)?/, '').split(/[^A-Za-z0-9]+/)]
    .filter((word) => word !== '')
    .map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
    .join('')

function parametersOf(route: Route): { parameters?: Json[] } {
  const of = (schema: unknown, place: string): Json[] => {
    const { properties = {}, required = [] } = (schema ?? {}) as {
      properties?: Record<string, Json>
      required?: string[]
    }
    return Object.entries(properties).map(([name, part]) => ({
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      schema: part,
    }))
  }
  const parameters = [...of(route.params, 'path'), ...of(route.query, 'query')]
  return parameters.length === 0 ? {} : { parameters }
}
