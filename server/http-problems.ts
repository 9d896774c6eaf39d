// Every no of the HTTP server in one shape: problems from fastify, from ajv, from broken framing, and from bugs.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problemOf, type Problem, type ProblemCode } from '#protocol/problems.ts'
import { ALL_ROUTES } from '#protocol/routes.ts'
import { TooBusy } from '#switch/lanes.ts'
import { StoreUnavailable } from '#switch/store.ts'
import { problemOfValidation } from './border.ts'
import { JsonFault } from '#protocol/strict-json.ts'

export const isProblem = (value: object): value is Problem => 'status' in value && 'code' in value && 'next' in value

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 503) reply.header('retry-after', '1')
  if (problem.status === 429) reply.header('retry-after', '60')
  return reply.code(problem.status).type('application/problem+json; charset=utf-8').send(problem)
}

const BY_FASTIFY_CODE: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'type-unsupported',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'json-invalid',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request-invalid',
  FST_ERR_NOT_FOUND: 'route-not-found',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
}

const PATHS = ALL_ROUTES.map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/?]+')}(\\?|$)`),
}))

/** The methods that this address takes; none where there is nothing. */
export const methodsAt = (url: string): string[] =>
  PATHS.filter(({ pattern }) => pattern.test(url)).map(({ method }) => method)

/** What never became a request (broken framing, too long a head, too slow) gets a problem like any other no, and the connection ends. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const problem = problemOf(BY_NODE_CODE[error.code ?? ''] ?? 'request-invalid')
  const body = JSON.stringify(problem)
  if (!socket.writable) return void socket.destroy()
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      'content-type: application/problem+json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'x-content-type-options: nosniff',
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  )
}

const BY_NODE_CODE: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}

/** Bad input is never a 5xx; only the database being away or the hub being overrun is, and it says when to come back. */
export function problemOfError(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof StoreUnavailable) return problemOf('unavailable')
  if (error instanceof TooBusy) return problemOf('busy')
  if (error instanceof JsonFault) return problemOf('json-invalid', { fault: error.message })
  if (error instanceof Error) {
    const validation: unknown = Reflect.get(error, 'validation')
    const isQuery = Reflect.get(error, 'validationContext') === 'querystring'
    // Border: fastify hands on what ajv found.
    if (Array.isArray(validation))
      return problemOfValidation(validation as Parameters<typeof problemOfValidation>[0], isQuery)
    const known = BY_FASTIFY_CODE[String(Reflect.get(error, 'code'))]
    if (known !== undefined) return problemOf(known)
    const status: unknown = Reflect.get(error, 'statusCode')
    if (typeof status === 'number' && status >= 400 && status < 500) return problemOf('request-invalid')
  }
  request.log.error({ err: error }, 'a bug')
  return problemOf('unavailable')
}
