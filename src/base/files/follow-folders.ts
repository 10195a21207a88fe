// Checks again when something in one of several folders changes, and periodically, since not every file system sends events.
import { type FSWatcher, statSync, watch } from 'node:fs'
import { type Clock, pause } from '../clock.ts'
import type { Logger } from '../log.ts'
import { codeOf } from '../user-error.ts'

export interface FollowParts {
  /** The purpose of the folders, for the log. */
  readonly what: string
  /** Time between two checks without an event. */
  readonly pollMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** Editors and deployments write several files in a row: check once it is quiet. */
export const quietMs = 200

/**
 * Resolves at the signal. Checks at once, since something may have changed since the first read. `folders` is called again after each
 * check, because links may have moved. `look` gets whether there was an event.
 */
export async function followFolders(
  folders: () => readonly string[],
  look: (hinted: boolean) => void | Promise<void>,
  { what, pollMs, clock, log }: FollowParts,
  signal: AbortSignal,
): Promise<void> {
  let wake = Promise.withResolvers<void>()
  wake.resolve()
  signal.addEventListener('abort', () => wake.resolve(), { once: true })
  using watchers = new Watchers(() => wake.resolve(), what, log)
  while (!signal.aborted) {
    // Before the check, so that no later change is missed.
    watchers.watch(folders())
    const idle = new AbortController()
    const hint = wake.promise.then(() => true)
    const hinted = await Promise.race([hint, pause(clock, pollMs, AbortSignal.any([signal, idle.signal])).then(() => false)])
    idle.abort()
    wake = Promise.withResolvers()
    await pause(clock, quietMs, signal)
    if (!signal.aborted) await look(hinted)
  }
}

class Watchers implements Disposable {
  readonly #onHint: () => void
  readonly #what: string
  readonly #log: Logger
  /** By path and inode: another folder may have replaced the watched one. */
  #held: ReadonlyMap<string, FSWatcher> = new Map()
  #blind = new Set<string>()

  constructor(onHint: () => void, what: string, log: Logger) {
    this.#onHint = onHint
    this.#what = what
    this.#log = log
  }

  watch(folders: readonly string[]): void {
    const held = new Map<string, FSWatcher>()
    for (const folder of folders) {
      try {
        const { dev, ino } = statSync(folder)
        const key = `${folder} ${dev}:${ino}`
        held.set(key, this.#held.get(key) ?? this.#open(folder))
        this.#blind.delete(folder)
      } catch (err) {
        if (codeOf(err) === '') throw err
        this.#cannot(folder, err)
      }
    }
    const former = this.#held
    this.#held = held
    for (const [key, watcher] of former) if (!held.has(key)) watcher.close()
  }

  #open(folder: string): FSWatcher {
    const watcher = watch(folder, this.#onHint)
    watcher.on('error', err => this.#cannot(folder, err))
    return watcher
  }

  /** Logged once while it lasts. */
  #cannot(folder: string, err: unknown): void {
    if (!this.#blind.has(folder)) this.#log.error('folder is not watched, it is read now and then', { what: this.#what, folder, err })
    this.#blind.add(folder)
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#held.values()) watcher.close()
  }
}
