// What the page behind a payment link says.
import { catalogue } from '#ui/i18n.ts'

export const payWords = catalogue({
  en: {
    title: 'Payment',
    to: (shop: string) => `To ${shop}`,
    until: (time: string) => `This link works until ${time}.`,
    loading: 'One moment…',
    again: 'Try again',
    offline: 'No connection. Try again in a moment.',
    demo: 'Demo town: this money is play money.',
  },
  ja: {
    title: 'お支払い',
    to: (shop) => `お支払い先:${shop}`,
    until: (time) => `このリンクは${time}まで使えます。`,
    loading: 'お待ちください…',
    again: 'もう一度',
    offline: '接続がありません。少し待ってからもう一度お試しください。',
    demo: 'デモの町です。お金は本物ではありません。',
  },
})
