// For tests: a file system that is actually full, or actually read-only.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { codeOf } from '../user-error.ts'

export const whyNoSmallDisk: string | false = process.getuid?.() === 0 ? false : 'needs root to mount a small file system'

/** In memory; unmounted after the test. */
export function smallDisk(t: Pick<TestContext, 'after'>, bytes: number): string {
  const path = mkdtempSync(join(tmpdir(), 'small-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path])
  t.after(() => {
    execFileSync('umount', ['-l', path])
    rmSync(path, { recursive: true })
  })
  return path
}

/** Fills the disk. The returned function frees it. */
export function fillFrom(disk: string): () => void {
  const path = join(disk, 'filling')
  const file = openSync(path, 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch (err) {
    if (codeOf(err) !== 'ENOSPC') throw err
  } finally {
    closeSync(file)
  }
  return () => rmSync(path)
}

export function remount(disk: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, disk])
}
