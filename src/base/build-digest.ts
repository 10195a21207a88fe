// The digest of the code that runs: by it a report names what was attacked.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

let known: Promise<string> | undefined

/** SHA-256 over the names and contents of all modules of this build, in hexadecimal. */
export function buildDigest(): Promise<string> {
  known ??= digestOf(codeFolder(import.meta.dirname))
  return known
}

/** A bundle has all modules in one folder. From source this file is in src/base. */
const codeFolder = (here: string): string => (basename(here) === 'base' && basename(dirname(here)) === 'src' ? dirname(here) : here)

async function digestOf(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter(isCode).toSorted()
  const whole = createHash('sha256')
  for (const name of names) {
    const digest = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
    whole.update(`${digest}  ${name}\n`)
  }
  return whole.digest('hex')
}

const isCode = (name: string): boolean => /\.(?:js|ts)$/.test(name) && !/\.(?:test|testing|fixture|fuzz)\.ts$/.test(name)
