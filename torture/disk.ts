// A disk whose power can be cut: an ext4 file system in a file, mounted by loop. The file holds what ext4 has handed to the disk;
// what was written and never flushed is only in ext4's cache, and a copy of the file does not have it (safety.md section 6).
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

export type Disk = Readonly<{
  /** where it is mounted */
  place: string
  /** Keeps what the disk has now. `restore` mounts that in its place, once nobody uses the disk any more. */
  cut(): { restore: () => void }
  /** Unmounts it; the file stays. */
  close(): void
}>

/** Sparse: only what is used takes room. */
const SIZE_MB = 1024

/** Why there can be no such disk here, or null. */
export function hindrance(): string | null {
  if (process.getuid?.() !== 0 || !existsSync('/dev/loop-control')) return 'needs root and a loop device'
  try {
    run('losetup', '--find')
    run('mkfs.ext4', '-V')
    return null
  } catch {
    return 'needs root and a loop device'
  }
}

/** A new disk, mounted. */
export function diskIn(folder: string): Disk {
  const file = join(folder, 'disk.img')
  const copy = join(folder, 'copy.img')
  const place = join(folder, 'disk')
  mkdirSync(place)
  run('truncate', '--size', `${SIZE_MB}M`, file)
  run('mkfs.ext4', '-q', '-F', file)
  mount()

  // ext4 commits its journal by itself every five seconds, which hides much of what was never flushed; so seldom, it hides nothing.
  function mount(): void {
    run('mount', '-o', 'loop,commit=300', file, place)
  }
  return {
    place,
    cut() {
      run('cp', '--sparse=always', file, copy)
      return {
        restore() {
          // Unmounting flushes the cache, but only into the file that is thrown away.
          run('umount', place)
          renameSync(copy, file)
          mount()
        },
      }
    },
    close: () => run('umount', place),
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
