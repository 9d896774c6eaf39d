// The kit as people meet it: the gallery in a real Chromium under the strict content policy of the apps.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { build } from 'esbuild'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { axeViolations, launchBrowser, writeQrVideo } from './browser.ts'

const contentPolicy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'"
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
}
const codeText = 'https://hub.example/j/4f8a0c2e9b7d41f6a35c8e1d2b907f64'

let folder = ''
let origin = ''
let server: Server
let browser: Browser

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ui-kit-'))
  await buildGallery(folder)
  server = await serve(folder)
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  origin = `http://127.0.0.1:${address.port}`
  const cameraVideo = join(folder, 'code.y4m')
  await writeQrVideo(cameraVideo, codeText)
  browser = await launchBrowser({ cameraVideo })
})

after(async () => {
  await browser?.close()
  server?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('the kit', () => {
  for (const [locale, colorScheme, width] of [
    ['en-GB', 'light', 1024],
    ['ja-JP', 'dark', 1024],
    ['ja-JP', 'light', 360],
    ['en-GB', 'dark', 360],
  ] as const) {
    it(`has nothing axe-core finds wrong: ${locale}, ${colorScheme}, ${width} px`, async () => {
      await onGallery({ locale, colorScheme, viewport: { width, height: 740 } }, async (page) => {
        assert.equal(await page.locator('html').getAttribute('lang'), locale.slice(0, 2))
        assert.deepEqual(await axeViolations(page), [])
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'nothing sticks out')
      })
    })
  }

  it('makes a screen of a phone that begins at its question and has its answers in view', async () => {
    await onGallery({ viewport: { width: 360, height: 740 } }, async (page) => {
      await page.goto(`${origin}/#screen`)
      await page.reload()
      const question = page.getByRole('heading', { level: 1, name: 'Pay Marubeni Bakery?' })
      await question.waitFor()
      assert.equal(await question.evaluate((element) => element === document.activeElement), true)
      for (const name of ['Pay ¥1,280', 'Decline']) {
        const box = await page.getByRole('button', { name }).boundingBox()
        assert(box !== null && box.y + box.height <= 740, name)
      }
      assert.deepEqual(await axeViolations(page), [])
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'nothing sticks out')
    })
  })

  it('has targets of 44 px and fits a phone in large print', async () => {
    await onGallery({ viewport: { width: 360, height: 740 } }, async (page) => {
      await page.getByRole('radio', { name: 'Large' }).check()
      assert.equal(await page.locator('html').getAttribute('data-print'), 'large')
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'nothing sticks out')
      const small = await page.evaluate(() =>
        [...document.querySelectorAll('button, summary, .segment, .switch, .field-input, .pin-box')]
          .map((element) => ({ html: element.outerHTML.slice(0, 80), box: element.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44))
          .map(({ html, box }) => `${html} is ${box.width} × ${box.height}`),
      )
      assert.deepEqual(small, [])
    })
  })

  it('takes an amount from the keys of the machine, also full-width ones, and Enter says done', async () => {
    await onGallery({}, async (page) => {
      const amount = page.locator('[data-shows=amount] .hidden')
      for (const key of ['Delete', '0', '5', '5']) await page.keyboard.press(key)
      await amount.getByText('¥55', { exact: true }).waitFor()
      await page.keyboard.press('Backspace')
      await page.evaluate(() => window.dispatchEvent(new KeyboardEvent('keydown', { key: '８' })))
      await amount.getByText('¥58', { exact: true }).waitFor()
      await page.keyboard.press('Enter')
      await page.locator('[data-shows=entered]').getByText('58', { exact: true }).waitFor()
    })
  })

  it('takes an amount from a finger, and a finger on a key leaves Enter to mean done', async () => {
    await onGallery({}, async (page) => {
      const keypad = page.getByRole('group', { name: 'Amount' })
      for (const name of ['Clear', '7', '00', '0', 'Delete last digit']) {
        await keypad.getByRole('button', { name, exact: true }).click()
      }
      await page.keyboard.press('Enter')
      await page.locator('[data-shows=entered]').getByText('700', { exact: true }).waitFor()
    })
  })

  it('leaves digits typed into a field to the field', async () => {
    await onGallery({}, async (page) => {
      await page.getByLabel('Your name').pressSequentially('Bar 21')
      assert.equal(await page.getByLabel('Your name').inputValue(), 'Bar 21')
      await page.locator('[data-shows=amount] .hidden').getByText('¥1,280', { exact: true }).waitFor()
    })
  })

  it('reads a payment number out digit by digit', async () => {
    await onGallery({}, async (page) => {
      await page.getByText('Payment number: 4 8 2 0 5 1 7', { exact: true }).waitFor({ state: 'attached' })
    })
  })

  it('keeps only digits of a PIN and hides them', async () => {
    await onGallery({}, async (page) => {
      const pin = page.getByRole('textbox', { name: 'PIN' })
      await pin.fill('')
      await pin.pressSequentially('1a２3')
      assert.equal(await pin.inputValue(), '123')
      assert.equal(await page.locator('.pin-dot-full').count(), 3)
      assert.equal(await pin.getAttribute('type'), 'password')
      assert.equal(await pin.getAttribute('autocomplete'), 'off')
    })
  })

  it('opens a sheet, keeps the focus in it, closes it with Esc and gives the focus back', async () => {
    await onGallery({}, async (page) => {
      const opener = page.getByRole('button', { name: 'Open a sheet' })
      await opener.click()
      const sheet = page.getByRole('dialog', { name: 'Not this person?' })
      await sheet.waitFor()
      assert.deepEqual(await axeViolations(page), [])
      await page.keyboard.press('Escape')
      await sheet.waitFor({ state: 'hidden' })
      assert.equal(await opener.evaluate((element) => element === document.activeElement), true)
    })
  })

  it('keeps language and theme for the next visit, and says them on the page', async () => {
    await onGallery({}, async (page) => {
      await page.getByRole('radio', { name: '日本語' }).check()
      await page.getByRole('radio', { name: 'ダーク' }).check()
      await page.reload()
      await page.getByRole('heading', { name: '割符' }).waitFor()
      assert.equal(await page.locator('html').getAttribute('lang'), 'ja')
      assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
      assert.equal(
        await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
        'rgb(23, 22, 20)',
      )
    })
  })

  it('puts the seal on both halves and says so', async () => {
    await onGallery({}, async (page) => {
      const sealed = page.getByRole('img', { name: /^(Left|Right) half of tally .*, sealed$/u })
      assert.equal(await sealed.count(), 0)
      await page.getByRole('button', { name: 'Put the seal on' }).click()
      await sealed.nth(1).waitFor()
      assert.equal(await page.locator('.tally-half .tally-seal').count(), 2)
    })
  })

  it('moves nothing under reduced motion', async () => {
    await onGallery({ reducedMotion: 'reduce' }, async (page) => {
      await page.getByRole('button', { name: 'Put the seal on' }).click()
      await page.locator('.tally-half .tally-seal').first().waitFor()
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0)
    })
  })

  it('reads a QR code with the camera, once, and lets go of the camera', async () => {
    await onGallery({ permissions: ['camera'] }, async (page) => {
      await page.getByRole('button', { name: 'Open the camera' }).click()
      await page.locator('[data-shows=read]').getByText(codeText, { exact: true }).waitFor()
      // The element is taken off the page with the scanner; its tracks are asked for before.
      const tracks = await page.evaluateHandle(() => {
        const stream = document.querySelector('video')?.srcObject
        return stream instanceof MediaStream ? stream.getTracks() : []
      })
      assert.deepEqual(await tracks.evaluate((all) => all.map((track) => track.readyState)), ['live'])
      await page.getByRole('button', { name: 'Close the camera' }).click()
      await page.locator('video').waitFor({ state: 'detached' })
      // Waited for: the scanner is taken down a moment after its element.
      await page.waitForFunction((all) => all.every((track) => track.readyState === 'ended'), tracks)
    })
  })

  it('says what to do where the camera is refused', async () => {
    await onGallery({}, async (page) => {
      await page.evaluate(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))
      })
      await page.getByRole('button', { name: 'Open the camera' }).click()
      await page.getByText('The camera is not allowed on this page.').waitFor()
      assert.deepEqual(await axeViolations(page), [])
    })
  })
})

/** Opens the gallery in a browser profile of its own; a word on the console or a breach of the content policy fails. */
async function onGallery(options: BrowserContextOptions, story: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1024, height: 768 }, ...options })
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    const complaints: string[] = []
    page.on('console', (message) => {
      if (['warning', 'error'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(origin)
    await page
      .locator('main')
      .waitFor()
      .catch(() => assert.fail(`the gallery did not appear: ${complaints.join(' ')}`))
    // The halves have come together before anything is judged: axe sees half-faded text as too pale.
    await page.waitForFunction(() =>
      document
        .getAnimations()
        .every((animation) => !(animation instanceof CSSAnimation) || animation.animationName === 'turn'),
    )
    await story(page)
    assert.deepEqual(complaints, [])
  } finally {
    await context.close()
  }
}

async function buildGallery(into: string): Promise<void> {
  const ui = join(import.meta.dirname, '..', 'ui')
  await build({
    entryPoints: [join(ui, 'gallery', 'gallery.tsx'), join(ui, 'gallery', 'gallery.css')],
    outdir: into,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'silent',
  })
}

async function serve(from: string): Promise<Server> {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  const page = join(import.meta.dirname, '..', 'ui', 'gallery', 'index.html')
  const started = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '/')
    const file = path === '/assets/zxing_reader.wasm' ? wasm : path === '/index.html' ? page : join(from, path.slice(1))
    readFile(file).then(
      (body) =>
        response
          .writeHead(200, {
            'content-type': types[extname(file)] ?? 'application/octet-stream',
            'content-security-policy': contentPolicy,
          })
          .end(body),
      // A browser asks for /favicon.ico by itself.
      () => response.writeHead(path === '/favicon.ico' ? 204 : 404).end(),
    )
  })
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
  return started
}
