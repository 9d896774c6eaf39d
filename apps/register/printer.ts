// The register's printer: the browser's print dialog, or a receipt printer at a serial port (Web Serial) or USB (WebUSB) that gets ESC/POS.
import { fromBase64url, toHex } from '#core/bytes.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Paper } from '#protocol/receipts.ts'
import type { Client } from '#sdk/client.ts'
import { callReceipts } from '#sdk/receipts.ts'
import { printPage } from '#apps/shared/print-page.ts'
import type { Locale } from '#ui/i18n.ts'

export const PRINTERS = ['browser', 'serial', 'usb'] as const
export type PrinterSettings = Readonly<{
  by: (typeof PRINTERS)[number]
  paper: Paper
  language: Locale
  cut: boolean
  drawer: boolean
  /** bits a second of a serial port */
  speed: number
}>

export const SPEEDS = [9_600, 38_400, 115_200] as const

/** What came of it: whether the paper says that it is a copy; or who has to do something. */
export type Printed = Readonly<{ isCopy: boolean }> | Readonly<{ problem: Problem }> | 'no-printer' | 'printer-failed'

const STORAGE = 'warifu.printer'
/** Some printers take no more at once. */
const USB_CHUNK = 4_096
const PRINTER_CLASS = 7

/** What this browser can print with. */
export const printersHere = (): PrinterSettings['by'][] => [
  'browser',
  ...(serialOf() === undefined ? [] : (['serial'] as const)),
  ...(usbOf() === undefined ? [] : (['usb'] as const)),
]

/** As they were set at this register; `locale` is the language where none was. */
export function readPrinter(locale: Locale): PrinterSettings {
  const kept = keptObject()
  const by = printersHere().find((known) => known === kept.by) ?? 'browser'
  return {
    by,
    paper: kept.paper === '58' ? '58' : '80',
    language: kept.language === 'ja' || kept.language === 'en' ? kept.language : locale,
    cut: kept.cut !== false,
    drawer: kept.drawer === true,
    speed: SPEEDS.find((known) => known === kept.speed) ?? SPEEDS[0],
  }
}

export const keepPrinter = (settings: PrinterSettings): void => {
  try {
    localStorage.setItem(STORAGE, JSON.stringify(settings))
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function keptObject(): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(localStorage.getItem(STORAGE) ?? '{}')) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}

/** By payment, while its paper has not come out: the same printing is asked for again, and stays the original. */
const underWay = new Map<string, string>()

/** Prints the receipt of a payment. A printer is opened first, so that no original is used up where there is none. */
export async function printReceipt(
  client: Pick<Client, 'request'>,
  payment: string,
  settings: PrinterSettings,
): Promise<Printed> {
  const { by, paper, language, cut, drawer } = settings
  const print = underWay.get(payment) ?? newPrint()
  underWay.set(payment, print)
  const ask = (form: 'page' | 'escpos') =>
    callReceipts(client, 'printReceipt', { body: { payment, print, form, paper, language, cut, drawer } })
  if (by === 'browser') {
    const asked = await ask('page')
    if (!asked.ok) return { problem: asked.problem }
    const isThere = await printPage(asked.view.page).then(
      () => true,
      () => false,
    )
    if (!isThere) return { problem: problemOf('no-answer') }
    underWay.delete(payment)
    return { isCopy: asked.view.isCopy }
  }
  const printer = await (by === 'serial' ? openSerial(settings.speed) : openUsb()).catch(() => undefined)
  if (printer === undefined) return 'no-printer'
  try {
    const asked = await ask('escpos')
    if (!asked.ok) return { problem: asked.problem }
    await printer.write(fromBase64url(asked.view.bytes ?? '') ?? new Uint8Array())
    underWay.delete(payment)
    return { isCopy: asked.view.isCopy }
  } catch {
    // Out of paper, cable pulled: the library of the browser says it in words of its own.
    return 'printer-failed'
  } finally {
    await printer.close().catch(() => undefined)
  }
}

const newPrint = (): string => toHex(crypto.getRandomValues(new Uint8Array(16)))

type Printer = Readonly<{ write(bytes: Uint8Array<ArrayBuffer>): Promise<void>; close(): Promise<void> }>

// Border: TypeScript's types of the browser have neither of these; this is the part of them that is used.
type SerialPort = Readonly<{
  open(options: { baudRate: number }): Promise<void>
  writable: WritableStream<Uint8Array> | null
  close(): Promise<void>
}>
type Serial = Readonly<{ getPorts(): Promise<SerialPort[]>; requestPort(): Promise<SerialPort> }>
type UsbEndpoint = Readonly<{ endpointNumber: number; direction: 'in' | 'out' }>
type UsbInterface = Readonly<{
  interfaceNumber: number
  alternates: readonly Readonly<{ interfaceClass: number; endpoints: readonly UsbEndpoint[] }>[]
}>
type UsbDevice = Readonly<{
  configuration: Readonly<{ interfaces: readonly UsbInterface[] }> | null
  open(): Promise<void>
  selectConfiguration(value: number): Promise<void>
  claimInterface(number: number): Promise<void>
  transferOut(endpoint: number, data: Uint8Array<ArrayBuffer>): Promise<Readonly<{ status?: string }>>
  close(): Promise<void>
}>
type Usb = Readonly<{
  getDevices(): Promise<UsbDevice[]>
  requestDevice(options: { filters: readonly { classCode: number }[] }): Promise<UsbDevice>
}>

const serialOf = (): Serial | undefined => (navigator as { serial?: Serial }).serial
const usbOf = (): Usb | undefined => (navigator as { usb?: Usb }).usb

/** The port that was chosen before, else the one that the cashier chooses now. Throws where there is none. */
async function openSerial(baudRate: number): Promise<Printer> {
  const serial = serialOf()
  const port = (await serial?.getPorts())?.[0] ?? (await serial?.requestPort())
  if (port === undefined) throw new Error('no serial ports here')
  await port.open({ baudRate })
  return {
    async write(bytes) {
      const writer = port.writable?.getWriter()
      if (writer === undefined) throw new Error('the port takes nothing')
      try {
        await writer.write(bytes)
      } finally {
        writer.releaseLock()
      }
    },
    close: () => port.close(),
  }
}

/** The same of USB: whatever says that it is a printer. */
async function openUsb(): Promise<Printer> {
  const usb = usbOf()
  const device =
    (await usb?.getDevices())?.[0] ?? (await usb?.requestDevice({ filters: [{ classCode: PRINTER_CLASS }] }))
  if (device === undefined) throw new Error('no USB here')
  await device.open()
  try {
    if (device.configuration === null) await device.selectConfiguration(1)
    const place = (device.configuration?.interfaces ?? []).flatMap(({ interfaceNumber, alternates }) =>
      alternates
        .filter(({ interfaceClass }) => interfaceClass === PRINTER_CLASS)
        .flatMap(({ endpoints }) => endpoints)
        .filter(({ direction }) => direction === 'out')
        .map(({ endpointNumber }) => ({ interfaceNumber, endpointNumber })),
    )[0]
    if (place === undefined) throw new Error('it takes no bytes')
    await device.claimInterface(place.interfaceNumber)
    return {
      async write(bytes) {
        for (let at = 0; at < bytes.length; at += USB_CHUNK) {
          const { status } = await device.transferOut(place.endpointNumber, bytes.slice(at, at + USB_CHUNK))
          if (status !== undefined && status !== 'ok') throw new Error(status)
        }
      },
      close: () => device.close(),
    }
  } catch (error) {
    await device.close().catch(() => undefined)
    throw error
  }
}
