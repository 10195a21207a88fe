// A settings file that is read again when it changes: a valid change takes effect as a whole, an invalid one keeps the previous content in
// force.
import { createHash } from 'node:crypto'
import { realpathSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../base/clock.ts'
import type { FileState } from '../../base/files/file-state.ts'
import { followFolders } from '../../base/files/follow-folders.ts'
import type { Logger } from '../../base/log.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { readSettingsText } from './settings-text.ts'

export interface FollowedFileOptions<T> {
  readonly path: string
  /** For example `the authentication configuration "a.yaml"`. */
  readonly what: string
  /** Validates the text. `former` is the content at the start of the cluster; undefined at that start. Rejects with a UserError. */
  validate(text: string, former: T | undefined): Promise<T>
  readonly clock: Clock
}

/** The interval of upstream. */
const pollMs = 60_000
/** Limit in characters, because a file can be wrong in many places. */
const maxWhy = 4096

/** Reads the file for the first time: rejects with a UserError. */
export async function openFollowedFile<T>(options: FollowedFileOptions<T>): Promise<FollowedFile<T>> {
  const { settings, hash } = await readFile(options, undefined)
  return new FollowedFile(options, { settings, hash, since: options.clock.now(), change: 0 })
}

export class FollowedFile<T> {
  readonly #options: FollowedFileOptions<T>
  readonly #first: T
  #state: FileState<T>
  #seen = ''

  constructor(options: FollowedFileOptions<T>, state: FileState<T>) {
    this.#options = options
    this.#first = state.settings
    this.#state = state
  }

  get state(): FileState<T> {
    return this.#state
  }

  /** Calls `onChange` for each state that differs from the one before. Resolves at the signal. */
  async run(onChange: (state: FileState<T>) => void, log: Logger, signal: AbortSignal): Promise<void> {
    const { path, what, clock } = this.#options
    const look = async (hinted: boolean): Promise<void> => {
      const print = fingerprint(path)
      // Other files in its folder may change often.
      if (hinted && print === this.#seen) return
      this.#seen = print
      const former = this.#state
      this.#state = await this.#read(log)
      if (this.#state !== former && !signal.aborted) onChange(this.#state)
    }
    await followFolders(() => foldersOf(path), look, { what, pollMs, clock, log }, signal)
  }

  async #read(log: Logger): Promise<FileState<T>> {
    const { what, clock } = this.#options
    const { refused: _, ...held } = this.#state
    const { refused } = this.#state
    const change = held.change + 1
    try {
      const { settings, hash } = await readFile(this.#options, this.#first)
      const isSame = hash === held.hash && isDeepStrictEqual(settings, held.settings)
      if (isSame) return refused === undefined ? this.#state : { ...held, change }
      return { settings, hash, since: clock.now(), change }
    } catch (err) {
      // In any case the cluster continues as before.
      const why = err instanceof UserError ? shortened(err.message) : 'it cannot be validated: see the log'
      if (why === refused?.why) return this.#state
      log.error('changed settings refused, the previous ones stay in force', { what, ...(err instanceof UserError ? { why } : { err }) })
      return { ...held, change, refused: { since: clock.now(), why } }
    }
  }
}

async function readFile<T>(
  { path, what, validate }: FollowedFileOptions<T>,
  former: T | undefined,
): Promise<{ readonly settings: T; readonly hash: string }> {
  const text = readSettingsText(path, what, { refusesOpen: true })
  return { settings: await validate(text, former), hash: `sha256:${createHash('sha256').update(text).digest('hex')}` }
}

const shortened = (text: string): string => (text.length > maxWhy ? `${text.slice(0, maxWhy)}…` : text)

/** The folders in which a change of the file shows; for a link also the folder of its target. */
function foldersOf(path: string): readonly string[] {
  const folders = new Set([dirname(resolve(path))])
  const real = realPath(path)
  if (real !== undefined) folders.add(dirname(real))
  return [...folders]
}

/** Metadata of the file. Any write changes it, except a second write in the same instant, which the next check without a hint finds. */
function fingerprint(path: string): string {
  const real = realPath(path)
  const stats = real === undefined ? undefined : statSync(real, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? 'none' : [real, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch (err) {
    if (codeOf(err) !== '') return undefined
    throw err
  }
}
