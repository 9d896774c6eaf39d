/** What the supervisor of the embedded PostgreSQL can refuse with. The message is for a person: what is wrong and what to do next. */

export type SupervisorErrorCode =
  'folder-in-use' | 'folder-not-writable' | 'folder-broken' | 'other-version' | 'binaries-missing' | 'start-failed'

export class SupervisorError extends Error {
  readonly code: SupervisorErrorCode

  constructor(code: SupervisorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SupervisorError'
    this.code = code
  }
}

/** The code of a failed system call ('ENOENT', 'EACCES', …), or '' for any other error. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
