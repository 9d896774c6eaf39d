// Printing a page of the hub from another one: in a frame that nobody sees, taken away when the print dialog has closed.

/** Opens the browser's print dialog for the page at `path` of this origin. Resolves when it was opened; rejects where the page did not come. */
export function printPage(path: string): Promise<void> {
  const frame = document.createElement('iframe')
  frame.title = 'print'
  frame.tabIndex = -1
  frame.setAttribute('aria-hidden', 'true')
  // Browsers print no frame that is not displayed.
  Object.assign(frame.style, {
    position: 'fixed',
    width: '1px',
    height: '1px',
    insetBlockEnd: '0',
    border: '0',
    opacity: '0',
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const over = (): void => frame.remove()
  frame.addEventListener('load', () => {
    const page = frame.contentWindow
    // What is not a receipt (the hub is away) has nothing to print.
    if (page === null || page.document.querySelector('.receipt table') === null) {
      over()
      return reject(new Error('the page did not come'))
    }
    page.addEventListener('afterprint', over)
    page.focus()
    page.print()
    return resolve()
  })
  frame.src = path
  document.body.append(frame)
  return promise
}
