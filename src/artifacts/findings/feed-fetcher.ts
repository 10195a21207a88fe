// Fetches the sources of advisories that have a URL, by HTTPS, into files that are imported apart. Nothing is fetched unless an object says so.
import { createWriteStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { type Clock, pause } from '../../base/clock.ts'
import { parseGoDuration } from '../../base/config/go-duration.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Lister } from '../../client/cache/object-cache.ts'
import { maxSignatureBytes } from '../../supply-chain/advisories/database/verify-feed.ts'
import { fetchedSources, maxFetchedSources, removeOthers } from './fetched-files.ts'
import type { FeedImport } from './image-software.ts'

export interface FeedFetcherParts {
  readonly sources: Lister<AdvisorySource>
  readonly scratch: string
  /** Into which folder feeds are imported. */
  readonly fetched: string
  importFeed?: FeedImport
  readonly clock: Clock
  readonly log: Logger
}

/** Bytes of a feed, as `bulkhead advisories import` takes them. */
export const maxFeedBytes = 1024 ** 3
const defaultIntervalMs = 3_600_000
/** For one fetch. */
const fetchMs = 30 * 60_000
const lookMs = 10_000
/** From a failed fetch to the next one. Each further failure doubles it, at most to the interval. */
export const retryMs = 60_000

interface NextFetch {
  /** Monotonic milliseconds. */
  readonly at: number
  readonly generation: number
  /** How many fetches failed one after the other. */
  readonly failures: number
}

export class FeedFetcher {
  readonly #parts: FeedFetcherParts
  readonly #next = new Map<string, NextFetch>()
  readonly #problems = new Map<string, string>()

  constructor(parts: FeedFetcherParts) {
    this.#parts = parts
  }

  /** Why the last fetch failed. */
  problem(name: string): string | undefined {
    return this.#problems.get(name)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    while (!signal.aborted) {
      await this.look(signal)
      await pause(clock, lookMs, signal)
    }
  }

  /** Fetches the sources that are due, one after the other. */
  async look(signal: AbortSignal): Promise<void> {
    const { sources, clock, log } = this.#parts
    const fetched = fetchedSources(sources.list())
    await this.#forgetOthers(fetched)
    for (const source of fetched) {
      const { name = '', generation = 0 } = source.metadata
      const next = this.#next.get(name)
      if (next !== undefined && next.generation === generation && clock.monotonic() < next.at) continue
      const intervalMs = intervalOf(source)
      const began = clock.monotonic()
      try {
        await this.#fetch(source, AbortSignal.any([signal, AbortSignal.timeout(fetchMs)]))
        this.#problems.delete(name)
        this.#next.set(name, { at: began + intervalMs, generation, failures: 0 })
      } catch (err) {
        if (signal.aborted) return
        const failures = (next?.generation === generation ? next.failures : 0) + 1
        this.#next.set(name, { at: clock.monotonic() + Math.min(intervalMs, retryMs * 2 ** (failures - 1)), generation, failures })
        const { url } = source.spec
        this.#problems.set(name, err instanceof UserError ? err.message : `${url} could not be fetched: ${messageOf(err)}`.slice(0, 1024))
        log.error('cannot fetch advisories', { source: name, err: messageOf(err) })
      }
    }
  }

  /** Also in memory. */
  async #forgetOthers(fetched: readonly AdvisorySource[]): Promise<void> {
    const { sources, fetched: folder, log } = this.#parts
    const names = new Set(fetched.map(({ metadata }) => metadata.name))
    for (const known of [this.#next, this.#problems]) for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    for (const { metadata, spec } of sources.list())
      if (spec.url !== undefined && !names.has(metadata.name))
        this.#problems.set(metadata.name ?? '', `at most ${maxFetchedSources} sources are fetched, the oldest ones: delete another`)
    try {
      const removed = await removeOthers(folder, fetched)
      if (removed.length > 0) log.info('advisories of sources that are gone removed', { files: removed })
    } catch (err) {
      log.error('advisories of sources that are gone not removed', { err: messageOf(err) })
    }
  }

  async #fetch({ metadata: { name = '' }, spec }: AdvisorySource, signal: AbortSignal): Promise<void> {
    const { importFeed, scratch, fetched } = this.#parts
    const { url = '', signatureUrl = `${url}.sig`, authorities, publicKey, format } = spec
    if (importFeed === undefined || publicKey === undefined) throw new UserError('This cluster fetches no advisories')
    const folder = join(scratch, `feed-${name}`)
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    try {
      const [file, signature, key] = ['feed', 'signature', 'key'].map(each => join(folder, each))
      if (file === undefined || signature === undefined || key === undefined) return
      await download(signatureUrl, signature, authorities, maxSignatureBytes, signal)
      await download(url, file, authorities, maxFeedBytes, signal)
      await writeFile(key, publicKey)
      await importFeed({ name, format, file, signature, publicKey: key, folder: fetched }, signal)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

function intervalOf({ spec: { interval } }: AdvisorySource): number {
  const parsed = interval === undefined ? defaultIntervalMs : parseGoDuration(interval)
  return typeof parsed === 'number' ? parsed : defaultIntervalMs
}

/** No redirects: they could lead anywhere. */
async function download(url: string, file: string, authorities: string | undefined, maxBytes: number, signal: AbortSignal): Promise<void> {
  const answer = await get(url, authorities, signal)
  if (answer.statusCode !== 200) {
    answer.destroy()
    throw new UserError(`${url} answered ${answer.statusCode}, expected 200`)
  }
  let read = 0
  await pipeline(
    answer,
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        read += piece.length
        if (read > maxBytes) throw new UserError(`${url} has more than ${maxBytes} bytes`)
        yield piece
      }
    },
    createWriteStream(file, { mode: 0o600 }),
    { signal },
  )
}

function get(url: string, ca: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      { agent: false, signal, minVersion: 'TLSv1.2', headers: { 'user-agent': 'bulkhead' }, ...(ca === undefined ? {} : { ca }) },
      resolve,
    )
    request.on('error', reject)
    request.end()
  })
}
