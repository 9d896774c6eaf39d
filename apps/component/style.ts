// The component's own style, in its shadow: a page changes it by these custom properties and by nothing else.
export const STYLE = `
:host { display: block; max-inline-size: 22rem; color: var(--warifu-ink, light-dark(#1b1a17, #f2eee5)); font: 1rem/1.5 var(--warifu-face, system-ui, "Hiragino Sans", "Noto Sans JP", "Yu Gothic UI", sans-serif); text-align: center }
:host([hidden]) { display: none }
p { margin: 0 0 .75rem }
p[role=status] { font-weight: 600 }
p.joined { color: light-dark(#264b7a, #8fb6e8) }
p.paid, p.held { color: light-dark(#1f6b4a, #6fc79e) }
p.ended, p.expired { color: light-dark(#8a2454, #e58dbb) }
svg { display: block; inline-size: min(100%, 14rem); margin: 0 auto .75rem; border-radius: 10px }
.number { font-size: 1.75rem; font-variant-numeric: tabular-nums }
.number b { font-weight: 600 }
.number b + b { margin-inline-start: .4em }
.heard { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.left { font-size: .875rem; color: var(--warifu-soft-ink, light-dark(#6b675e, #aba599)) }
a, button { display: inline-block; min-block-size: 44px; padding: .6rem 1rem; box-sizing: border-box; border-radius: 10px; font: inherit; color: inherit }
button { border: 1px solid light-dark(#8d877a, #7d776b); background: none; cursor: pointer }
a:focus-visible, button:focus-visible { outline: 3px solid light-dark(#264b7a, #8fb6e8); outline-offset: 2px }`
