// The software of the images that run: has them scanned, has them matched, and writes what was found into the Image objects.
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { type Clock, formatTime, pause } from '../../base/clock.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import type { Lister } from '../../client/cache/object-cache.ts'
import type { Client } from '../../client/client.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { SoftwareSighting } from '../image-record.ts'
import type { Registries } from '../image-verifier.ts'
import { AdvisoryUpdates } from './advisory-updates.ts'
import { FeedFetcher } from './feed-fetcher.ts'
import type { Findings } from './findings.ts'
import { type ExplanationRequest, ImageExplanations } from './image-explanations.ts'
import type { ImageReport } from './image-report.ts'
import { ImageScans, type ScanRequest } from './image-scans.ts'
import { RecentCredentials } from './recent-credentials.ts'
import { findingsStatus, sbomStatus } from './report-status.ts'
import { type RunningReference, UpdateProposals } from './update-proposals.ts'
import type { VersionMemory } from './version-memory.ts'

/** What the composition supplies. */
export interface SoftwareParts {
  readonly findings: Findings
  /** Default: a restart forgets which version of a document is the newest. */
  readonly versions?: VersionMemory
  /** For copies of images while they are read; its content is removed at the start. */
  readonly scratch: string
  /** Folders of imported advisories. */
  readonly advisories: readonly string[]
  /** The one of them into which fetched feeds are imported. */
  readonly fetched: string
  /** Imports a fetched feed, apart from this thread. Rejects with a UserError. */
  importFeed?: FeedImport
}

export type FeedImport = (
  feed: {
    readonly name: string
    readonly format: string
    readonly file: string
    readonly signature: string
    readonly publicKey: string
    readonly folder: string
  },
  signal: AbortSignal,
) => Promise<void>

export interface ImageSoftwareParts extends SoftwareParts {
  readonly client: Client
  readonly registries: Registries
  readonly sources: Lister<AdvisorySource>
  readonly clock: Clock
  readonly log: Logger
  /** The images of pods. */
  running(): readonly RunningReference[]
  note(digest: Digest, software: SoftwareSighting): void
}

export type SoftwareRequest = ScanRequest & ExplanationRequest

/** How often the thread learns which images run. */
const usedMs = 60_000
/** More than there are Images. */
const maxRevisions = 20_000

export class ImageSoftware {
  readonly #parts: ImageSoftwareParts
  readonly #scans: ImageScans
  readonly #fetcher: FeedFetcher
  readonly #proposals: UpdateProposals
  readonly #credentials: RecentCredentials
  readonly #explanations: ImageExplanations
  /** The revision of the newest report, by image. */
  readonly #revisions = new BoundedCache<number>(maxRevisions)
  #signal: AbortSignal | undefined

  constructor(parts: ImageSoftwareParts) {
    const { findings, scratch, registries, clock, log, note, versions } = parts
    this.#parts = parts
    this.#scans = new ImageScans({
      ...{ findings, registries, clock, log },
      folder: scratch,
      onReport: report => this.#note(report),
      onFailure(digest, message) {
        const time = formatTime(clock.now())
        note(digest, { sbom: { source: 'None', packages: 0, message: message.slice(0, 1024), time } })
      },
    })
    this.#fetcher = new FeedFetcher(parts)
    this.#credentials = new RecentCredentials(clock)
    const onReport = (report: ImageReport) => this.#note(report)
    this.#explanations = new ImageExplanations({
      ...{ findings, clock, log, note, onReport, credentials: this.#credentials },
      ...(versions === undefined ? {} : { versions }),
    })
    this.#proposals = new UpdateProposals({
      ...{ findings, registries, clock, log, note },
      scans: this.#scans,
      credentials: this.#credentials,
      running: () => parts.running(),
    })
  }

  get findings(): Findings {
    return this.#parts.findings
  }

  /** Returns at once; reads nothing before `run()`. */
  want(request: SoftwareRequest): void {
    this.#credentials.note(request.namespace, request.image, request.credentials)
    const signal = this.#signal
    if (signal === undefined) return
    this.#scans.want(request, signal)
    this.#explanations.want(request, signal)
  }

  /** Images that could not be read are read again when they are wanted next. */
  mirrorsChanged(): void {
    this.#scans.mirrorsChanged()
  }

  /** Until the signal. `onLoaded` is called when what was kept from before is known. */
  async run(signal: AbortSignal, onLoaded: () => void): Promise<void> {
    const { findings, log, sources, clock, client, advisories } = this.#parts
    try {
      await this.#explanations.restore()
      await this.#scans.prepare()
      for (const { digest } of await findings.load(signal)) this.#scans.addKnown(digest)
    } catch (err) {
      if (signal.aborted) return
      // What was kept is read again from the registries.
      log.error('cannot read what was kept of images', { err: messageOf(err) })
    }
    this.#signal = signal
    onLoaded()
    const updates = new AdvisoryUpdates({
      ...{ client, sources, findings, clock, log },
      folders: advisories,
      onReports: changed => {
        for (const report of changed) this.#note(report)
      },
      fetchProblem: name => this.#fetcher.problem(name),
    })
    await Promise.all([updates.run(signal), this.#fetcher.run(signal), this.#reportUsed(signal), this.#proposals.run(signal)])
    await this.#parts.versions?.written()
  }

  async #reportUsed(signal: AbortSignal): Promise<void> {
    const { findings, running, clock, log } = this.#parts
    while (!signal.aborted) {
      try {
        await findings.used([...new Set(running().map(({ digest }) => digest))], signal)
      } catch (err) {
        if (!signal.aborted) log.error('cannot note which images run', { err: messageOf(err) })
      }
      await pause(clock, usedMs, signal)
    }
  }

  #note(report: ImageReport): void {
    const { clock, note } = this.#parts
    const { digest, revision, findings } = report
    // A scan removes its copy of the image before it reports, and a newer report may arrive meanwhile.
    if (revision < (this.#revisions.get(digest) ?? 0)) return
    this.#revisions.set(digest, revision)
    this.#proposals.findingsChanged(digest)
    note(digest, { sbom: sbomStatus(report), findings: findings === undefined ? 'none' : findingsStatus(findings, clock.now()) })
  }
}
