// In place of server/apps.ts in a tortured hub: bundling the pages anew at each of 500 starts would be half of a start's work.
import type { Files } from '../server/apps.ts'

export const bundleApps = async (): Promise<Files> => new Map()
export const serveApps = (): void => {}
