// /openapi.json and /docs: the contract for programs and the same for people, both made from the routes.
import type { FastifyInstance } from 'fastify'
import { openApi, problemsOf } from '#protocol/openapi.ts'
import { PROBLEMS } from '#protocol/problems.ts'
import { ALL_ROUTES, type Route } from '#protocol/routes.ts'

export function serveDocs(app: FastifyInstance, options: { version: string; publicUrl: string | null }): void {
  app.get('/openapi.json', async (request) =>
    openApi(options.publicUrl ?? `${request.protocol}://${request.host}`, options.version),
  )
  const page = docsPage(options.version)
  app.get('/docs', async (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
  app.get('/docs.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE))
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const ACCESS = {
  open: 'open to anybody',
  token: 'needs a session',
  signed: 'needs a signature by the session',
} as const

function docsPage(version: string): string {
  const nav = ALL_ROUTES.map(
    (route) => `<li><a href="#${anchor(route)}"><span>${route.method}</span> ${escaped(route.path)}</a></li>`,
  ).join('')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Warifu API</title><link rel="stylesheet" href="/docs.css"></head>
<body><header><h1>Warifu API <small>${escaped(version)}</small></h1>
<p>One number joins a shop’s terminal and a payer’s phone. Amounts are decimal-integer strings in the smallest part of their unit;
times are milliseconds since 1970. Every command carries an id its sender made and stored before sending: the same id gets the same answer for ever.
Machine-readable: <a href="/openapi.json">openapi.json</a>.</p></header>
<div class="columns"><nav aria-label="Routes"><ul>${nav}</ul></nav><main>${ALL_ROUTES.map(section).join('')}</main></div></body></html>`
}

const anchor = (route: Route): string => `${route.method}-${route.path}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

function section(route: Route): string {
  const who = route.who === undefined ? '' : `, for ${route.who}s`
  const problems = problemsOf(route)
    .map(
      (code) =>
        `<tr><td>${PROBLEMS[code][0]}</td><td><code>${code}</code></td><td>${escaped(PROBLEMS[code][1])} ${escaped(PROBLEMS[code][2])}</td></tr>`,
    )
    .join('')
  return `<section id="${anchor(route)}"><h2><span>${route.method}</span> ${escaped(route.path)}</h2>
<p>${escaped(route.summary)} <em>${ACCESS[route.access]}${who}</em></p>
${schemaBlock('Query', route.query)}${schemaBlock('Body', route.body)}${schemaBlock('Answer', route.response)}
<details><summary>Problems</summary><table><thead><tr><th>Status</th><th>Code</th><th>What it means and what to do</th></tr></thead><tbody>${problems}</tbody></table></details></section>`
}

const schemaBlock = (title: string, schema: unknown): string =>
  schema === undefined
    ? ''
    : `<details><summary>${title}</summary><pre tabindex="0">${escaped(shape(schema, ''))}</pre></details>`

type Schema = {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  pattern?: string
  description?: string
}

/** A schema as people read it: names, types, what a text must look like. */
function shape(given: unknown, indent: string): string {
  // Border: these are the JSON Schemas of protocol/, written by typebox.
  const schema = given as Schema
  const note = schema.description === undefined ? '' : `  // ${schema.description}`
  if (schema.anyOf !== undefined) return schema.anyOf.map((each) => shape(each, indent)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(' | ') + note
  if (schema.items !== undefined) return `[ ${shape(schema.items, indent)} … ]`
  if (schema.properties !== undefined) {
    const inner = `${indent}  `
    const rows = Object.entries(schema.properties).map(
      ([name, part]) => `${inner}${name}${schema.required?.includes(name) ? '' : '?'}: ${shape(part, inner)}`,
    )
    return rows.length === 0 ? '{}' : `{\n${rows.join('\n')}\n${indent}}`
  }
  const text = schema.type ?? 'anything'
  return `${text}${schema.pattern === undefined ? '' : ` ${schema.pattern}`}${note}`
}

const STYLE = `:root{color-scheme:light dark;--paper:light-dark(#FAF8F3,#171614);--ink:light-dark(#1B1A17,#F2EEE5);--soft:light-dark(#6B675E,#ABA599);--line:light-dark(#E4DFD3,#34312B);--seal:light-dark(#C73E1D,#F0765A)}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Hiragino Sans","Noto Sans JP",sans-serif}
header,main{padding:24px;max-width:900px}h1 small{color:var(--soft);font-weight:400}h2{font-size:18px;margin:40px 0 4px;overflow-wrap:anywhere}h2 span,nav span{color:var(--soft);font-size:14px;font-weight:400}
a{color:inherit;text-decoration-color:var(--seal);text-underline-offset:3px}em{color:var(--soft);font-style:normal}
.columns{display:grid;grid-template-columns:minmax(220px,300px) minmax(0,1fr)}nav{border-right:1px solid var(--line);padding:24px;font-size:14px}nav ul{list-style:none;margin:0;padding:0;position:sticky;top:24px}nav a{display:inline-block;padding:4px 0;text-decoration:none;overflow-wrap:anywhere}
pre{overflow:auto;border:1px solid var(--line);border-radius:10px;padding:16px;font-size:14px}summary{cursor:pointer;padding:8px 0;min-height:24px}
table{border-collapse:collapse;width:100%;font-size:14px}td,th{text-align:left;vertical-align:top;border-bottom:1px solid var(--line);padding:8px 12px 8px 0}
@media(max-width:800px){.columns{grid-template-columns:minmax(0,1fr)}nav{border-right:0;border-bottom:1px solid var(--line)}}`
