// The shop's pages, in the language that the browser prefers. Their one script is /shop.js; the number and QR are the hub's component.
import { createHash } from 'node:crypto'
import { GOODS, yen, type Language } from './goods.ts'
import type { Order } from './orders.ts'

const WORDS = {
  en: {
    shop: 'Bakery online',
    add: 'Add',
    basket: 'Your basket',
    empty: 'Nothing in it yet.',
    checkout: 'Order and pay by phone',
    order: 'Your order',
    total: 'Total',
    confirmed: 'Confirmed. We bake it for tomorrow.',
    notYet: 'We begin to bake when it is paid.',
    refunded: (amount: string) => `${amount} went back to you.`,
    back: 'Back to the shop',
    nothing: 'Nothing here',
    clerk: 'Orders',
    password: 'Password',
    enter: 'Enter',
    wrong: 'That is not the password.',
    refund: (amount: string) => `Give back ${amount}`,
    none: 'No orders yet.',
    failed: 'That did not work. Try again in a moment.',
    states: { waiting: 'waiting', confirmed: 'paid', refunded: 'given back', ended: 'not paid' },
  },
  ja: {
    shop: 'パン屋の通販',
    add: '追加',
    basket: '買い物かご',
    empty: 'まだ何も入っていません。',
    checkout: '注文してスマートフォンで支払う',
    order: 'ご注文',
    total: '合計',
    confirmed: 'ご注文を承りました。明日お焼きします。',
    notYet: 'お支払いのあとにお焼きします。',
    refunded: (amount: string) => `${amount}を返金しました。`,
    back: 'お店に戻る',
    nothing: 'ページがありません',
    clerk: '注文一覧',
    password: 'パスワード',
    enter: '入る',
    wrong: 'パスワードが違います。',
    refund: (amount: string) => `${amount}を返金する`,
    none: 'まだ注文がありません。',
    failed: 'うまくいきませんでした。少し待ってからお試しください。',
    states: { waiting: '支払い待ち', confirmed: '支払い済み', refunded: '返金済み', ended: '支払われず' },
  },
} as const

/** The first language of the header that the shop speaks. */
export function languageOf(header: string | undefined): Language {
  const wanted = (header ?? '').split(',').map((part) => part.trim().slice(0, 2))
  return wanted.find((tag): tag is Language => tag === 'en' || tag === 'ja') ?? 'en'
}

const STYLE = `
:root { color-scheme: light dark; background: Canvas; color: CanvasText; font-family: system-ui, "Hiragino Sans", "Noto Sans JP", sans-serif; line-height: 1.5 }
main { max-width: 40rem; margin: 4vh auto; padding: 0 1rem }
ul { list-style: none; padding: 0 } li { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; justify-content: space-between; min-height: 3rem }
button, input { font: inherit; min-height: 44px; padding: .4rem 1rem } a { color: LinkText }
warifu-pay { display: block; margin: 1.5rem auto }`

export type Page = Readonly<{ html: string; policy: string }>

/** A page, and a content policy that names the shop itself, its one style and the hub's component. */
function pageIn(hub: string, language: Language, title: string, body: string): Page {
  const html = `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escaped(title)}</title><style>${STYLE}</style><script src="${escaped(hub)}/component/warifu-pay.js" async></script><script src="/shop.js" defer></script></head><body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`
  const policy = `default-src 'none'; script-src 'self' ${hub}; connect-src 'self'; img-src data:; style-src 'sha256-${hashOf(STYLE)}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
  return { html, policy }
}

export function shopPage(hub: string, language: Language): Page {
  const words = WORDS[language]
  const goods = GOODS.map(
    ({ code, price, name }) =>
      `<li><span>${escaped(name[language])}</span><span>${yen(price)}</span><button type="button" data-add="${code}" data-name="${escaped(name[language])}" aria-label="${words.add}: ${escaped(name[language])}">${words.add}</button></li>`,
  ).join('')
  return pageIn(
    hub,
    language,
    words.shop,
    `<ul>${goods}</ul><h2>${words.basket}</h2><p id="empty">${words.empty}</p><ul id="basket"></ul><p id="trouble" role="alert" data-text="${words.failed}"></p><button type="button" id="checkout" hidden>${words.checkout}</button>`,
  )
}

export function orderPage(hub: string, language: Language, order: Order): Page {
  const words = WORDS[language]
  const lines = order.bill.lines
    .map(
      ({ text, quantity, amount }) => `<li><span>${escaped(text)} × ${quantity}</span><span>${yen(amount)}</span></li>`,
    )
    .join('')
  const refunded = (order.view?.refunds ?? []).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  const said = order.confirmedBy === null ? words.notYet : words.confirmed
  return pageIn(
    hub,
    language,
    words.order,
    `<ul>${lines}<li><b>${words.total}</b><b>${yen(order.bill.total)}</b></li></ul><p id="said" role="status">${refunded > 0n ? words.refunded(yen(String(refunded))) : said}</p><warifu-pay src="/orders/${order.id}/state"></warifu-pay><p><a href="/">${words.back}</a></p>`,
  )
}

export function clerkPage(hub: string, language: Language, orders: readonly Order[]): Page {
  const words = WORDS[language]
  const rows = orders.map((order) => {
    const { id, bill, view, confirmedBy } = order
    const isRefunded = (view?.refunds.length ?? 0) > 0
    const isOver = view?.state === 'ended' || view?.state === 'withdrawn'
    const state = isRefunded ? 'refunded' : confirmedBy !== null ? 'confirmed' : isOver ? 'ended' : 'waiting'
    const button =
      state === 'confirmed' && view?.state === 'settled'
        ? `<form method="post" action="/clerk/refund"><input type="hidden" name="order" value="${id}"><button>${words.refund(yen(bill.total))}</button></form>`
        : ''
    return `<li><span>${escaped(bill.lines.map(({ text, quantity }) => `${text} × ${quantity}`).join(', '))}</span><span>${yen(bill.total)} · ${words.states[state]}</span>${button}</li>`
  })
  const list = rows.length === 0 ? `<p>${words.none}</p>` : `<ul>${rows.join('')}</ul>`
  return pageIn(hub, language, words.clerk, list)
}

export function passwordPage(hub: string, language: Language, isWrong: boolean): Page {
  const words = WORDS[language]
  const wrong = isWrong ? `<p role="alert">${words.wrong}</p>` : ''
  return pageIn(
    hub,
    language,
    words.clerk,
    `${wrong}<form method="post" action="/clerk"><label>${words.password} <input type="password" name="password" autocomplete="current-password"></label> <button>${words.enter}</button></form>`,
  )
}

export const nothingPage = (hub: string, language: Language): Page =>
  pageIn(hub, language, WORDS[language].nothing, `<p><a href="/">${WORDS[language].back}</a></p>`)

/** The one script: the basket, which lives in the buyer's browser, and what the order's page does when something happens. */
export const SCRIPT = `
const key = 'basket'
const read = () => JSON.parse(localStorage.getItem(key) ?? '{}')
const list = document.querySelector('#basket')
const checkout = document.querySelector('#checkout')
const show = () => {
  if (!list) return
  const basket = read()
  const rows = [...document.querySelectorAll('[data-add]')].filter(({ dataset }) => basket[dataset.add] > 0)
  list.replaceChildren(...rows.map(({ dataset }) => {
    const row = document.createElement('li')
    row.textContent = dataset.name + ' × ' + basket[dataset.add]
    return row
  }))
  document.querySelector('#empty').hidden = rows.length > 0
  checkout.hidden = rows.length === 0
}
for (const button of document.querySelectorAll('[data-add]'))
  button.addEventListener('click', () => {
    const basket = read()
    basket[button.dataset.add] = Math.min(20, (basket[button.dataset.add] ?? 0) + 1)
    localStorage.setItem(key, JSON.stringify(basket))
    show()
  })
checkout?.addEventListener('click', async () => {
  const trouble = document.querySelector('#trouble')
  checkout.disabled = true
  try {
    const answer = await fetch('/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(read()) })
    const { order } = await answer.json()
    localStorage.removeItem(key)
    location.href = '/orders/' + order
  } catch {
    trouble.textContent = trouble.dataset.text
    checkout.disabled = false
  }
})
const pay = document.querySelector('warifu-pay')
pay?.addEventListener('warifu-renew', async () => {
  await fetch(pay.getAttribute('src').replace(/state$/, 'renew'), { method: 'POST' })
  pay.look()
})
let last = null
pay?.addEventListener('warifu-state', ({ detail }) => {
  const isNews = last !== null && ['paid', 'held'].includes(detail.state)
  last = detail.state
  if (isNews) location.reload()
})
show()
`

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64')
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
