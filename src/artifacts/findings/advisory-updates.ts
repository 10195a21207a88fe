// Follows what is imported and which sources the cluster uses, and has all images matched again when either changes.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isReason } from '../../api/status.ts'
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { codeOf, messageOf } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Lister } from '../../client/cache/object-cache.ts'
import type { Client } from '../../client/client.ts'
import { advisorySources } from '../../client/resources.ts'
import type { Findings } from './findings.ts'
import type { ImageReport } from './image-report.ts'
import { ruleOf, sourceStatus } from './source-status.ts'

export interface AdvisoryUpdatesParts {
  readonly client: Client
  readonly sources: Lister<AdvisorySource>
  readonly findings: Findings
  /** Of imported advisories. */
  readonly folders: readonly string[]
  readonly clock: Clock
  readonly log: Logger
  onReports(changed: readonly ImageReport[]): void
  /** Why the last fetch of a source failed. */
  fetchProblem(name: string): string | undefined
}

/** How often the folder is looked at. */
export const lookMs = 5000

export class AdvisoryUpdates {
  readonly #parts: AdvisoryUpdatesParts
  #matched: string | undefined
  #problem: string | undefined

  constructor(parts: AdvisoryUpdatesParts) {
    this.#parts = parts
  }

  /** Looks for imports until the signal. The first round matches what was kept from before. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts
    while (!signal.aborted) {
      try {
        await this.look(signal)
        this.#problem = undefined
      } catch (err) {
        if (signal.aborted) return
        // A file that cannot be read stays so: it is said once.
        const problem = messageOf(err)
        if (problem !== this.#problem) log.error('cannot match images with advisories', { err: problem })
        this.#problem = problem
      }
      await pause(clock, lookMs, signal)
    }
  }

  /** Matches all images again if something changed since. */
  async look(signal: AbortSignal): Promise<void> {
    const { findings, folders, sources, onReports } = this.#parts
    const objects = sources.list()
    const rules = objects.map(ruleOf)
    const state = writeJson([folders.map(filesIn), rules])
    if (state === this.#matched) return this.#writeStatuses(objects, undefined, signal)
    const { changed, sources: imported } = await findings.rematch(rules, signal)
    this.#matched = state
    onReports(changed)
    this.#imported = imported
    await this.#writeStatuses(objects, imported, signal)
  }

  #imported: Awaited<ReturnType<Findings['rematch']>>['sources'] = []

  async #writeStatuses(objects: readonly AdvisorySource[], imported = this.#imported, signal: AbortSignal): Promise<void> {
    const { client, clock, fetchProblem } = this.#parts
    for (const source of objects) {
      const { name = '', resourceVersion } = source.metadata
      const status = sourceStatus(
        source,
        imported.find(each => each.name === name),
        fetchProblem(name),
        clock.now(),
      )
      if (status === undefined) continue
      try {
        await client.patch(
          advisorySources,
          '',
          name,
          { metadata: { ...(resourceVersion === undefined ? {} : { resourceVersion }) }, status },
          { type: 'strategic', subresource: 'status' },
          signal,
        )
      } catch (err) {
        // Changed or deleted meanwhile: the next look sees it.
        if (!isReason(err, 'Conflict') && !isReason(err, 'NotFound')) throw err
      }
    }
  }
}

/** An import replaces its file, so it has another inode, time or size. */
function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.db') && !name.startsWith('.'))
      .toSorted()
      .map(name => {
        const { ino, mtimeMs, size } = statSync(join(folder, name))
        return `${name} ${ino} ${mtimeMs} ${size}`
      })
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return []
    throw err
  }
}
