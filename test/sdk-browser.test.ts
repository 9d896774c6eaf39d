// The SDK in a real Chromium: key and commands in IndexedDB, PIN, and a passkey from the browser's own virtual authenticator.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { authHub, HUB, paymentView } from './support/auth-hub.ts'

/** What the page offers to the test. */
const PAGE = `
  import { openClient } from '#sdk/client.ts'
  import { enrol, loadIdentity } from '#sdk/identity.ts'
  import { approve } from '#sdk/approval.ts'
  import { setPin, withPin } from '#sdk/scram.ts'
  import { createPasskey, passkeysPossible, withPasskey } from '#sdk/passkey.ts'
  import { indexedDbStorage } from '#sdk/storage.ts'
  const hub = location.origin
  const open = (name) => openClient({ hub, storage: indexedDbStorage(name) })
  globalThis.sdk = {
    enrol: (name, code) => enrol({ hub, storage: indexedDbStorage(name), code, label: name }),
    whoIs: async (name) => (await loadIdentity(indexedDbStorage(name)))?.self.id,
    isExtractable: async (name) => (await indexedDbStorage(name).get('identity')).privateKey.extractable,
    setPin: (name, pin) => setPin(open(name), pin),
    approveWithPin: (name, view, pin) => approve(open(name), view, withPin(pin)),
    leaveUnsent: (name) => indexedDbStorage(name).set('command cmd_' + 'a'.repeat(32), { id: 'cmd_' + 'a'.repeat(32), name: 'attend', body: {}, at: 1 }),
    resume: async (name) => (await open(name).resume()).length,
    possible: (scheme) => passkeysPossible(scheme),
    createPasskey: (name) => createPasskey(open(name)),
    approveWithPasskey: (name, view) => approve(open(name), view, withPasskey),
  }
`

let browser: Browser | undefined
after(() => browser?.close())

test('two phones in one browser keep their own keys over a reload, and prove their owners by PIN and passkey', async () => {
  const hub = authHub({ clock: { now: Date.now() } })
  browser = await launchBrowser()
  const page = await browser.newPage()
  await serve(page, hub)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasUserVerification: true,
      isUserVerified: true,
      hasResidentKey: true,
    },
  })
  const ask = (call: string, ...values: unknown[]): Promise<unknown> =>
    page.evaluate(`sdk.${call}(${values.map((value) => JSON.stringify(value)).join(', ')})`)
  await page.goto(HUB)
  const codes = [await hub.deviceCode(), await hub.deviceCode()]
  const account = hub.accountOf('Hanako')
  await ask('enrol', 'kenji', codes[0])
  await ask('enrol', 'hanako', codes[1])
  await ask('leaveUnsent', 'hanako')
  const before = [await ask('whoIs', 'kenji'), await ask('whoIs', 'hanako')]
  assert.equal(new Set(before).size, 2)

  await page.reload()
  assert.deepEqual([await ask('whoIs', 'kenji'), await ask('whoIs', 'hanako')], before)
  assert.equal(await ask('isExtractable', 'hanako'), false)
  assert.equal(await ask('resume', 'hanako'), 1)
  assert.equal(await ask('resume', 'hanako'), 0)

  assert.deepEqual(await ask('setPin', 'hanako', '20481024'), { ok: true, view: { done: true } })
  const view = paymentView(account)
  await ask('approveWithPin', 'hanako', view, '20481024')
  await ask('approveWithPin', 'hanako', view, '20481025')
  assert.deepEqual(await ask('possible', hub.scheme()), { possible: true })
  assert.deepEqual(await ask('possible', { ...hub.scheme(), hostName: null }), {
    possible: false,
    reason: 'no-host-name',
  })
  assert.deepEqual(await ask('possible', { ...hub.scheme(), hostName: 'example.com' }), {
    possible: false,
    reason: 'other-host',
  })
  assert.deepEqual(await ask('createPasskey', 'hanako'), { ok: true, view: { done: true } })
  await ask('approveWithPasskey', 'hanako', view)
  const proofs = [...hub.decided.values()].map(({ proof }) => proof)
  assert.deepEqual(proofs, [undefined, 'right', 'wrong', 'right'])
})

/** Answers all that the page asks of the hub's origin; nothing leaves the machine. */
async function serve(page: Page, hub: ReturnType<typeof authHub>): Promise<void> {
  const bundle = await build({
    stdin: { contents: PAGE, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  const html = `<!doctype html><title>sdk</title><script type="module">${bundle.outputFiles[0]?.text ?? ''}</script>`
  await page.route(`${HUB}/**`, async (route, request) => {
    const { pathname: path, search } = new URL(request.url())
    if (path === '/') return route.fulfill({ contentType: 'text/html', body: html })
    if (!path.startsWith('/v1/')) return route.fulfill({ status: 404, body: '' })
    const answer = await hub.handle({
      method: request.method(),
      path,
      query: search.slice(1),
      headers: await request.allHeaders(),
      rawBody: request.postDataBuffer(),
      address: '127.0.0.1',
    })
    return route.fulfill({ status: answer.status, json: answer.body })
  })
}
